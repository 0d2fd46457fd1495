import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planRollout } from '../../src/plan/rollout.ts'
import { load, minimal } from '../playbook/world.ts'
import { artifact, byName, directory, faultsFrom, hostNamed, planOf, shown, webHosts } from './world.ts'

const perHost = `name: nginx {{ version }}
hosts: web
become: "{{ use_sudo | default(true) }}"
vars: { version: "1.26.3", root: "/opt/{{ zone }}", shared: playbook }
artifact: { src: nginx }
handover:
  driver: nginx
  binary: "{{ root }}/nginx"
  pid_file: /run/{{ inventory_hostname_short }}.pid
  state_dir: /state/{{ shared }}
health:
  - { name: up, http: { url: "http://{{ ansible_host }}:{{ http_port | default(80) }}/", body: "{{ version }}" } }
  - { name: port, tcp: { address: "{{ inventory_hostname }}:{{ http_port | default(80) }}", from: host } }
  - { name: own, command: { run: [bin/probe, "{{ http_port | default(80) }}", "{{ ansible_user }}"] } }
`
it('tells a mistake once that only the name of the host makes look different', () => {
  const text = `${minimal}health: [{ name: up, http: { url: "{{ inventory_hostname }}/" } }]\n`
  const faults = faultsFrom(() => planRollout(load(text), webHosts(300), byName, artifact))
  expect(faults).toHaveLength(1)
  expect(faults[0]?.message).toMatch(/ \(the same on 299 other hosts\)$/)
})

const plan = (
  hosts = [hostNamed('a.example', { vars: { zone: 'fra', shared: 'inventory' } })],
  extraVars = {},
) => planRollout(load(perHost, extraVars), hosts, byName, artifact)

describe('what a host gets', () => {
  it('has everything filled in', () => {
    expect(plan().hosts).toEqual([
      {
        name: 'a.example',
        address: 'a.example.example',
        port: 22,
        user: 'ops',
        identityFiles: ['~/.ssh/id'],
        knownHostsFiles: ['~/.ssh/known_hosts'],
        become: true,
        connectTimeoutMs: null,
        stage: 0,
        handover: {
          driver: 'nginx',
          binary: '/opt/fra/nginx',
          pidFile: '/run/a.pid',
          drainTimeoutMs: 30_000,
          startTimeoutMs: 30_000,
          stateDir: '/state/playbook',
          allow: [],
        },
        health: [
          check('up', {
            kind: 'http',
            url: 'http://a.example.example:80/',
            status: 200,
            body: '1.26.3',
            from: 'controller',
          }),
          check('port', { kind: 'tcp', host: 'a.example', port: 80, from: 'host' }),
          check('own', {
            kind: 'command',
            run: [join(directory, 'bin/probe'), '80', 'ops'],
            from: 'controller',
          }),
        ],
      },
    ])
  })

  it('has what the playbook lets pass', () => {
    const allowing = perHost.replace(
      'health:',
      '  allow_config_change: true\n  allow_build_change: true\nhealth:',
    )
    const { hosts } = planRollout(
      load(allowing),
      [hostNamed('a', { vars: { zone: 'fra' } })],
      byName,
      artifact,
    )
    expect(hosts[0]?.handover.allow).toEqual(['config', 'build'])
  })

  it.each([
    ['inventory', 'x', {}, {}, 'fra'],
    ['-e over playbook', 'x', {}, { root: '/e' }, '/e/nginx'],
  ])('precedence: %s', (_title, _unused, vars, extraVars, expected) => {
    const host = hostNamed('a', { vars: { zone: 'fra', root: '/inventory', ...vars } })
    expect(plan([host], extraVars).hosts[0]?.handover.binary).toContain(expected)
  })

  it.each([
    [undefined, {}, true],
    [undefined, { use_sudo: false }, false],
    [undefined, { use_sudo: 'false' }, false],
    [false, {}, false],
    [true, { use_sudo: false }, true],
  ])('become %s in the inventory with %j: %s', (become, vars, expected) => {
    const host = hostNamed('a', { become, vars: { zone: 'fra', ...vars } })
    expect(plan([host]).hosts[0]?.become).toBe(expected)
  })

  it('becomes root by -b only where nothing else says', () => {
    expect(planOf('', { options: { become: true } }).hosts[0]?.become).toBe(true)
    expect(planOf('').hosts[0]?.become).toBe(false)
    expect(planOf('become: false', { options: { become: true } }).hosts[0]?.become).toBe(false)
  })

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(plan()))).toEqual(plan())
  })
})

function check(name: string, probe: object) {
  return { name, probe, intervalMs: 1000, timeoutMs: 2000, healthy: 2, unhealthy: 2, deadlineMs: 30_000 }
}

describe('what is refused', () => {
  it.each([
    [
      'binary',
      { root: 'opt' },
      'PLAYBOOK_VALUE',
      'handover.binary must be an absolute path, not "opt/nginx"',
      8,
      11,
    ],
    [
      'NUL',
      { root: '/a\0b' },
      'PLAYBOOK_VALUE',
      'handover.binary must not contain a line break or a NUL',
      8,
      11,
    ],
    [
      'a circle',
      { root: '{{ root }}' },
      'PLAYBOOK_TEMPLATE',
      'the variable "root" is defined by itself: root -> root',
      8,
      11,
    ],
    [
      'port',
      { http_port: '8o' },
      'PLAYBOOK_VALUE',
      /^health\[0\].http.url must be an http or https address/,
      12,
      30,
    ],
    ['body', { version: null }, 'PLAYBOOK_VALUE', 'health[0].http.body must not be empty', 12, 96],
    ['word', { http_port: 'a\0' }, 'PLAYBOOK_VALUE', /./, 12, 30],
    ['become', { use_sudo: 'yes' }, 'PLAYBOOK_VALUE', 'become must be true or false, not "yes"', 3, 9],
    ['a list', { root: ['a'] }, 'PLAYBOOK_TEMPLATE', 'a list cannot stand inside a text', 8, 11],
  ])('%s, with host and place', (_title, extraVars, code, message, line, column) => {
    const playbook = load(perHost.replace('name: nginx {{ version }}', 'name: nginx'), extraVars)
    const hosts = [hostNamed('a', { vars: { zone: 'fra' } })]
    const [found] = faultsFrom(() => planRollout(playbook, hosts, byName, artifact))
    expect(found).toMatchObject({ code, host: 'a', place: { line, column } })
    expect(found?.message).toMatch(message)
  })

  it('says one mistake once, with how many hosts have it, and different ones apart', () => {
    const hosts = [
      hostNamed('a'),
      hostNamed('b', { vars: { zoen: 'x' } }),
      hostNamed('c', { vars: { zone: 'fra' } }),
      hostNamed('d', { vars: { zone: '\n' } }),
      hostNamed('e'),
    ]
    expect(shown(faultsFrom(() => plan(hosts)))).toMatchInlineSnapshot(`
      "PLAYBOOK_UNDEFINED_VARIABLE: a: "zone" is not defined (used by "root") (the same on 2 other hosts)
        at 8:11
        |   binary: "{{ root }}/nginx"
        |           ^
      PLAYBOOK_VALUE: d: handover.binary must not contain a line break or a NUL
        at 8:11
        |   binary: "{{ root }}/nginx"
        |           ^"
    `)
  })
})

it('plans ten thousand hosts in a moment', () => {
  const hosts = webHosts(10_000).map(host => ({ ...host, vars: { zone: host.name, http_port: 8080 } }))
  const tenths = Array.from({ length: 9 }, (_, index) => `  - { name: s${index}, hosts: 10%, bake: 1m }\n`)
  const playbook = load(`${perHost}stages:\n${tenths.join('')}  - { name: rest, hosts: rest }\n`)
  const before = performance.now()
  const planned = planRollout(playbook, hosts, byName, artifact)
  const tookMs = performance.now() - before
  // Measured 0.35 s; the rest is for a busy machine.
  expect(tookMs).toBeLessThan(10_000)
  expect(planned.hosts[9_999]).toMatchObject({ stage: 9, handover: { binary: '/opt/web10000/nginx' } })
})
