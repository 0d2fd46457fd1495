import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { breaches, importsOf, mayImport, readSources, type SourceFile } from './walls.ts'

const root = fileURLToPath(new URL('../../src', import.meta.url))
const sources = readSources(root)

describe('the house', () => {
  it('stands: imports go downward only, files are small, nobody prints or exits', () => {
    expect(breaches(sources)).toEqual([])
  })

  it('is looked at as a whole', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter(entry => entry.isDirectory())
    for (const { name } of folders) expect(sources.some(({ path }) => path.startsWith(`${name}/`))).toBe(true)
    expect(sources.some(({ path }) => path.endsWith('.sh'))).toBe(true)
    const seen = sources.reduce((sum, file) => sum + importsOf(file).length, 0)
    expect(seen).toBeGreaterThan(sources.length)
  })

  it('is drawn without rings: each folder imports only what is drawn before it', () => {
    const order = Object.keys(mayImport).filter(folder => folder !== '')
    for (const [index, folder] of order.entries()) {
      for (const below of mayImport[folder] ?? []) expect(order.slice(0, index)).toContain(below)
    }
  })
})

describe('a breach is seen', () => {
  const planted = (path: string, text: string): SourceFile => ({ path, text })
  const only = (...files: SourceFile[]) => breaches(files)

  it.each([
    ['core/text.ts', "import { plan } from '../plan/plan.ts'", 'core must not import plan'],
    ['document/place.ts', "import type { X } from '../playbook/x.ts'", 'document must not import playbook'],
    ['inventory/a.ts', "import { b } from '../playbook/b.ts'", 'inventory must not import playbook'],
    ['playbook/a.ts', "import { b } from '../inventory/b.ts'", 'playbook must not import inventory'],
    ['plan/plan.ts', "import { b } from '../journal/b.ts'", 'plan must not import journal'],
    ['plan/plan.ts', "import { b } from '../host/b.ts'", 'plan must not import host'],
    ['journal/entry.ts', "import type { Found } from '../driver/hands.ts'", 'journal must not import driver'],
    ['journal/entry.ts', "import type { RunState } from '../run/state.ts'", 'journal must not import run'],
    ['transport/a.ts', "import { b } from '../host/b.ts'", 'transport must not import host'],
    ['host/a.ts', "import { b } from '../driver/b.ts'", 'host must not import driver'],
    ['driver/a.ts', "import { b } from '../health/b.ts'", 'driver must not import health'],
    ['driver/a.ts', "import { b } from '../journal/b.ts'", 'driver must not import journal'],
    ['health/a.ts', "import { b } from '../run/b.ts'", 'health must not import run'],
    ['report/a.ts', "import { b } from '../run/b.ts'", 'report must not import run'],
    ['report/a.ts', "import { b } from '../driver/b.ts'", 'report must not import driver'],
    ['lab/a.ts', "import { b } from '../inventory/b.ts'", 'lab must not import inventory'],
    ['run/a.ts', "import { b } from '../report/b.ts'", 'run must not import report'],
    ['run/a.ts', "import { b } from '../cli/b.ts'", 'run must not import cli'],
    ['run/deep/a.ts', "import { b } from '../../cli/b.ts'", 'run must not import cli'],
    ['lab/a.ts', "import { b } from '../cli/b.ts'", 'lab must not import cli'],
    ['cli/a.ts', "import { b } from '../bin.ts'", 'which nothing imports'],
    ['cli/a.ts', "import p from '../../package.json'", 'outside of src'],
    ['misc/a.ts', '', 'has no place in the law'],
  ])('%s: %s', (path, text, says) => {
    expect(only(planted(path, text))).toEqual([expect.stringContaining(says)])
  })

  it.each([
    ['over several lines', "import {\n  b,\n  c,\n} from '../cli/b.ts'"],
    ['that comes out again', "export { b } from '../cli/b.ts'"],
    ['of everything', "export * from '../cli/b.ts'"],
    ['for its effect', "import '../cli/b.ts'"],
    ['at run time', "const b = await import('../cli/b.ts')"],
    ['in a type', "type B = import('../cli/b.ts').B"],
    ['in double quotes', 'import { b } from "../cli/b.ts"'],
    ['after another', "import { a } from './a.ts'\nimport { b } from '../cli/b.ts'"],
  ])('an import %s', (_, text) => {
    expect(only(planted('run/x.ts', text))).toEqual([expect.stringContaining('run must not import cli')])
  })

  it.each([
    ['host/a.ts', "import ssh2 from 'ssh2'", 'only transport, lab may'],
    ['host/a.ts', "import x from 'ssh2/lib/protocol/constants.js'", 'only transport, lab may'],
    ['run/a.ts', "import { Listr } from 'listr2'", 'only report may'],
    ['report/a.ts', "import { Command } from 'commander'", 'only cli may'],
    ['core/a.ts', "import { readFileSync } from 'node:fs'", 'must not touch the world'],
    ['run/decide.ts', "import { readFile } from 'node:fs/promises'", 'must not touch the world'],
    ['run/decide.ts', 'const now = Date.now()', 'must not know the time'],
    ['cli/a.ts', 'process.exit(1)', 'process.exit outside bin.ts'],
    ['lab/a.ts', 'const leave = process.exit', 'process.exit outside bin.ts'],
    ['cli/a.ts', "console.log('hello')", 'console is not for us'],
    ['host/a.sh', 'true\n'.repeat(251), '251 lines'],
    ['core/a.ts', '\n'.repeat(251), '251 lines'],
  ])('%s: %s', (path, text, says) => {
    expect(only(planted(path, text))).toEqual([expect.stringContaining(says)])
  })

  it.each([
    ['bin.ts', 'process.exit(1)'],
    ['bin.ts', "import { main } from './cli/main.ts'"],
    ['cli/a.ts', "import { Command } from 'commander'\nprocess.exitCode = 1"],
    ['transport/a.ts', "import ssh2 from 'ssh2'"],
    ['run/a.ts', "// import { b } from '../cli/b.ts'\n * process.exit(1)"],
    ['host/a.sh', 'true\n'.repeat(250)],
  ])('and what is right is left alone: %s', (path, text) => {
    expect(only(planted(path, text))).toEqual([])
  })

  it('rings of folders are named once, whatever the law allows', () => {
    const ring = [
      planted('run/a.ts', "import { b } from '../driver/b.ts'"),
      planted('driver/b.ts', "import { c } from '../host/c.ts'"),
      planted('host/c.ts', "import { a } from '../run/a.ts'"),
    ]
    expect(breaches(ring).filter(text => text.includes('ring'))).toEqual([
      'a ring of folders: driver > host > run > driver',
    ])
  })

  it('planted among the real files', () => {
    const bad = planted('plan/planted.ts', "import { conduct } from '../run/conduct.ts'")
    expect(breaches([...sources, bad])).toContain(
      'plan/planted.ts imports ../run/conduct.ts: plan must not import run',
    )
  })
})
