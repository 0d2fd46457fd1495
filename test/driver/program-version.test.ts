import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { versionInFile } from '../../src/driver/program-version.ts'
import { fetchBinaries } from '../../src/lab/packages.ts'

const dir = mkdtempSync(join(tmpdir(), 'handover-version-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('reads what the real binaries say of themselves', async () => {
  const { older, newer } = await fetchBinaries()
  for (const { path, version } of [older, newer]) expect(await versionInFile(path)).toBe(version)
})

it.each([
  ['nginx version: nginx/1.27.0 (build)', '1.27.0'],
  ['\0\0nginx version: nginx/1.9\0', '1.9'],
  ['nginx version: openresty/1.2', undefined],
  ['', undefined],
])('%j says %s', async (text, wanted) => {
  const file = join(dir, 'program')
  writeFileSync(file, text)
  expect(await versionInFile(file)).toBe(wanted)
})

it('knows nothing of a file that is not there', async () => {
  expect(await versionInFile(join(dir, 'nothing'))).toBeUndefined()
})
