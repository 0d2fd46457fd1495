import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRunDirectory } from '../../src/journal/run-directory.ts'
import { changesSince, digestAll } from '../../src/journal/sources.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'handover-sources-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it('says which files are not as they were when the run began, and of which it cannot tell', async () => {
  const [kept, edited, gone] = ['a.yml', 'b.yml', 'c.yml'].map(name => join(root, name)) as [
    string,
    string,
    string,
  ]
  for (const path of [kept, edited, gone]) writeFileSync(path, 'x: 1\n')
  const files = await digestAll([kept, edited, gone, kept, join(root, 'never')])
  expect(files.map(({ path }) => path)).toEqual([kept, edited, gone])
  const dir = await createRunDirectory(root, 'r1', {}, files)
  expect(await changesSince(dir)).toEqual([])
  writeFileSync(edited, 'x: 2\n')
  rmSync(gone)
  expect(await changesSince(dir)).toEqual([
    expect.stringContaining(`${edited} was edited`),
    expect.stringContaining(`${gone} cannot be read`),
  ])
})

it.each(['', '{', '{}', 'null', '[1, null, {"path": 3}]'])(
  'a list that reads %j says nothing',
  async text => {
    const dir = await createRunDirectory(root, 'r1', {})
    writeFileSync(join(dir, 'sources.json'), text)
    expect(await changesSince(dir)).toEqual([])
    rmSync(join(dir, 'sources.json'))
    expect(await changesSince(dir)).toEqual([])
  },
)
