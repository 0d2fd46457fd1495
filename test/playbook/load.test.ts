import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { directory, load, minimal } from './world.ts'

const full = `name: nginx {{ version }}
hosts: edge:&europe:!drained
become: true
vars: { version: "1.26.3" }
x-owner: { pager: 0800, mode: [1.10] }
artifact:
  src: ../artifacts/nginx-{{ version }}
  sha256: 3C5C000000000000000000000000000000000000000000000000000000000000
handover:
  driver: nginx
  binary: /usr/sbin/nginx
  pid_file: /run/nginx.pid
  drain_timeout: 45s
  start_timeout: 1m
  state_dir: /var/lib/handover/{{ inventory_hostname }}
  allow_config_change: true
  allow_build_change: true
concurrency: 10
max_failed: 10%
max_unreachable: 1
on_drain_limit: leave
commit: fleet
rollback: { concurrency: 100% }
health:
  - name: answers
    http: { url: "http://{{ inventory_hostname }}/healthz", status: 204, body: ok, from: host }
    interval: 500ms
    timeout: 1s
    healthy: 3
    unhealthy: 4
    deadline: 20s
  - name: port
    tcp: { address: "{{ ansible_host }}:80" }
  - name: own
    x-why: free
    command: { run: [./probe, "{{ inventory_hostname }}"] }
stages:
  - { name: canary, hosts: 1, bake: 5m }
  - { name: quarter, hosts: 25%, concurrency: 5, bake: 2m }
  - { name: berlin, hosts: "berlin:!web9" }
  - { name: paris, hosts: 1, gate: approval }
  - { name: rest, hosts: rest, gate: approval, gate_timeout: 90s }
`

describe('a playbook that uses every key', () => {
  const playbook = load(full)

  it('has its templates of the whole run filled in', () => {
    expect(playbook.name).toBe('nginx 1.26.3')
    expect(playbook.artifact.path).toBe(join(directory, '../artifacts/nginx-1.26.3'))
    expect(playbook.artifact.sha256).toBe(`3c5c${'0'.repeat(60)}`)
  })

  it('keeps what differs between hosts as it was written, with its place', () => {
    expect(playbook.handover.stateDir).toMatchObject({
      key: 'handover.state_dir',
      source: '/var/lib/handover/{{ inventory_hostname }}',
      place: { line: 15, column: 14 },
    })
    expect(playbook.become).toMatchObject({ key: 'become', source: true })
  })

  it('has durations in milliseconds and counts as what they are', () => {
    expect(playbook.handover).toMatchObject({
      driver: 'nginx',
      drainTimeoutMs: 45_000,
      startTimeoutMs: 60_000,
      allowConfigChange: true,
      allowBuildChange: true,
    })
    expect(playbook).toMatchObject({
      hosts: 'edge:&europe:!drained',
      concurrency: { kind: 'count', value: 10 },
      maxFailed: { kind: 'percent', value: 10 },
      maxUnreachable: { kind: 'count', value: 1 },
      rollbackConcurrency: { kind: 'percent', value: 100 },
      onDrainLimit: 'leave',
      commit: 'fleet',
    })
  })

  it('has its checks', () => {
    expect(playbook.health).toMatchObject([
      {
        name: 'answers',
        probe: { kind: 'http', status: 204, body: { source: 'ok' }, from: 'host' },
        intervalMs: 500,
        timeoutMs: 1000,
        healthy: 3,
        unhealthy: 4,
        deadlineMs: 20_000,
      },
      {
        name: 'port',
        probe: { kind: 'tcp', address: { source: '{{ ansible_host }}:80' }, from: 'controller' },
      },
      {
        name: 'own',
        probe: { kind: 'command', run: [{ source: './probe' }, { key: 'health[2].command.run[1]' }] },
      },
    ])
  })

  it('has its stages', () => {
    expect(playbook.stages).toMatchObject([
      { name: 'canary', hosts: { kind: 'count', value: 1 }, concurrency: null, bakeMs: 300_000 },
      { name: 'quarter', hosts: { kind: 'percent', value: 25 }, concurrency: { kind: 'count', value: 5 } },
      { name: 'berlin', hosts: { kind: 'pattern', value: 'berlin:!web9' }, bakeMs: 0 },
      { name: 'paris', gate: 'approval', gateMs: 3_600_000 },
      { name: 'rest', hosts: { kind: 'rest' }, gate: 'approval', gateMs: 90_000 },
    ])
  })
})

describe('a minimal playbook', () => {
  it('gets its defaults', () => {
    const { handover, artifact, ...playbook } = load(minimal)
    expect(artifact.sha256).toBeNull()
    expect(handover).toMatchObject({ drainTimeoutMs: 30_000, startTimeoutMs: 30_000, stateDir: null })
    expect(playbook).toMatchObject({
      become: null,
      vars: {},
      concurrency: { kind: 'count', value: 5 },
      maxFailed: { kind: 'count', value: 0 },
      maxUnreachable: { kind: 'count', value: 0 },
      rollbackConcurrency: { kind: 'count', value: 50 },
      onDrainLimit: 'terminate',
      commit: 'fleet',
      health: [],
      stages: [{ name: 'all', hosts: { kind: 'rest' }, concurrency: null, bakeMs: 0, gate: null }],
    })
  })

  it('gives a check its defaults', () => {
    expect(load(`${minimal}health: [{ name: a, http: { url: "http://a/" } }]\n`).health).toMatchObject([
      {
        probe: { status: 200, body: null, from: 'controller' },
        intervalMs: 1000,
        timeoutMs: 2000,
        healthy: 2,
        unhealthy: 2,
        deadlineMs: 30_000,
      },
    ])
  })
})

describe('values from variables', () => {
  it.each([
    ['concurrency: "{{ n }}"', { n: 3 }, { concurrency: { kind: 'count', value: 3 } }],
    ['concurrency: "{{ n }}"', { n: '3' }, { concurrency: { kind: 'count', value: 3 } }],
    ['max_failed: "{{ n }}%"', { n: 20 }, { maxFailed: { kind: 'percent', value: 20 } }],
    ['stages: [{ name: "{{ n | upper }}", hosts: rest }]', { n: 'go' }, { stages: [{ name: 'GO' }] }],
    ['on_drain_limit: "{{ n | default(\'leave\') }}"', {}, { onDrainLimit: 'leave' }],
  ])('%s with %j', (line, extraVars, expected) => {
    expect(load(`${minimal}${line}\n`, extraVars)).toMatchObject(expected)
  })

  it('lets -e win over vars', () => {
    expect(
      load(`vars: { name: a }\n${minimal.replace('name: nginx', 'name: "{{ name }}"')}`, { name: 'b' }).name,
    ).toBe('b')
  })

  it('follows anchors, and merges nothing', () => {
    const { vars } = load(`x-n: &n "1.10"\nvars: { a: *n }\n${minimal}`)
    expect(vars).toEqual({ a: '1.10' })
  })
})
