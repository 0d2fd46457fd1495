import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseDeb822, parseOneLine } from '../../src/lab/apt-source.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { cacheDirectory, fetchBinaries, nginxVersion } from '../../src/lab/packages.ts'
import { labBinaries } from './world.ts'

test('one-line sources: options, comments and source packages', () => {
  const text = `# deb http://commented.test/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://mirror.test/debian bookworm main contrib # near
deb-src http://mirror.test/debian bookworm main
deb mirror+file:/etc/apt/mirrors.list trixie main`
  expect(parseOneLine(text)).toEqual([
    { uri: 'https://mirror.test/debian', suites: ['bookworm'], components: ['main', 'contrib'] },
    { uri: 'mirror+file:/etc/apt/mirrors.list', suites: ['trixie'], components: ['main'] },
  ])
})

test('stanza sources: several suites, continuation lines, comments, what is switched off', () => {
  const text = `Types: deb
# a comment inside
URIs: http://mirror.test/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://off.test/
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://src.test/
Suites: bookworm
Components: main
`
  expect(parseDeb822(text)).toEqual([
    { uri: 'http://mirror.test/debian', suites: ['bookworm', 'bookworm-updates'], components: ['main'] },
  ])
})

test('both binaries run here and differ; a stand-in says why it is one', async () => {
  const { older, newer } = await labBinaries()
  for (const binary of [older, newer]) {
    expect(await nginxVersion(binary.path)).toEqual({ version: binary.version })
    expect(binary.real || binary.note !== undefined).toBe(true)
  }
  expect(await sha256OfFile(older.path)).not.toBe(await sha256OfFile(newer.path))
  if (older.real && newer.real) expect(older.version).not.toBe(newer.version)
})

test('what is cached is used without asking the network', async () => {
  await labBinaries()
  const path = process.env.PATH
  process.env.PATH = '/nonexistent'
  try {
    expect((await fetchBinaries(cacheDirectory())).older).toEqual((await labBinaries()).older)
  } finally {
    process.env.PATH = path
  }
})

test('a suite that cannot be had is replaced by a stand-in, or there is a fault that says what was tried', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'handover-cache-'))
  const path = process.env.PATH
  process.env.PATH = '/nonexistent'
  try {
    const result = await fetchBinaries(cache).catch(error => error.faults[0])
    if ('code' in result) {
      expect(result.code).toBe('LAB_BINARY_UNAVAILABLE')
      expect(result.message).toContain('nginx of bookworm')
      expect(result.message).toContain('nginx of trixie')
    } else expect(result.newer.real).toBe(false)
  } finally {
    process.env.PATH = path
    await rm(cache, { recursive: true, force: true })
  }
})

test('a binary that does not run says why', async () => {
  expect(await nginxVersion('/bin/false')).toEqual({ why: 'exit code 1' })
  expect(await nginxVersion('/nonexistent/nginx')).toEqual({ why: expect.stringContaining('ENOENT') })
})
