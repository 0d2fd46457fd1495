/** Ten thousand simulated hosts, planned and led to the commit by the real coordinator. Time and memory are told, not judged. */
import { expect, it } from 'vitest'
import { planOf, webHosts } from '../plan/world.ts'
import { play } from './play.ts'
import { type Story, theOld } from './story.ts'

const size = 10_000

const policy = `
concurrency: 10%
max_failed: 1%
stages:
  - { name: canary, hosts: 10, bake: 10s }
  - { name: tenth, hosts: 10%, bake: 1s }
  - { name: rest, hosts: rest }
`

it(`leads ${size} hosts to the commit`, async () => {
  const [started, before] = [Date.now(), process.memoryUsage().rss]
  const plan = planOf(policy, { hosts: webHosts(size) })
  const planned = Date.now()
  const story: Story = {
    seed: 1,
    hosts: plan.hosts.map(({ name }, index) => ({
      name,
      binary: theOld,
      workers: 2,
      // Well below what may fail: they go back, the others commit.
      qualities: index % 500 === 499 ? { new: 'no-workers' } : {},
      rate: 1,
      slowness: 1,
      clients: [],
    })),
    limits: plan,
    leaseMs: plan.leaseMs,
    drainMs: 30_000,
    forks: 500,
    hasChecks: false,
    strikes: [],
  }
  const { finish, violations, steps, virtualMs, sheet } = await play(story, 20_000_000)
  const mb = (bytes: number) => Math.round(bytes / 2 ** 20)
  console.log(
    `${size} hosts: planned in ${planned - started} ms, led in ${Date.now() - planned} ms ` +
      `(${(virtualMs / 1000).toFixed(1)} s of virtual time, ${steps} steps, ${sheet.entries.length} entries), ` +
      `${mb(process.memoryUsage().rss)} MB resident at the end, ${mb(before)} MB before`,
  )
  expect(violations).toEqual([])
  const ends = Object.values(finish?.hosts ?? {}).map(({ end }) => end)
  expect([finish?.outcome, finish?.exit]).toEqual(['committed-with-failures', 9])
  expect(ends.filter(end => end === 'committed')).toHaveLength(size - size / 500)
  expect(ends.filter(end => end === 'reverted')).toHaveLength(size / 500)
}, 600_000)
