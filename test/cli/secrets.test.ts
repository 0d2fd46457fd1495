/** What the secrets of a plan do to a journal, to output and to a run that has not begun or goes back. */
import { describe, expect, it } from 'vitest'
import { closeFleet, realFleet } from '../../src/cli/fleet.ts'
import {
  hushed,
  hushedJournal,
  noSecrets,
  secretsAtHand,
  secretsOf,
  secretsOfNew,
} from '../../src/cli/secrets.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { type Fault, HandoverError } from '../../src/core/fault.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { planRollout } from '../../src/plan/rollout.ts'
import { load, minimal } from '../playbook/world.ts'

const playbook = `${minimal}secrets: { token: { env: TOKEN }, other: { env: OTHER } }
health:
  - { name: page, command: { run: [a, "{{ token }}"] } }
  - { name: plain, command: { run: [echo, "{{ other }}"], from: controller } }
`
const artifact = { path: '/srv/nginx', sha256: 'ab'.repeat(32), bytes: 1 }

function planOf(): Plan {
  const host = {
    address: 'a.example',
    port: 22,
    user: 'ops',
    identityFiles: [],
    knownHostsFiles: [],
    vars: {},
  }
  const hosts = ['web-prod', 'db-prod'].map(name => ({ ...host, name }))
  return planRollout(load(playbook), hosts, () => [], artifact)
}

function faultsOf(act: () => unknown): readonly Fault[] {
  try {
    act()
    return []
  } catch (error) {
    if (error instanceof HandoverError) return error.faults
    throw error
  }
}

const other = { OTHER: 'something-else' }

describe('a journal keeps what a run is led by', () => {
  const bodies: EntryBody[] = [
    { type: 'host.switched', host: 'web-prod', ms: 3 },
    {
      type: 'health.changed',
      host: 'web-prod',
      check: 'page',
      verdict: 'pass',
      detail: 'said prod-4f9a8e7d6c5b',
    },
    {
      type: 'run.finished',
      exit: 0,
      outcome: 'committed',
      summary: 'prod-4f9a8e7d6c5b',
      hosts: { 'web-prod': { end: 'committed', before: '1', after: '2', fault: null } },
    },
  ]

  it.each(['prod-4f9a8e7d6c5b', 'switched-4f9a', 'passable-4f9a', 'committed'])(
    'with the secret %s',
    async text => {
      const written: EntryBody[] = []
      const journal = {
        append: async (body: EntryBody) => void written.push(body),
        publish: (body: EntryBody) => void written.push(body),
      } as unknown as Journal
      const secrets = secretsOf(planOf(), { env: { ...other, TOKEN: text } })
      const quiet = hushedJournal(journal, secrets)
      for (const body of bodies) await quiet.append(body)
      for (const body of bodies) quiet.publish(body)
      const kept = bodies.map(body => JSON.parse(JSON.stringify(body).replaceAll('prod-4f9a8e7d6c5b', '***')))
      const expected = text.startsWith('prod') ? kept : bodies
      expect(written).toEqual([...expected, ...expected])
    },
  )

  it('and so does a line for programs', () => {
    const said: string[] = []
    const terminal = { out: (text: string) => void said.push(text), err: () => {} } as unknown as Terminal
    const quiet = hushed(terminal, secretsOf(planOf(), { env: { ...other, TOKEN: 'committed' } }))
    quiet.out('{"type":"run.finished","outcome":"committed","summary":"committed"}\n')
    quiet.out('it is committed\n')
    expect(said).toEqual(['{"type":"run.finished","outcome":"committed","summary":"***"}\n', 'it is ***\n'])
  })
})

describe('a run is not begun with a secret that is part of a name', () => {
  it.each([
    ['prod', 'the name of a host'],
    ['example', 'the address of a host'],
    ['page', 'the name of a check'],
  ])('%s: %s', (text, what) => {
    const faults = faultsOf(() => secretsOfNew(planOf(), { env: { ...other, TOKEN: text } }))
    expect(faults.map(({ code }) => code)).toEqual(['PLAYBOOK_SECRET'])
    expect(faults[0]?.message).toContain(what)
    expect(JSON.stringify(faults)).not.toContain(text)
  })

  it('but with one that only begins as a name ends', () => {
    const secrets = secretsOfNew(planOf(), { env: { ...other, TOKEN: 'prod-4f9a8e7d6c5b' } })
    expect(secrets.hide('web-prod and prod-4f9a8e7d6c5b')).toBe('web-prod and ***')
  })
})

describe('a run that goes back needs no secret', () => {
  it('hides what can be had, and looks at no check that needs the rest', async () => {
    const plan = planOf()
    expect(faultsOf(() => secretsOf(plan, { env: other })).map(({ code }) => code)).toEqual([
      'SECRET_UNAVAILABLE',
    ])
    const secrets = secretsAtHand(plan, { env: other })
    expect(secrets.hide('a something-else')).toBe('a ***')
    const fleet = realFleet(plan, { run: 'r', machine: 'x86_64', forks: 1, connectTimeoutMs: 1000, secrets })
    const looks = fleet.get('web-prod')?.checks.map(({ look }) => look()) ?? []
    expect(await Promise.all(looks)).toEqual([
      { pass: false, detail: 'not looked at: a secret of it cannot be had' },
      { pass: true, detail: 'exit code 0: ***' },
    ])
    await closeFleet(fleet)
    expect(secretsAtHand({ ...plan, secrets: undefined } as unknown as Plan, { env: {} })).toBe(noSecrets)
  })
})
