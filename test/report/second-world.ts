/** Runs that wait for somebody, and runs that another controller goes on with. */
import { fault } from '../../src/core/fault.ts'
import type { RunStand } from '../../src/core/run-stand.ts'
import type { Entry, EntryBody, HostFacts } from '../../src/journal/entry.ts'
import { fresh, names, old, opening, prepared, switched, tellRun } from './world.ts'

export type Told = EntryBody | number

export const gateMs = 3_600_000

/** The canary is done, and the rest waits for an approval. */
export function gated(count = 3): Told[] {
  const hosts = names(count)
  const first = opening(hosts) as Extract<EntryBody, { type: 'run.started' }>
  const [canary, rest] = first.stages
  if (!canary || !rest) throw new Error('two stages are needed')
  return [
    { ...first, stages: [canary, { ...rest, gate: 'approval', gateMs }] },
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(['h01']),
    { type: 'stage.finished', stage: 'canary' },
    { type: 'gate.waiting', stage: 'rest', gate: 'approval', ms: gateMs },
  ]
}

export const approved: EntryBody = { type: 'gate.passed', stage: 'rest', gate: 'approval', by: 'mia@ops2' }
export const paused: EntryBody = { type: 'run.paused', by: 'mia@ops2', ms: 1_800_000 }
export const continued: EntryBody = { type: 'run.continued', by: 'mia@ops2' }

/** Of five hosts one is healthy, one is being switched, one has switched, and two are prepared. */
export function cutOff(): Told[] {
  const hosts = names(5)
  return [
    opening(hosts),
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(['h01']),
    { type: 'stage.finished', stage: 'canary' },
    { type: 'stage.started', stage: 'rest' },
    { type: 'host.switch.begun', host: 'h02' },
    { type: 'host.switch.begun', host: 'h03' },
    150,
    { type: 'host.switched', host: 'h03', ms: 150 },
  ]
}

export const resumed = (more: Partial<Extract<EntryBody, { type: 'run.resumed' }>> = {}): EntryBody => ({
  type: 'run.resumed',
  tool: '0.1.0',
  who: 'mia',
  from: 'ops2',
  pid: 99,
  identity: 'boot 2',
  epoch: 2,
  notes: [],
  ...more,
})

export const look = (host: string): EntryBody => ({ type: 'host.look.begun', host })

export const found = (host: string, stand: RunStand, facts: HostFacts = old): EntryBody => ({
  type: 'host.found',
  host,
  stand,
  found: facts,
})

/** A run that was cut off, and all that its second controller finds. */
export function resumedRun(): Entry[] {
  return tellRun(
    ...cutOff(),
    600_000,
    resumed({ notes: ['the playbook was edited since: playbooks/nginx.yml'] }),
    ...names(5).map(look),
    80,
    found('h01', 'switched'),
    found('h02', 'switching'),
    found('h03', 'reverted'),
    found('h04', 'prepared'),
    found('h05', 'none'),
  )
}

/** The decision never reached the journal; two hosts had heard of it, and one had gone back before. */
export function decisionHeard(): Entry[] {
  const hosts = names(4)
  const broken = fault('HEALTH_FAILED', 'health check "answers" failed: status 502', { host: 'h03' })
  return tellRun(
    opening(hosts),
    ...prepared(hosts),
    { type: 'stage.started', stage: 'canary' },
    ...switched(hosts.slice(0, 2)),
    { type: 'host.switch.begun', host: 'h03' },
    { type: 'host.failed', host: 'h03', fault: broken, found: old },
    { type: 'host.switch.begun', host: 'h04' },
    { type: 'host.switched', host: 'h04', ms: 90 },
    { type: 'run.precommitting' },
    resumed({ epoch: 3, tool: '0.2.0' }),
    ...hosts.map(look),
    found('h01', 'committed', fresh),
    found('h02', 'precommitted'),
    found('h03', 'reverted'),
    found('h04', 'reverted'),
    { type: 'host.inspect.begun', host: 'h03' },
    { type: 'host.inspected', host: 'h03', current: false, found: old },
    { type: 'host.inspect.begun', host: 'h04' },
    { type: 'host.unreachable', host: 'h04', fault: fault('SSH_UNREACHABLE', 'no answer', { host: 'h04' }) },
    { type: 'host.prepare.begun', host: 'h03' },
    { type: 'host.prepared', host: 'h03', version: '1.26.3' },
    { type: 'host.switch.begun', host: 'h03' },
    { type: 'host.switched', host: 'h03', ms: 152 },
    { type: 'host.failed', host: 'h03', fault: broken, found: null },
    { type: 'host.revert.begun', host: 'h03' },
    { type: 'host.reverted', host: 'h03', found: old, ms: 44, how: 'in-place' },
  )
}
