import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { HandoverError } from '../../src/core/fault.ts'
import { readArtifact } from '../../src/playbook/artifact.ts'
import { directory, load, minimal, write } from './world.ts'

const content = `#!/bin/sh\n${'x'.repeat(3_000_000)}`
const sha256 = createHash('sha256').update(content).digest('hex')
write(content, 'good')
write('', 'empty')
mkdirSync(join(directory, 'folder'))
symlinkSync('good', join(directory, 'link'))
symlinkSync('gone', join(directory, 'dangling'))
execFileSync('mkfifo', [join(directory, 'fifo')])

const playbookOf = (src: string, more = '') => load(minimal.replace('src: nginx-new', `src: ${src}${more}`))

it.each([
  ['a file', 'good', ''],
  ['a link to it', 'link', ''],
  ['with its checksum', 'good', `, sha256: ${sha256.toUpperCase()}`],
])('%s is read', async (_title, src, more) => {
  expect(await readArtifact(playbookOf(src, more))).toEqual({
    path: join(directory, src),
    sha256,
    bytes: content.length,
  })
})

it.each([
  ['nowhere', '', 'ARTIFACT_MISSING', 'does not exist', 3, 18],
  ['good/below', '', 'ARTIFACT_MISSING', 'does not exist', 3, 18],
  ['dangling', '', 'ARTIFACT_MISSING', 'does not exist', 3, 18],
  ['folder', '', 'ARTIFACT_MISSING', 'is a directory', 3, 18],
  ['fifo', '', 'ARTIFACT_MISSING', 'is not a regular file', 3, 18],
  ['empty', '', 'ARTIFACT_EMPTY', 'is empty', 3, 18],
  [
    'good',
    `, sha256: ${'0a'.repeat(32)}`,
    'ARTIFACT_CHECKSUM',
    `is not the one that is pinned: its sha256 is ${sha256}`,
    3,
    32,
  ],
])('%s%s is refused', async (src, more, code, problem, line, column) => {
  const error = await readArtifact(playbookOf(src, more)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(HandoverError)
  expect((error as HandoverError).faults).toMatchObject([
    { code, message: `the artifact ${join(directory, src)} ${problem}`, place: { line, column } },
  ])
})

it.skipIf(process.getuid?.() === 0)('a file that may not be read is refused', async () => {
  chmodSync(write('x', 'secret'), 0)
  await expect(readArtifact(playbookOf('secret'))).rejects.toThrow('cannot be read: EACCES')
})
