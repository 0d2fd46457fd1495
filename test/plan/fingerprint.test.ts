import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { canonicalJson, fingerprintOf } from '../../src/plan/fingerprint.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planOf } from './world.ts'

const full = () =>
  planOf(`become: true
health:
  - { name: up, http: { url: "http://{{ inventory_hostname }}/", body: ok } }
  - { name: port, tcp: { address: "a:1" } }
stages: [{ name: a, hosts: 1, bake: 1m }, { name: b, hosts: rest }]`)

it('is the same for the same plan, however it came about', () => {
  const plan = full()
  expect(plan.fingerprint).toMatch(/^[0-9a-f]{64}$/)
  expect(full().fingerprint).toBe(plan.fingerprint)
  expect(fingerprintOf(plan)).toBe(plan.fingerprint)
  const reordered = Object.fromEntries(Object.entries(JSON.parse(JSON.stringify(plan))).reverse())
  expect(fingerprintOf(reordered as unknown as Plan)).toBe(plan.fingerprint)
})

it('does not change from version to version unnoticed', () => {
  expect(canonicalJson({ b: [1, 'x', null], a: { d: true, c: undefined } })).toBe(
    '{"a":{"d":true},"b":[1,"x",null]}',
  )
})

it('is the sha256 of the canonical JSON', () => {
  for (const plan of [full(), { ...full(), hosts: [], stages: [] }, {} as Plan]) {
    const { fingerprint: _, ...rest } = plan
    expect(fingerprintOf(plan)).toBe(createHash('sha256').update(canonicalJson(rest)).digest('hex'))
  }
})

it('changes with every single value of the plan', () => {
  const plan = full()
  const seen = new Set([plan.fingerprint])
  const paths = leavesOf(plan).filter(path => path[0] !== 'fingerprint')
  for (const path of paths) {
    const changed = JSON.parse(JSON.stringify(plan))
    let holder = changed
    for (const step of path.slice(0, -1)) holder = holder[step]
    const last = path.at(-1) as string
    holder[last] = typeof holder[last] === 'number' ? holder[last] + 1 : `${holder[last]}x`
    seen.add(fingerprintOf(changed))
  }
  expect(paths.length).toBeGreaterThan(100)
  expect(seen.size).toBe(paths.length + 1)
})

it('changes with the order of hosts', () => {
  const plan = full()
  expect(fingerprintOf({ ...plan, hosts: [...plan.hosts].reverse() })).not.toBe(plan.fingerprint)
})

function leavesOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item).map(path => [key, ...path]))
}
