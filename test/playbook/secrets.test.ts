/** Secrets of a playbook: how they are written, where they may stand, and what reading them refuses. */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { explainPlan } from '../../src/plan/explain.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planRollback } from '../../src/plan/rollback.ts'
import { planRollout } from '../../src/plan/rollout.ts'
import { readSecrets } from '../../src/playbook/secrets.ts'
import { directory, faultsFrom, load, marked, minimal, write } from './world.ts'

const withSecrets = `${minimal}secrets: { token: { env: DEPLOY_TOKEN }, other: { file: keys/other } }\n`
const health = (probe: string) => `${withSecrets}health:\n  - { name: up, ${probe} }\n`
const artifact = { path: '/srv/nginx', sha256: 'ab'.repeat(32), bytes: 1 }

function planOf(text: string, vars: Record<string, unknown> = {}): Plan {
  const host = { address: 'a', port: 22, user: 'ops', identityFiles: [], knownHostsFiles: [], vars }
  const hosts = ['h1', 'h2'].map(name => ({ ...host, name }))
  return planRollout(load(text), hosts, () => [], artifact)
}

describe('a plan holds the names of secrets in the place of their texts', () => {
  it.each([
    ['http: { url: "http://a/?k={{ token }}" }', { url: 'http://a/?k={{ token }}', secrets: ['token'] }],
    [
      'http: { url: "http://a/{{ other }}", body: "x{{token}}" }',
      { url: 'http://a/{{ other }}', body: 'x{{ token }}', secrets: ['other', 'token'] },
    ],
    ['command: { run: [a, "{{ token }}"] }', { run: ['a', '{{ token }}'], secrets: ['token'] }],
    ['command: { run: [a, "{{ token | default(5) }}"] }', { run: ['a', '{{ token }}'] }],
    ['command: { run: [a, "{{ auth }}"] }', { run: ['a', 'Bearer {{ token }}!'], secrets: ['token'] }],
    [
      'command: { run: [a, "{{ none | default(token) }}"] }',
      { run: ['a', '{{ token }}'], secrets: ['token'] },
    ],
    ['http: { url: "http://a/" }', { url: 'http://a/' }],
  ])('%s', (probe, expected) => {
    const { hosts } = planOf(`vars: { auth: "Bearer {{ token }}!" }\n${health(probe)}`)
    expect(hosts[0]?.health[0]?.probe).toMatchObject(expected)
    if (!('secrets' in expected) && 'url' in expected)
      expect(hosts[0]?.health[0]?.probe).not.toHaveProperty('secrets')
  })

  it('with where their texts are, of those alone that a check names', () => {
    const plan = planOf(health('http: { url: "http://a/{{ other }}" }'))
    expect(plan.secrets).toEqual({ other: { file: join(directory, 'keys/other') } })
    expect(planOf(withSecrets)).not.toHaveProperty('secrets')
    expect(explainPlan(plan, 0).join('\n')).toContain(`other (${join(directory, 'keys/other')})`)
  })

  it('and so does the plan that undoes it', () => {
    const plan = planOf(health('command: { run: [a, "{{ token }}"] }'))
    const binary = (digit: string) => ({ version: '1', sha256: digit.repeat(64) })
    const restores = new Map([['h1', { wanted: binary('a'), replaces: binary('b') }]])
    expect(planRollback({ id: 'r', plan, restores }, ['h1'])).toMatchObject({
      secrets: { token: { env: 'DEPLOY_TOKEN' } },
      hosts: [{ health: [{ probe: { run: ['a', '{{ token }}'], secrets: ['token'] } }] }],
    })
  })

  it('a variable of a host of the same name is not what is meant', () => {
    const { hosts } = planOf(health('command: { run: [a, "{{ token }}"] }'), { token: 'plain' })
    expect(hosts[0]?.health[0]?.probe).toMatchObject({ run: ['a', '{{ token }}'], secrets: ['token'] })
  })
})

describe('where a secret would be shown it is refused', () => {
  it.each([
    withSecrets.replace('name: nginx', 'name: »"x {{ token }}"'),
    withSecrets.replace('nginx-new', '»"nginx-{{ token }}"'),
    `${withSecrets}concurrency: »"{{ token }}"\n`,
    `${withSecrets}become: »"{{ token }}"\n`,
    withSecrets.replace('/usr/sbin/nginx', '»"/usr/{{ token }}"'),
    health('tcp: { address: »"{{ token }}:80" }'),
    health('command: { run: [»"/opt/{{ token }}", a] }'),
    withSecrets.replace('nginx-new', '»"nginx-{{ token.part | default(token) }}"'),
  ])('%s', source => {
    const { text, places } = marked(source)
    expect(faultsFrom(() => planOf(text))).toMatchObject([{ code: 'PLAYBOOK_SECRET', place: places[0] }])
  })

  it.each([
    ['command: { run: [a, »"{{ token | upper }}"] }', 'PLAYBOOK_TEMPLATE', /filter "upper" cannot be used/],
    [
      'command: { run: [a, »"{{ token.part }}"] }',
      'PLAYBOOK_UNDEFINED_VARIABLE',
      /"token.part" is not defined/,
    ],
    ['http: { url: »"http://{{ token }}/" }', 'PLAYBOOK_VALUE', /must be an http or https address/],
    ['http: { url: »"http://me:{{ token }}@a/" }', 'PLAYBOOK_VALUE', /must not contain a user or a password/],
    [`command: { run: [a, »"{{ token }}{{ '{{ other }}' }}"] }`, 'PLAYBOOK_VALUE', /must not have "{{"/],
  ])('%s', (probe, code, message) => {
    const { text, places } = marked(health(probe))
    expect(faultsFrom(() => planOf(text))).toMatchObject([
      { code, message: expect.stringMatching(message), place: places[0] },
    ])
  })
})

describe('how they are written', () => {
  it.each([
    ['secrets: { token: »5 }', 'PLAYBOOK_TYPE', /must be a mapping with "env" or "file"/],
    ['secrets: { token: »{} }', 'PLAYBOOK_MISSING_KEY', /needs one of the keys "env" and "file"/],
    ['secrets: { token: { »envv: A } }', 'PLAYBOOK_UNKNOWN_KEY', /unknown key "envv" in secrets.token/],
    ['secrets: { token: { env: A, »file: b } }', 'PLAYBOOK_VALUE', /has both "env" and "file"/],
    ['secrets: { token: { env: »"A B" } }', 'PLAYBOOK_VALUE', /must be the name of an environment variable/],
    ['secrets: { token: { file: »"/{{ a }}" } }', 'PLAYBOOK_TEMPLATE', /cannot hold templates/],
    ['secrets: { »a-b: { env: A } }', 'PLAYBOOK_VALUE', /is not a name a template could use/],
    ['secrets: { »inventory_hostname: { env: A } }', 'PLAYBOOK_VALUE', /always the host's name/],
    ['vars: { a: 1 }\nsecrets: { »a: { env: A } }', 'PLAYBOOK_SECRET', /"a" is also a variable/],
    ['secrets: { »cli: { env: A } }', 'PLAYBOOK_SECRET', /"cli" is also a variable/],
    ['secrets: »[token]', 'PLAYBOOK_TYPE', /secrets must be a mapping/],
  ])('%s', (head, code, message) => {
    const { text, places } = marked(`${head}\n${minimal}`)
    expect(faultsFrom(() => load(text, { cli: 'plain' }))).toMatchObject([
      { code, message: expect.stringMatching(message), place: places[0] },
    ])
  })
})

describe('reading them', () => {
  const file = (text: string, mode = 0o600) => {
    mkdirSync(join(directory, 'keys'), { recursive: true })
    const path = write(text, `keys/key-${text.length}-${mode}`)
    chmodSync(path, mode)
    return path
  }
  const read = (source: { env: string } | { file: string }, env: Record<string, string> = {}) =>
    readSecrets({ token: source }, env).secrets.get('token')?.reveal()

  it('takes the text as it is, without the line break at its end', () => {
    expect(read({ env: 'T' }, { T: ' hunter2\n' })).toBe(' hunter2\n')
    expect(read({ file: file('hunter2\n') })).toBe('hunter2')
    expect(read({ file: file('hunter22\r\n', 0o640) })).toBe('hunter22')
    expect(read({ file: file('hunter2\n\n\n') })).toBe('hunter2\n\n')
  })

  it.each([
    [() => ({ env: 'NOT_SET' }), 'is not there: the environment variable NOT_SET is not set'],
    [() => ({ env: 'EMPTY' }), 'is empty: the environment variable EMPTY'],
    [() => ({ env: 'SHORT' }), 'is shorter than 4 characters: the environment variable SHORT'],
    [() => ({ file: '/nowhere/at-all' }), 'cannot be read: /nowhere/at-all: ENOENT'],
    [() => ({ file: directory }), /is not a regular file/],
    [() => ({ file: file('world-readable', 0o644) }), /every user of this machine may read or write/],
    [() => ({ file: file('world-writable!', 0o602) }), /every user of this machine may read or write/],
    [() => ({ file: file('\n') }), /is empty/],
    [() => ({ file: file('a\0bcdef') }), /has a NUL in it/],
    [() => ({ file: file('x'.repeat(20_000)) }), /is longer than 16384 bytes/],
  ])('%#: %s', (source, message) => {
    const faults = readSecrets({ token: source() }, { EMPTY: ' ', SHORT: 'abc' }).faults
    expect(faults).toMatchObject([
      {
        code: 'SECRET_UNAVAILABLE',
        message:
          typeof message === 'string' ? `the secret "token" ${message}` : expect.stringMatching(message),
        hint: expect.any(String),
      },
    ])
  })
})
