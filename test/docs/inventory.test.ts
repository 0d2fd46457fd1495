/** docs/inventory.md: every example is loaded, every pattern matched, every refusal provoked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { faultsOf } from '../../src/core/fault.ts'
import { connectionOf } from '../../src/inventory/connection.ts'
import { drawGraph } from '../../src/inventory/graph.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { matchHosts } from '../../src/inventory/pattern.ts'
import { loadInventory } from '../../src/inventory/source.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import { blocksOf, code, readPage, readSource, rowsOf, sectionNamed } from './pages.ts'

const page = readPage('inventory.md')
const directory = mkdtempSync(join(tmpdir(), 'handover-docs-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function load(text: string, extension: string): Inventory {
  const file = join(directory, `hosts.${extension}`)
  writeFileSync(file, text)
  return loadInventory([file])
}

const blocks = blocksOf(page).filter(block => block.language !== 'text')
const loaded = blocks.map(({ language, text }) => load(text, language === 'yaml' ? 'yml' : language))
const [ini, yaml] = loaded as [Inventory, Inventory]

it('marks every block as an inventory', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(3)
  for (const { language, marks } of blocks) {
    expect(['ini', 'yaml']).toContain(language)
    expect(marks).toEqual(['inventory'])
  }
})

it('shows inventories whose hosts can be reached', () => {
  for (const inventory of loaded) {
    const names = [...inventory.hosts.keys()]
    expect(names.length).toBeGreaterThan(1)
    expect(connectionsOf(inventory, names).size).toBe(names.length)
  }
})

it('shows the same in INI and in YAML', () => {
  expect([...ini.hosts.keys()].toSorted()).toEqual([...yaml.hosts.keys()].toSorted())
  for (const name of ini.hosts.keys()) {
    const { inventory_file: _, ...vars } = hostVars(ini, name)
    expect(hostVars(yaml, name)).toMatchObject(vars)
  }
})

it('shows the tree that is drawn', () => {
  const [tree] = blocksOf(sectionNamed(page, 'Looking at it'))
  expect(tree?.text.trimEnd()).toBe(drawGraph(ini, 'all')?.join('\n'))
})

it('names what directories leave out', () => {
  const section = sectionNamed(page, 'Directories')
  const endings = /ignoredEndings =\s*(\/.*\/)/.exec(readSource('inventory/directory.ts'))?.[1] ?? ''
  const words = [...endings.matchAll(/[a-z]+/g)].map(match => `.${match[0]}`)
  expect(words.length).toBeGreaterThan(10)
  for (const word of words) expect(section).toContain(`\`${word}\``)
})

it.each(rowsOf(sectionNamed(page, 'Patterns')))('%s selects %s', (pattern, hosts) => {
  const wanted = hosts?.split(', ').map(code)
  expect(matchHosts(ini, code(pattern))).toEqual(wanted)
  expect(matchHosts(yaml, code(pattern)).toSorted()).toEqual(wanted?.toSorted())
})

it('reads the connection variables it names', () => {
  const source = readSource('inventory/connection.ts')
  const rows = rowsOf(sectionNamed(page, 'How a host is reached'))
  expect(rows.length).toBeGreaterThan(5)
  for (const [variable] of rows) expect(source).toContain(`'${code(variable)}'`)
})

const refusals = rowsOf(sectionNamed(page, 'What is refused'))

it.each(refusals)('%s is refused: %s', (setting, wanted) => {
  const [name = '', ...value] = code(setting).split('=')
  const vars = { [name]: value.join('=') }
  expect(() => connectionOf(vars, 'edge1')).toThrow()
  try {
    connectionOf(vars, 'edge1')
  } catch (error) {
    expect(faultsOf(error).map(fault => fault.code)).toEqual([code(wanted)])
  }
})

it('names every variable that is refused', () => {
  const names = [...readSource('inventory/refused-vars.ts').matchAll(/'(ansible_\w+)'/g)].map(
    match => match[1],
  )
  expect(names.length).toBeGreaterThan(10)
  const shown = refusals.map(([setting]) => code(setting).split('=')[0])
  expect(names.filter(name => !shown.includes(name))).toEqual([])
})

it('tells truly what is accepted', () => {
  const accepted = /Values that change nothing are accepted: ([\s\S]*?)\. /.exec(page)?.[1] ?? ''
  const settings = [...accepted.matchAll(/`(\w+)=(\w+)`/g)]
  expect(settings.length).toBeGreaterThan(3)
  for (const [, name = '', value = ''] of settings) connectionOf({ [name]: value }, 'edge1')
})
