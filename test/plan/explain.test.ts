import { expect, it } from 'vitest'
import { explainPlan } from '../../src/plan/explain.ts'
import { planOf, webHosts } from './world.ts'

const text = (...args: Parameters<typeof planOf>) =>
  explainPlan(planOf(...args), 0)
    .join('\n')
    .replace(/plan [0-9a-f]{12}$/m, 'plan FINGERPRINT')

it('explains a rollout in stages', () => {
  const more = `concurrency: 10
max_failed: 10%
health:
  - { name: answers, http: { url: "http://{{ inventory_hostname }}/healthz", body: ok }, healthy: 3 }
  - { name: port, tcp: { address: "[::1]:80", from: host }, healthy: 1, unhealthy: 1 }
  - { name: own, command: { run: [/bin/probe, -x] } }
stages:
  - { name: canary, hosts: 1, bake: 5m }
  - { name: quarter, hosts: 25%, concurrency: 5, bake: 90s }
  - { name: rest, hosts: rest }`
  expect(text(more, { hosts: webHosts(40) })).toMatchInlineSnapshot(`
    "nginx: 40 hosts in 3 stages, plan FINGERPRINT
    artifact: /artifacts/nginx-new, 1300000 bytes, sha256 abababababab
    replaces: /usr/sbin/nginx, driver nginx
    stages:
      1. canary   1 host (web1), then watched for 5m
      2. quarter  10 hosts (web2, web3, web4, web5, web6, web7, web8, web9 and 2 more), 5 at a time, then watched for 1m 30s
      3. rest     29 hosts (web12, web13, web14, web15, web16, web17, web18, web19 and 21 more), 10 at a time
    at most 10 hosts being changed at once, 40 when going back
    tolerated: 4 failed hosts, 0 unreachable hosts
    health, before each switch and until the commit (as on web1):
      answers: GET http://web1/healthz answers 200 with "ok" in the body from here, every 1s; healthy after 3 passes in a row within 30s of the switch, failed after 2 failures in a row
      port: connect to [::1]:80 on the host, every 1s; healthy after 1 pass within 30s of the switch, failed after 1 failure
      own: run /bin/probe -x from here, every 1s; healthy after 2 passes in a row within 30s of the switch, failed after 2 failures in a row
    lease: a host that hears nothing from here for 2m goes back by itself, until the commit is decided
    commit: all hosts together, after the last stage; until then every old master stays parked and nothing irreversible happens
    after the commit: old workers finish their requests, and are terminated after 30s"
  `)
})

it('shows where it waits for an approval, and for how long', () => {
  const more = `stages:
  - { name: canary, hosts: 1, bake: 5m }
  - { name: rest, hosts: rest, gate: approval, gate_timeout: 90m }`
  const gates = (step: boolean) =>
    text(more, { hosts: webHosts(3), options: { step } })
      .split('\n')
      .slice(3, 7)
  expect(gates(false).join('\n')).toMatchInlineSnapshot(`
    "stages:
      1. canary  1 host (web1), then watched for 5m
      2. rest    waits up to 1h 30m for an approval, then 2 hosts (web2, web3), 2 at a time
    approval: \`handover approve RUN\`, from any terminal here; without one in time every host goes back"
  `)
  expect(gates(true).join('\n')).toMatchInlineSnapshot(`
    "stages:
      1. canary  waits up to 1h for an approval, then 1 host (web1), then watched for 5m
      2. rest    waits up to 1h 30m for an approval, then 2 hosts (web2, web3), 2 at a time
    approval: \`handover approve RUN\`, from any terminal here; without one in time every host goes back"
  `)
})

it('explains the smallest one', () => {
  expect(text('on_drain_limit: leave', { hosts: webHosts(1) })).toMatchInlineSnapshot(`
    "nginx: 1 host in 1 stage, plan FINGERPRINT
    artifact: /artifacts/nginx-new, 1300000 bytes, sha256 abababababab
    replaces: /usr/sbin/nginx, driver nginx
    stages:
      1. all  1 host (web1)
    at most 1 host being changed at once, 1 when going back
    tolerated: 0 failed hosts, 0 unreachable hosts
    health: no checks in the playbook; only the daemon itself is looked at on each host
    lease: a host that hears nothing from here for 2m goes back by itself, until the commit is decided
    commit: all hosts together, after the last stage; until then every old master stays parked and nothing irreversible happens
    after the commit: old workers finish their requests, and are left to finish even after 30s"
  `)
})

it('prints nothing a terminal could act on', () => {
  const plan = planOf('')
  const hostile = { ...plan, stages: plan.stages.map(stage => ({ ...stage, name: 'a\u001b[2Jb\nc' })) }
  const lines = explainPlan(hostile, 0)
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/)
  expect(lines.join('')).toContain('a\\x1b[2Jb\\nc')
})
