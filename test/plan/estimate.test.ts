import { expect, it } from 'vitest'
import { estimate } from '../../src/plan/estimate.ts'
import { planOf, webHosts } from './world.ts'

const checks = `health:
  - { name: a, http: { url: "http://x/" }, healthy: 3, interval: 2s, timeout: 5s, deadline: 20s }
  - { name: b, tcp: { address: "x:1" }, healthy: 5, interval: 500ms, timeout: 1s, deadline: 40s }`

it('counts turns, passes in a row, bakes and every limit', () => {
  const plan = planOf(
    `concurrency: 4
${checks}
stages:
  - { name: canary, hosts: 1, bake: 5m }
  - { name: half, hosts: 50%, concurrency: 2, bake: 1m, gate: approval, gate_timeout: 30m }
  - { name: rest, hosts: rest }`,
    { hosts: webHosts(20) },
  )
  // Two intervals of 2s between three passes; at most 5s before, 30s to start, 40s until healthy.
  expect(estimate(plan)).toEqual({
    mostAtOnce: 4,
    hostLeastMs: 4000,
    hostMostMs: 75_000,
    leastMs: 304_000 + 80_000 + 12_000,
    mostMs: 375_000 + (1_800_000 + 375_000 + 60_000) + 225_000 + 30_000,
    stages: [
      { stage: 'canary', mostAtOnce: 1, turns: 1, leastMs: 304_000, mostMs: 375_000 },
      { stage: 'half', mostAtOnce: 2, turns: 5, leastMs: 80_000, mostMs: 2_235_000 },
      { stage: 'rest', mostAtOnce: 4, turns: 3, leastMs: 12_000, mostMs: 225_000 },
    ],
  })
})

it('knows of no least time where nothing is waited for', () => {
  expect(estimate(planOf('', { hosts: webHosts(3) }))).toMatchObject({
    mostAtOnce: 3,
    hostLeastMs: 0,
    leastMs: 0,
    mostMs: 60_000,
  })
})
