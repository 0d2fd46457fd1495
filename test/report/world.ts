/** Runs told by hand, one entry after the other. */
import { fault } from '../../src/core/fault.ts'
import type { Entry, EntryBody, HostFacts, HostSummary } from '../../src/journal/entry.ts'

export const run = '20261120-021500-4f2a'

export const facts = (version: string): HostFacts => ({
  version,
  sha256: version.startsWith('1.22') ? 'a'.repeat(64) : 'b'.repeat(64),
  runsPath: true,
  pid: 1000,
  workers: 4,
  masters: 1,
  draining: 0,
})

export const old = facts('1.22.1')
export const fresh = facts('1.26.3')

/** Entries with a clock: a number moves it by so many milliseconds. */
export function tellRun(...bodies: readonly (EntryBody | number)[]): Entry[] {
  let ms = Date.UTC(2026, 10, 20, 2, 15, 0)
  const entries: Entry[] = []
  for (const body of bodies) {
    if (typeof body === 'number') ms += body
    else entries.push({ v: 1, seq: entries.length, at: new Date(ms).toISOString(), run, ...body } as Entry)
  }
  return entries
}

export const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `h${String(index + 1).padStart(count > 99 ? 3 : 2, '0')}`)

export function opening(hosts: readonly string[]): EntryBody {
  return {
    type: 'run.started',
    name: 'nginx 1.26.3',
    playbook: 'playbooks/nginx.yml',
    fingerprint: 'f'.repeat(64),
    tool: '0.1.0',
    who: 'deploy',
    from: 'ops1',
    pid: 4242,
    identity: 'boot 1',
    artifact: { path: '/artifacts/nginx-1.26.3', sha256: 'b'.repeat(64), bytes: 1_300_000 },
    stages: [
      { name: 'canary', hosts: hosts.slice(0, 1), concurrency: 1, bakeMs: 300_000, gate: null, gateMs: 0 },
      { name: 'rest', hosts: hosts.slice(1), concurrency: 2, bakeMs: 0, gate: null, gateMs: 0 },
    ],
  }
}

type OfHost = Extract<EntryBody, { host: string }>['type']
const each = (hosts: readonly string[], type: OfHost, more: object = {}): EntryBody[] =>
  hosts.map(host => ({ type, host, ...more }) as EntryBody)

export const inspected = (hosts: readonly string[]): (EntryBody | number)[] => [
  ...each(hosts, 'host.inspect.begun'),
  120,
  ...each(hosts, 'host.inspected', { current: false, found: old }),
]

export const prepared = (hosts: readonly string[]): (EntryBody | number)[] => [
  ...inspected(hosts),
  ...each(hosts, 'host.prepare.begun'),
  900,
  ...each(hosts, 'host.prepared', { version: '1.26.3' }),
]

export const switched = (hosts: readonly string[]): (EntryBody | number)[] => [
  ...each(hosts, 'host.switch.begun'),
  152,
  ...each(hosts, 'host.switched', { ms: 152 }),
  3000,
  ...each(hosts, 'host.healthy'),
]

export const summary = (end: HostSummary['end'], more: Partial<HostSummary> = {}): HostSummary => ({
  end,
  before: '1.22.1',
  after: end === 'committed' ? '1.26.3' : '1.22.1',
  fault: null,
  ...more,
})

const all = (hosts: readonly string[], one: HostSummary) => Object.fromEntries(hosts.map(host => [host, one]))

export function committedRun(count = 3): Entry[] {
  const hosts = names(count)
  return tellRun(
    opening(hosts),
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(hosts.slice(0, 1)),
    { type: 'stage.baking', stage: 'canary', ms: 300_000 },
    300_000,
    { type: 'stage.baked', stage: 'canary' },
    { type: 'stage.finished', stage: 'canary' },
    { type: 'stage.started', stage: 'rest' },
    ...switched(hosts.slice(1)),
    { type: 'stage.finished', stage: 'rest' },
    { type: 'run.precommitting' },
    ...each(hosts, 'host.precommit.begun'),
    40,
    ...each(hosts, 'host.precommitted'),
    { type: 'run.decided', hosts },
    ...each(hosts, 'host.commit.begun'),
    700,
    ...each(hosts.slice(0, -1), 'host.committed', { found: fresh, oldLeft: 0, cut: 0 }),
    ...each(hosts.slice(-1), 'host.committed', { found: fresh, oldLeft: 1, cut: 2 }),
    {
      type: 'run.finished',
      exit: 0,
      outcome: 'committed',
      summary: `done: ${count} hosts committed`,
      hosts: all(hosts, summary('committed')),
    },
  )
}

export const brokenHealth = fault('HEALTH_FAILED', 'health check "answers" failed: status 502', {
  host: 'h02',
})

export function rolledBackRun(): Entry[] {
  const hosts = names(3)
  const reason = 'h02 failed: health check "answers" failed: status 502'
  return tellRun(
    opening(hosts),
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(['h01']),
    { type: 'stage.finished', stage: 'canary' },
    { type: 'stage.started', stage: 'rest' },
    ...each(['h02'], 'host.switch.begun'),
    200,
    { type: 'host.switched', host: 'h02', ms: 200 },
    { type: 'health.changed', host: 'h02', check: 'answers', verdict: 'fail', detail: 'status 502' },
    { type: 'host.failed', host: 'h02', fault: brokenHealth, found: null },
    { type: 'run.rolling_back', reason },
    ...each(['h01', 'h02', 'h03'], 'host.revert.begun'),
    210,
    { type: 'host.reverted', host: 'h01', found: old, ms: 210, how: 'reverse' },
    { type: 'host.reverted', host: 'h02', found: old, ms: 210, how: 'in-place' },
    { type: 'host.reverted', host: 'h03', found: old, ms: 12, how: 'in-place' },
    {
      type: 'run.finished',
      exit: 2,
      outcome: 'rolled-back',
      summary: `rolled back: every host is on the version it had before, in its processes and on disk (${reason})`,
      hosts: {
        h01: summary('reverted'),
        h02: summary('reverted', { fault: brokenHealth }),
        h03: summary('untouched'),
      },
    },
  )
}

export function inDoubtRun(): Entry[] {
  const hosts = names(2)
  const lost = fault('REVERT_FAILED', 'two masters and no accepting worker', {
    host: 'h01',
    hint: 'look at both masters on the host; QUIT the old one once the new one is seen to serve',
  })
  return tellRun(
    opening(hosts),
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(['h01']),
    { type: 'run.interrupted', signal: 'SIGINT' },
    { type: 'run.rolling_back', reason: 'interrupted by SIGINT' },
    ...each(hosts, 'host.revert.begun'),
    20_000,
    { type: 'host.in_doubt', host: 'h01', fault: lost },
    { type: 'host.reverted', host: 'h02', found: old, ms: 10 },
    {
      type: 'run.finished',
      exit: 3,
      outcome: 'in-doubt',
      summary: 'a human is needed: 1 host in doubt',
      hosts: { h01: summary('in-doubt', { fault: lost }), h02: summary('untouched') },
    },
  )
}

export function refusedRun(): Entry[] {
  const hosts = names(3)
  const locked = fault('HOST_LOCKED', 'another run holds the lock: 20261119-2200', {
    host: 'h02',
    hint: 'wait for it to end',
  })
  const unfit = fault('HOST_UNFIT', 'the binary on disk is not the one that runs', {
    host: 'h02',
    hint: 'bring process and disk together first',
  })
  const lost = fault('SSH_UNREACHABLE', 'connect ECONNREFUSED 10.0.0.3:22', { host: 'h03' })
  return tellRun(
    opening(hosts),
    ...each(hosts, 'host.inspect.begun'),
    90,
    { type: 'host.inspected', host: 'h01', current: false, found: old },
    { type: 'host.refused', host: 'h02', faults: [locked, unfit] },
    5000,
    { type: 'host.unreachable', host: 'h03', fault: lost },
    {
      type: 'run.finished',
      exit: 7,
      outcome: 'refused',
      summary: 'refused: nothing was changed on any host',
      hosts: {
        h01: summary('untouched'),
        h02: summary('untouched', { before: '', after: '', fault: locked }),
        h03: summary('untouched', { before: '', after: '', fault: lost }),
      },
    },
  )
}

export function idleRun(): Entry[] {
  const hosts = names(2)
  return tellRun(
    opening(hosts),
    ...each(hosts, 'host.inspect.begun'),
    ...each(hosts, 'host.inspected', { current: true, found: fresh }),
    {
      type: 'run.finished',
      exit: 0,
      outcome: 'nothing-to-do',
      summary: 'nothing to do: all of 2 hosts run the wanted binary already',
      hosts: all(hosts, summary('current', { before: '1.26.3', after: '1.26.3' })),
    },
  )
}

const evil = '\u001b[2J\u001b]52;c;cm0gLXJm\u0007\u202eevil\r\u0000\u009b31m\n'

/** Every text a host can influence is hostile, and one of them is long. */
export function hostileRun(): Entry[] {
  const hosts = names(1)
  const bad = fault('SWITCH_FAILED', `${evil}${'A'.repeat(5000)}${evil}`, { host: 'h01', hint: evil })
  const found = { ...old, version: `1.22${evil}` }
  return tellRun(
    opening(hosts),
    ...each(hosts, 'host.inspect.begun'),
    { type: 'host.inspected', host: 'h01', current: false, found },
    ...each(hosts, 'host.prepare.begun'),
    { type: 'host.prepared', host: 'h01', version: evil },
    ...each(hosts, 'host.switch.begun'),
    { type: 'host.switched', host: 'h01', ms: 1 },
    {
      type: 'health.changed',
      host: 'h01',
      check: evil,
      verdict: 'fail',
      detail: `${evil}${'B'.repeat(5000)}`,
    },
    { type: 'host.failed', host: 'h01', fault: bad, found },
    { type: 'run.rolling_back', reason: `${evil}${'C'.repeat(5000)}` },
    { type: 'host.in_doubt', host: 'h01', fault: bad },
    {
      type: 'run.finished',
      exit: 3,
      outcome: 'in-doubt',
      summary: `a human is needed ${evil}`,
      hosts: { h01: { end: 'in-doubt', before: found.version, after: evil, fault: bad } },
    },
  )
}

/** Anything a terminal could act on, apart from the end of a line. */
export const unsafe =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
