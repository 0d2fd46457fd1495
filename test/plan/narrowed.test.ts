import { expect, it } from 'vitest'
import { fingerprintOf } from '../../src/plan/fingerprint.ts'
import { narrowed } from '../../src/plan/narrowed.ts'
import { planOf, webHosts } from './world.ts'

const plan = planOf('stages: [{ name: canary, hosts: 1 }, { name: rest, hosts: rest }]', {
  hosts: webHosts(4),
})

it('is the same plan when nobody is left out', () => {
  expect(narrowed(plan, () => true)).toBe(plan)
})

it('leaves hosts out of their stages, and stages out that have none left', () => {
  const fewer = narrowed(plan, host => host === 'web2' || host === 'web4')
  expect(fewer.hosts.map(({ name, stage }) => [name, stage])).toEqual([
    ['web2', 0],
    ['web4', 0],
  ])
  expect(fewer.stages).toEqual([{ ...plan.stages[1], hosts: ['web2', 'web4'] }])
  expect(fewer.fingerprint).not.toBe(plan.fingerprint)
  expect(fewer.fingerprint).toBe(fingerprintOf(fewer))
})
