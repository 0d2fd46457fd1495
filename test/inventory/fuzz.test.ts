/**
 * Whatever is written in an inventory or a pattern: faults, nothing else thrown, and never a second of work.
 * HANDOVER_FUZZ=1000000 is the size for a night; it ends by itself after 40 minutes a property.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandoverError } from '../../src/core/fault.ts'
import { drawGraph } from '../../src/inventory/graph.ts'
import { settleHierarchy } from '../../src/inventory/hierarchy.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import { readIniInventory } from '../../src/inventory/ini-file.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { listInventory, listingText } from '../../src/inventory/listing.ts'
import { createLoading, type Loading } from '../../src/inventory/loading.ts'
import { parseYaml } from '../../src/inventory/open-file.ts'
import { limitHosts, matchHosts } from '../../src/inventory/pattern.ts'
import { readScriptOutput } from '../../src/inventory/script-output.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import { createVault, openVault } from '../../src/inventory/vault.ts'
import { readYamlInventory } from '../../src/inventory/yaml-file.ts'
import { cases, fleet, patterns } from './ansible/cases.ts'

const size = Number(process.env.HANDOVER_FUZZ ?? 0)
const mostMs = 1000
const nightMs = 40 * 60_000

type Kind = 'ini' | 'yaml' | 'json'

const seeds: readonly { kind: Kind; text: string }[] = cases.flatMap(({ files }) =>
  Object.entries(files).map(([path, text]) => ({
    kind: /^\s*\{/.test(text) ? 'json' : /\.ya?ml$|_vars\//.test(path) ? 'yaml' : 'ini',
    text,
  })),
)

const pieces =
  '[web]|[web:children]|[web:vars]|[1:3]|[a:z:2]|:22|:|=| |\n|\r\n|\t|"|\'|#|;|[|]|\\|{|}|{{|}}|{%|---|- |hosts:|children:|vars:|&a |*a|<<: *a\n|!vault |!unsafe |$ANSIBLE_VAULT;1.1;AES256\n6162|__proto__|constructor|~|,|!|&|@|?|*|-|0x|1_0|1e999|99999999999999999999|\u202e|\ud800|\0|\ufeff|(a+)+$|all|ungrouped|ansible_host|ansible_port|ansible_group_priority|_meta|null|[[[[[[[[|((((((((|{a: {a: {a: '.split(
    '|',
  )

const edit = fc.tuple(
  fc.nat(400),
  fc.nat(30),
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  ),
  fc.constantFrom(0, 0, 1, 3, 50),
)

/** Takes a few characters away at each place, and puts something there, sometimes often. */
function mutated(text: string, edits: readonly (readonly [number, number, string, number])[]): string {
  return edits.reduce((before, [at, cut, piece, times]) => {
    const from = before.length === 0 ? 0 : at % (before.length + 1)
    return before.slice(0, from) + piece.repeat(times + 1) + before.slice(from + cut)
  }, text)
}

function checked(
  property: (seed: never, text: string) => void,
  texts: readonly { readonly text: string }[],
  runs = 1000,
): void {
  let count = 0
  const arbitrary = fc.tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: 6 }))
  fc.assert(
    fc.property(arbitrary, ([seed, edits]) => {
      const text = mutated(seed.text, edits)
      count++
      const begin = process.cpuUsage()
      try {
        property(seed as never, text)
      } catch (error) {
        if (!(error instanceof HandoverError)) throw error
        expect(error.faults.length).toBeGreaterThan(0)
      }
      const { user, system } = process.cpuUsage(begin)
      expect((user + system) / 1000).toBeLessThan(mostMs)
    }),
    { numRuns: size || runs, ...(size ? { interruptAfterTimeLimit: nightMs } : {}) },
  )
  if (size) process.stdout.write(`${count} texts\n`)
}

function read(kind: Kind, text: string): Loading {
  const loading = createLoading()
  if (kind === 'ini') readIniInventory(loading, { file: 'f', text })
  else if (kind === 'yaml') readYamlInventory(loading, parseYaml(loading, { file: 'f', text }))
  else {
    const spot = { source: { file: 'f', text: '' }, offset: 0 }
    readScriptOutput(loading, jsonOf(text), spot, host => ({ host }))
  }
  settleHierarchy(loading)
  return loading
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Everything that commands do with an inventory once it is loaded. */
function use(inventory: Inventory): void {
  const names = [...inventory.hosts.keys()].slice(0, 20)
  for (const name of names) {
    expect(name).toMatch(/^[A-Za-z0-9._:%][A-Za-z0-9._:%-]*$/)
    const vars = hostVars(inventory, name)
    expect(vars.inventory_hostname).toBe(name)
    try {
      connectionsOf(inventory, [name])
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
    }
  }
  expect(JSON.parse(listingText(listInventory(inventory)))).toHaveProperty('_meta')
  expect(drawGraph(inventory, 'all', { vars: true })?.[0]).toBe('@all:')
}

test('any inventory', { timeout: 2 * nightMs }, () => {
  checked((seed: { kind: Kind }, text) => {
    const { inventory, faults } = read(seed.kind, text)
    if (faults.kept.length === 0) use(inventory)
  }, seeds)
})

test('any pattern and limit', { timeout: 2 * nightMs }, () => {
  const { inventory } = read('ini', fleet)
  checked(
    (_seed, text) => {
      for (const host of limitHosts(
        inventory,
        matchHosts(inventory, text),
        text.startsWith('@') ? 'all' : text,
      )) {
        expect(inventory.hosts.has(host)).toBe(true)
      }
    },
    patterns.map(one => ({ text: typeof one === 'string' ? one : one.join(':') })),
  )
})

test('any vault', { timeout: 2 * nightMs }, () => {
  const hex = Buffer.from(`${'61'.repeat(32)}\n${'62'.repeat(32)}\n${'63'.repeat(16)}`).toString('hex')
  const vault = createVault([{ label: 'default', password: Buffer.from('x') }])
  checked(
    (_seed, text) => {
      openVault(vault, text, { source: { file: 'f', text }, offset: 0 })
    },
    [{ text: `$ANSIBLE_VAULT;1.1;AES256\n${hex}\n` }, { text: `$ANSIBLE_VAULT;1.2;AES256;prod\n${hex}\n` }],
    100,
  )
})
