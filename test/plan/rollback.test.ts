import { expect, it } from 'vitest'
import { explainPlan } from '../../src/plan/explain.ts'
import { fingerprintOf } from '../../src/plan/fingerprint.ts'
import type { Plan, PlannedRestore } from '../../src/plan/plan.ts'
import { planRollback } from '../../src/plan/rollback.ts'
import { faultsFrom, planOf, webHosts } from './world.ts'

const id = '20261120-095129-472-e76afd'
const sha = (digit: string) => digit.repeat(64)
const restore = (version: string, digit: string): PlannedRestore => ({
  wanted: { version, sha256: sha(digit) },
  replaces: { version: '1.26.3', sha256: sha('b') },
})
const more = `rollback: { concurrency: 3 }
concurrency: 1
max_failed: 2
max_unreachable: 1
on_drain_limit: leave
health: [{ name: up, tcp: { address: "{{ inventory_hostname }}:80" } }]
stages: [{ name: canary, hosts: 1, bake: 5m }, { name: rest, hosts: rest }]`
const original = () => planOf(more, { hosts: webHosts(4) })
const restores = new Map([
  ['web3', restore('1.18.0', 'c')],
  ['web1', restore('1.22.1', 'a')],
  ['web4', restore('1.22.1', 'a')],
])
const names = ['web1', 'web2', 'web3', 'web4']
const undoing = (plan: Plan = original()) => planRollback({ id, plan, restores }, names)

it('takes back what was committed, each host to its own binary, in one stage that tolerates nothing', () => {
  const plan = undoing()
  expect(plan).toMatchObject({
    undoes: id,
    artifact: null,
    stages: [{ name: 'rollback', hosts: ['web1', 'web3', 'web4'], concurrency: 3, bakeMs: 0 }],
    concurrency: 3,
    maxFailed: 0,
    maxUnreachable: 0,
    onDrainLimit: 'leave',
  })
  expect(plan.hosts.map(({ name, restore }) => [name, restore?.wanted.version])).toEqual([
    ['web1', '1.22.1'],
    ['web3', '1.18.0'],
    ['web4', '1.22.1'],
  ])
})

it('reaches and judges a host exactly as the run did', () => {
  const known = new Map(original().hosts.map(host => [host.name, host]))
  for (const { restore: _, ...host } of undoing().hosts) {
    expect(host).toEqual({ ...known.get(host.name), stage: 0 })
  }
})

it('takes only the hosts that are left by a limit, and refuses to take none', () => {
  const some = (...hosts: string[]) => planRollback({ id, plan: original(), restores }, hosts)
  expect(some('web4', 'web2').hosts.map(host => host.name)).toEqual(['web4'])
  expect(faultsFrom(() => some('web2'))).toMatchObject([{ code: 'PLAN_NO_HOSTS' }])
})

it('can be made from a rollback again', () => {
  const again = planRollback({ id: 'later', plan: undoing(), restores }, names)
  expect(again).toMatchObject({ undoes: 'later', name: 'rollback of rollback of nginx' })
  expect(again.hosts).toHaveLength(3)
})

it('has a fingerprint that covers what goes back to what', () => {
  const plan = undoing()
  expect(fingerprintOf(JSON.parse(JSON.stringify(plan)) as Plan)).toBe(plan.fingerprint)
  const [first, ...others] = plan.hosts
  if (!first?.restore) throw new Error('nothing to restore')
  const { wanted, replaces } = first.restore
  const changed = [
    { wanted: { ...wanted, sha256: sha('d') }, replaces },
    { wanted, replaces: { ...replaces, sha256: sha('d') } },
  ]
  const seen = changed.map(each =>
    fingerprintOf({ ...plan, hosts: [{ ...first, restore: each }, ...others] }),
  )
  expect(new Set([plan.fingerprint, fingerprintOf({ ...plan, undoes: 'x' }), ...seen]).size).toBe(4)
})

it.each(['', '../../etc/passwd', sha('A'), `${sha('a')}\n`])('%j from a host is no checksum', text => {
  const bad = new Map([['web2', { ...restore('1', 'a'), wanted: { version: '1', sha256: text } }]])
  const faults = faultsFrom(() => planRollback({ id, plan: original(), restores: bad }, names))
  expect(faults).toMatchObject([{ code: 'RUN_UNSETTLED', host: 'web2' }])
})

it('says what goes back to what', () => {
  const lines = explainPlan(undoing(), 0)
  expect(lines.join('\n').replace(/plan [0-9a-f]{12}$/m, 'plan FINGERPRINT')).toMatchInlineSnapshot(`
    "rollback of nginx: 3 hosts in 1 stage, plan FINGERPRINT
    undoes: run 20261120-095129-472-e76afd; every host gets back, from its own backups, what it had before
      1.26.3 (bbbbbbbbbbbb) -> 1.22.1 (aaaaaaaaaaaa)  2 hosts (web1, web4)
      1.26.3 (bbbbbbbbbbbb) -> 1.18.0 (cccccccccccc)  1 host (web3)
    replaces: /usr/sbin/nginx, driver nginx
    stages:
      1. rollback  3 hosts (web1, web3, web4), 3 at a time
    at most 3 hosts being changed at once, 3 when going back
    tolerated: 0 failed hosts, 0 unreachable hosts
    health, before each switch and until the commit (as on web1):
      up: connect to web1:80 from here, every 1s; healthy after 2 passes in a row within 30s of the switch, failed after 2 failures in a row
    lease: a host that hears nothing from here for 2m goes back by itself, until the commit is decided
    commit: all hosts together, after the last stage; until then every old master stays parked and nothing irreversible happens
    after the commit: old workers finish their requests, and are left to finish even after 30s"
  `)
})

it('prints no version of a host raw', () => {
  const hostile = new Map([['web1', restore('1\u001b[2J\n2', 'a')]])
  const text = explainPlan(planRollback({ id, plan: original(), restores: hostile }, names), 0).join('')
  expect(text).not.toMatch(/[\u0000-\u001f]/)
  expect(text).toContain('1\\x1b[2J\\n2')
})
