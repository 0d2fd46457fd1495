import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandoverError } from '../../src/core/fault.ts'
import { settleHierarchy } from '../../src/inventory/hierarchy.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import { readIniInventory } from '../../src/inventory/ini-file.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { createLoading } from '../../src/inventory/loading.ts'
import { parseYaml } from '../../src/inventory/open-file.ts'
import { matchHosts } from '../../src/inventory/pattern.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import { readYamlInventory } from '../../src/inventory/yaml-file.ts'
import { brief, faultsOfCall, loadFiles, loadIni } from './files.ts'

/** Time of the processor: the clock on the wall also counts what other programs take. */
function timed<T>(limitMs: number, call: () => T): T {
  const begin = process.cpuUsage()
  const result = call()
  const { user, system } = process.cpuUsage(begin)
  expect((user + system) / 1000).toBeLessThan(limitMs)
  return result
}

function quietly<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof HandoverError) return undefined
    throw error
  }
}

function readText(kind: 'ini' | 'yaml', text: string): Inventory | undefined {
  const loading = createLoading()
  return quietly(() => {
    if (kind === 'ini') readIniInventory(loading, { file: 'f', text })
    else readYamlInventory(loading, parseYaml(loading, { file: 'f', text }))
    settleHierarchy(loading)
    return loading.faults.kept.length === 0 ? loading.inventory : undefined
  })
}

test('ten thousand hosts are loaded, matched and connected in well under a second each', () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, n) => `host${n}.example.com ansible_host=10.${n >> 8}.${n & 255}.1 id=${n}`,
  )
  const groups = Array.from(
    { length: 100 },
    (_, g) => `[g${g}]\n${lines.slice(g * 100, g * 100 + 100).join('\n')}`,
  )
  const children = Array.from({ length: 100 }, (_, g) => `g${g}`)
  const files = {
    hosts: `${groups.join('\n')}\n[fleet:children]\n${children.join('\n')}\n[fleet:vars]\na=1\n`,
    'group_vars/all.yml': 'x: 1\n',
  }
  const inventory = timed(1500, () => loadFiles(files))
  const hosts = timed(1000, () => matchHosts(inventory, 'fleet:!*7.example.com:&~host[1-8]'))
  expect(hosts.length).toBeGreaterThan(1000)
  expect(timed(1500, () => connectionsOf(inventory, matchHosts(inventory, 'all'))).size).toBe(10_000)
})

test('a range of a hundred thousand', () => {
  const inventory = timed(3000, () => loadIni('[w]\nw[1:100000]\n'))
  expect(timed(1000, () => matchHosts(inventory, 'w')).length).toBe(100_000)
})

test('a short file cannot make endless work', () => {
  const lines = 'w[1:100000]\n'.repeat(1000)
  expect(timed(15_000, () => brief(faultsOfCall(() => loadIni(lines))))).toEqual([
    expect.stringMatching(/^INVENTORY_TOO_LARGE 11:1/),
  ])
})

test('deep chains of groups end with a fault, not a full stack', () => {
  const chain = Array.from({ length: 20_000 }, (_, n) => `[g${n}:children]\ng${n + 1}`).join('\n')
  const faults = timed(3000, () => faultsOfCall(() => loadIni(`${chain}\n[g20000]\nh\n`)))
  expect(faults[0]?.code).toBe('INVENTORY_TOO_LARGE')
  expect(timed(3000, () => faultsOfCall(() => loadIni(`${chain}\n[g20000:children]\ng0\n`)))[0]?.code).toBe(
    'INVENTORY_CYCLE',
  )
})

test('anchors and aliases of an inventory cost no more than other lines', () => {
  const count = 20_000
  const anchors = Array.from({ length: count }, (_, n) => `    - &a${n} x\n`).join('')
  const aliases = Array.from({ length: count }, (_, n) => `    - *a${n}\n`).join('')
  const text = `all:\n  hosts: { h: }\n  vars:\n    a:\n${anchors}    b:\n${aliases}`
  expect(hostVars(timed(6000, () => readText('yaml', text)) as Inventory, 'h').b).toHaveLength(count)
})

const piece = fc.oneof(
  fc.constantFrom(
    '[web]',
    '[web:children]',
    '[web:vars]',
    'all',
    'h1',
    'h[1:3]',
    ':22',
    ':',
    ' ',
    '\n',
    '\r\n',
    '\t',
    '=',
    'a=1',
    '"',
    "'",
    '#',
    ';',
    '[',
    ']',
    '\\',
    '{',
    '}',
    '---',
    '- ',
    'hosts:',
    'children:',
    'vars:',
    '&a',
    '*a',
    '!vault',
    '__proto__',
    '~',
    ',',
    '!',
    '&',
    '\u202e',
    '\ud800',
    '(a+)+$',
    '0x',
    '1_0',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const anyText = fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join(''))

test('whatever the text, only faults are thrown', () => {
  fc.assert(
    fc.property(fc.constantFrom('ini' as const, 'yaml' as const), anyText, (kind, text) => {
      const inventory = readText(kind, text)
      for (const name of inventory?.hosts.keys() ?? []) {
        expect(name).toMatch(/^[A-Za-z0-9._:%][A-Za-z0-9._:%-]*$/)
        expect(hostVars(inventory as Inventory, name).inventory_hostname).toBe(name)
      }
    }),
    { numRuns: 1500 },
  )
  expect(({} as Record<string, unknown>).a).toBeUndefined()
})

test('whatever the pattern, only faults are thrown, and only hosts come back', () => {
  const inventory = loadIni('a\n[web]\nh[1:9]\n[db]\nh1\n')
  fc.assert(
    fc.property(anyText, pattern => {
      for (const host of quietly(() => matchHosts(inventory, pattern)) ?? []) {
        expect(inventory.hosts.has(host)).toBe(true)
      }
    }),
    { numRuns: 1000 },
  )
})
