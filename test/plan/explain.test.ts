import { expect, it } from 'vitest'
import { explainPlan } from '../../src/plan/explain.ts'
import { planOf, webHosts } from './world.ts'

/** Without what every plan says. */
const part = (from: string, to: string, whole: string) => whole.slice(whole.indexOf(from), whole.indexOf(to))

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
    order: inventory order (the playbook has no other order)

    stages, one after the other:
      1. canary: 1 of 40 hosts: web1
           why:    hosts: 1 takes the first one of 40 in inventory order
           pace:   one host
           then:   watched for 5m before anything else is switched
           takes:  at least 2s until healthy + 5m watched = 5m 02s
      2. quarter: 10 of 40 hosts: web[2:11]
           why:    hosts: 25% of 40 = 10; the next 10 in inventory order
           pace:   at most 5 at once; as soon as one is healthy the next one starts
           then:   watched for 1m 30s before anything else is switched
           takes:  at least 2 x 2s until healthy + 1m 30s watched = 1m 34s
      3. rest: 29 of 40 hosts: web[12:40]
           why:    hosts: rest takes everybody that earlier stages left
           pace:   at most 10 at once; as soon as one is healthy the next one starts
           takes:  at least 3 x 2s until healthy = 6s

    limits:
      at one time        at most 10 hosts being changed, over the whole run
      time, at least     6m 42s (5m 02s + 1m 34s + 6s) if every host has to change; connecting, uploading and switching come on top
      time, at most      13m 12s by its own limits (start, health deadlines, bakes, drain); connecting, uploading, pauses and going back come on top
      before a change    one host that is unfit or does not answer stops the run, and nothing is changed
      after that         up to 4 hosts may fail or be lost, and go back alone; one more, or any in the last look before the commit, takes every host back
      note               all of canary (1 host) may fail within max_failed, and the run goes on

    health, before each switch and until the commit (as on web1):
      answers: GET http://web1/healthz answers 200 with "ok" in the body from here, every 1s; healthy after 3 passes in a row within 30s of the switch, failed after 2 failures in a row
      port: connect to [::1]:80 on the host, every 1s; healthy after 1 pass within 30s of the switch, failed after 1 failure
      own: run /bin/probe -x from here, every 1s; healthy after 2 passes in a row within 30s of the switch, failed after 2 failures in a row

    going back:
      until the commit   every old master stays parked; a failure, Ctrl-C or \`handover abort\` takes every host back, 40 at a time
      without us         a host that hears nothing from here for 2m (lease) goes back by itself, until the commit is decided
      NOT from there on  the commit, of all hosts together after the last stage: once it is decided the run only goes forward; old masters quit, old workers finish their requests and are terminated after 30s
      after the run      \`handover rollback RUN\` brings the old binary back, from the backups on the hosts, as a run of its own"
  `)
})

it('shows where it waits for an approval, and for how long', () => {
  const more = `stages:
  - { name: canary, hosts: 1, bake: 5m }
  - { name: rest, hosts: rest, gate: approval, gate_timeout: 90m }`
  const gates = (step: boolean) =>
    part('stages, one', 'limits:', text(more, { hosts: webHosts(3), options: { step } }))
  expect(gates(false)).toMatchInlineSnapshot(`
    "stages, one after the other:
      1. canary: 1 of 3 hosts: web1
           why:    hosts: 1 takes the first one of 3 in inventory order
           pace:   one host
           then:   watched for 5m before anything else is switched
           takes:  at least 5m watched
      2. rest: 2 of 3 hosts: web2, web3
           waits:  for \`handover approve RUN\`, up to 1h 30m; without it every host goes back
           why:    hosts: rest takes everybody that earlier stages left
           pace:   both at once
           takes:  at least as long as the switches take

    "
  `)
  expect(gates(true).match(/up to .*?;/g)).toEqual(['up to 1h;', 'up to 1h 30m;'])
})

it('says why in every order and for every kind of stage, and which stage gets nobody', () => {
  const more = `concurrency: 1
max_failed: 2
max_unreachable: 1
order: shuffle
stages:
  - { name: two, hosts: 2 }
  - { name: named, hosts: "web1,web2,web3" }
  - { name: third, hosts: 30% }
  - { name: many, hosts: 9 }
  - { name: rest, hosts: rest }`
  const hosts = webHosts(7)
  const shuffled = text(more, { hosts, options: { seed: 12 } })
  expect(part('order:', 'health:', shuffled)).toMatchInlineSnapshot(`
    "order: shuffled with seed 12; --seed 12 gives the same order again

    stages, one after the other:
      1. two: 2 of 7 hosts: web1, web3
           why:    hosts: 2 takes the first 2 of 7 in shuffled order; later stages with a pattern keep one host each
           pace:   one at a time; the next one starts when it is healthy
           takes:  at least as long as the switches take
      2. named: 1 of 7 hosts: web2
           why:    hosts: web1,web2,web3 matches it, in shuffled order; 2 more of what it matches went to earlier stages
           pace:   one host
           takes:  at least as long as the switches take
      3. third: 2 of 7 hosts: web5, web4
           why:    hosts: 30% of 7 = 2.1, rounded down to 2; the next 2 in shuffled order
           pace:   one at a time; the next one starts when it is healthy
           takes:  at least as long as the switches take
      4. many: 2 of 7 hosts: web7, web6
           why:    hosts: 9, and only 2 of 7 are left, in shuffled order
           pace:   one at a time; the next one starts when it is healthy
           takes:  at least as long as the switches take
      (rest: nobody is left for it, so it is passed over)

    limits:
      at one time        at most 1 host being changed, over the whole run
      time, at least     what the switches take: there is no bake, and no row of passes to wait for
      time, at most      4m by its own limits (start, health deadlines, bakes, drain); connecting, uploading, pauses and going back come on top
      before a change    up to 1 that do not answer may be left out; one more, or one that is unfit, stops the run, and nothing is changed
      after that         up to 2 hosts may fail or be lost, and go back alone; one more, or any in the last look before the commit, takes every host back
      note               all of two (2 hosts), or of named (1 host), or of third (2 hosts), or of many (2 hosts) may fail within max_failed, and the run goes on

    "
  `)
  const others = ['sorted', 'reverse'].map(order => text(more.replace('shuffle', order), { hosts }))
  expect(others.map(each => /order: .*\n/.exec(each)?.[0])).toMatchInlineSnapshot(`
    [
      "order: order of their names (order: sorted)
    ",
      "order: reverse inventory order (order: reverse)
    ",
    ]
  `)
})

it('counts paths that differ, and names them while they are few', () => {
  const replaced = (of: number, count = 9) => {
    const plan = planOf('', { hosts: webHosts(count) })
    const each = plan.hosts.map((host, index) => ({
      ...host,
      handover: { ...host.handover, binary: `/opt/${index % of}/nginx` },
    }))
    return part('replaces', 'order:', explainPlan({ ...plan, hosts: each }, 0).join('\n'))
  }
  expect([replaced(1), replaced(2), replaced(9), replaced(2, 2)]).toMatchInlineSnapshot(`
    [
      "replaces: /opt/0/nginx, driver nginx
    ",
      "replaces: driver nginx
      /opt/0/nginx on 5 hosts (web1, web3, web5, web7, web9)
      /opt/1/nginx on 4 hosts (web2, web4, web6, web8)
    ",
      "replaces: /opt/0/nginx (and 8 other paths; -v lists them), driver nginx
    ",
      "replaces: /opt/0/nginx (and 1 other path; -v lists them), driver nginx
    ",
    ]
  `)
})

it('is as short for ten thousand hosts as for ten', () => {
  const stages = 'stages: [{ name: canary, hosts: 1 }, { name: rest, hosts: rest }]'
  const [few, many] = [10, 10_000].map(size => text(stages, { hosts: webHosts(size) }))
  expect(many?.split('\n').length).toBe(few?.split('\n').length)
  expect(many).toContain('2. rest: 9999 of 10000 hosts: web[2:10000]')
})

it('explains the smallest one', () => {
  expect(text('on_drain_limit: leave', { hosts: webHosts(1) })).toMatchInlineSnapshot(`
    "nginx: 1 host in 1 stage, plan FINGERPRINT
    artifact: /artifacts/nginx-new, 1300000 bytes, sha256 abababababab
    replaces: /usr/sbin/nginx, driver nginx
    order: inventory order (the playbook has no other order)

    stages, one after the other:
      1. all: 1 of 1 host: web1
           why:    hosts: rest takes everybody there is
           pace:   one host
           takes:  at least as long as the switches take

    limits:
      at one time        at most 1 host being changed, over the whole run
      time, at least     what the switches take: there is no bake, and no row of passes to wait for
      time, at most      1m by its own limits (start, health deadlines, bakes, drain); connecting, uploading, pauses and going back come on top
      before a change    one host that is unfit or does not answer stops the run, and nothing is changed
      after that         the first host that fails or is lost takes every host back

    health: no checks in the playbook; only the daemon itself is looked at on each host

    going back:
      until the commit   every old master stays parked; a failure, Ctrl-C or \`handover abort\` takes every host back, 1 at a time
      without us         a host that hears nothing from here for 2m (lease) goes back by itself, until the commit is decided
      NOT from there on  the commit, of all hosts together after the last stage: once it is decided the run only goes forward; old masters quit, old workers finish their requests and are left to finish even after 30s
      after the run      \`handover rollback RUN\` brings the old binary back, from the backups on the hosts, as a run of its own"
  `)
})

it('prints nothing a terminal could act on', () => {
  const plan = planOf('')
  const hostile = { ...plan, stages: plan.stages.map(stage => ({ ...stage, name: 'a\u001b[2Jb\nc' })) }
  const lines = explainPlan(hostile, 0)
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/)
  expect(lines.join('')).toContain('a\\x1b[2Jb\\nc')
})
