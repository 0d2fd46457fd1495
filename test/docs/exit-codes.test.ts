/** docs/exit-codes.md against src/core/exit-code.ts, and what it calls unused against the rest of the source. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { catalogue } from '../../src/core/catalogue/index.ts'
import { exitCode } from '../../src/core/exit-code.ts'
import { readPage, root, rowsOf, sectionNamed } from './pages.ts'

const page = readPage('exit-codes.md')
const used = rowsOf(sectionNamed(page, 'What can happen'))
const unused = rowsOf(sectionNamed(page, 'Not used yet'))
const numbers = (rows: readonly string[][]) => rows.map(([code]) => Number(code))

it('lists every published code once', () => {
  const listed = [...numbers(used), ...numbers(unused)].toSorted((a, b) => a - b)
  expect(listed).toEqual(Object.values(exitCode).toSorted((a, b) => a - b))
})

it('says what to do next for each', () => {
  for (const [code, meaning, next] of used) {
    expect(meaning, code).toMatch(/\.$/)
    expect(next, code).toMatch(/\.$/)
  }
})

it('calls unused what no code can end with, and nothing else', () => {
  const everything = readdirSync(join(root, 'src'), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'exit-code.ts')
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
  const faults = new Set<number>(Object.values(catalogue).map(({ exit }) => exit))
  for (const [name, code] of Object.entries(exitCode)) {
    const reachable = everything.includes(`exitCode.${name}`) || faults.has(code)
    expect(numbers(reachable ? used : unused), `${name} (${code})`).toContain(code)
  }
})

it('calls a command unbuilt only while it is', () => {
  const terminal = {
    out: () => {},
    err: () => {},
    isTty: false,
    columns: 80,
    rows: 24,
    env: {},
    exit: () => {},
  }
  const built = buildProgram(terminal, () => {}).commands.map(command => command.name())
  const [, list = ''] = /Commands that are not built yet: ([\s\S]*?)\. /.exec(page) ?? []
  const names = [...list.matchAll(/`(\w+)`/g)].map(match => match[1])
  expect(built).toContain('run')
  expect(names.length).toBeGreaterThan(0)
  expect(names.filter(name => built.includes(name ?? ''))).toEqual([])
})
