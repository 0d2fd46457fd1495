/** The views and the run itself must make the same of what another controller finds. */
import { describe, expect, it } from 'vitest'
import { fault } from '../../src/core/fault.ts'
import { runStands } from '../../src/core/run-stand.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import { standingOf } from '../../src/report/fold.ts'
import type { HostStep } from '../../src/report/standing.ts'
import { apply } from '../../src/run/apply.ts'
import { type HostPhase, type HostRecord, initialState } from '../../src/run/state.ts'
import { approved, cutOff, decisionHeard, found, gated, look, paused, resumed } from './second-world.ts'
import { fresh, inDoubtRun, inspected, names, old, opening, prepared, switched, tellRun } from './world.ts'

const hosts = names(4)
const ill = fault('HEALTH_FAILED', 'status 502', { host: 'h01' })
const failed = (back: typeof old | null): EntryBody => ({
  type: 'host.failed',
  host: 'h01',
  fault: ill,
  found: back,
})
const begun = (effect: 'switch' | 'precommit' | 'commit' | 'revert'): EntryBody => ({
  type: `host.${effect}.begun`,
  host: 'h01',
})
const toPrepared = [opening(hosts), ...prepared(hosts)]
const toHealthy = [...toPrepared, ...switched(['h01'])]
const acknowledged: EntryBody = { type: 'host.precommitted', host: 'h01' }
const toPrecommitted = [
  ...toHealthy,
  { type: 'run.precommitting' } as const,
  begun('precommit'),
  acknowledged,
]
const decided: EntryBody = { type: 'run.decided', hosts: ['h01'] }
const reverted: EntryBody = { type: 'host.reverted', host: 'h01', found: old, ms: 1 }

/** How far a run had come at h01 when its controller was gone. */
const lives: Readonly<Record<string, readonly (EntryBody | number)[]>> = {
  waiting: [opening(hosts)],
  inspected: [opening(hosts), ...inspected(hosts)],
  current: [opening(hosts), { type: 'host.inspected', host: 'h01', current: true, found: fresh }],
  unreachable: [opening(hosts), { type: 'host.unreachable', host: 'h01', fault: ill }],
  refused: [opening(hosts), { type: 'host.refused', host: 'h01', faults: [ill] }],
  'left out': [opening(hosts), { type: 'host.left_out', host: 'h01', fault: ill }],
  preparing: [opening(hosts), ...inspected(hosts), { type: 'host.prepare.begun', host: 'h01' }],
  prepared: toPrepared,
  switching: [...toPrepared, begun('switch')],
  switched: [...toPrepared, begun('switch'), { type: 'host.switched', host: 'h01', ms: 1 }],
  healthy: toHealthy,
  failing: [...toHealthy, failed(null)],
  failed: [...toPrepared, begun('switch'), failed(old)],
  'failed after the participants were frozen': [...toHealthy, { type: 'run.precommitting' }, failed(old)],
  reverting: [...toHealthy, failed(null), begun('revert')],
  reverted: [...toHealthy, failed(null), begun('revert'), reverted],
  precommitting: [...toHealthy, { type: 'run.precommitting' }, begun('precommit')],
  precommitted: toPrecommitted,
  decided: [...toPrecommitted, decided],
  committing: [...toPrecommitted, decided, begun('commit')],
  committed: [
    ...toPrecommitted,
    decided,
    begun('commit'),
    { type: 'host.committed', host: 'h01', found: fresh, oldLeft: 0, cut: 0 },
  ],
  'in doubt': [...toHealthy, begun('revert'), { type: 'host.in_doubt', host: 'h01', fault: ill }],
}

const words: Partial<Record<HostPhase, HostStep>> = {
  'left-out': 'left out',
  'in-doubt': 'in doubt',
  failing: 'failed',
}

function stepFor({ phase, touched }: HostRecord): HostStep {
  if (phase === 'failed' || phase === 'reverted') return touched ? 'reverted' : 'released'
  return words[phase] ?? (phase as HostStep)
}

/** Every host as the run has it and as the views have it, from the same entries. */
function compare(told: readonly (EntryBody | number)[]): void {
  const entries = tellRun(...told)
  const [start] = entries
  if (start?.type !== 'run.started') throw new Error('no beginning')
  const limits = { concurrency: 2, maxFailed: 1, maxUnreachable: 0, rollbackConcurrency: 5 }
  const state = initialState({ ...limits, stages: start.stages })
  for (const entry of entries) apply(state, entry)
  const standing = standingOf(entries)
  const bare = (code?: string, message?: string) => (code ? `${code}: ${message}` : '')
  const known = (step: HostStep) => step === 'failed' || step === 'reverted'
  for (const record of state.hosts.values()) {
    const host = standing.hosts.get(record.name)
    expect(host?.step).toBe(stepFor(record))
    expect(host?.touched).toBe(record.touched)
    if (!host || !known(host.step)) continue
    const [fault] = host.faults
    expect(bare(fault?.code, fault?.message)).toBe(bare(record.fault?.code, record.fault?.message))
    expect(host.after).toEqual(record.after)
  }
  expect(standing.decided).toBe(state.decided)
  expect(standing.finished?.outcome).toBe(state.finished)
  expect(standing.gate !== undefined).toBe(state.gate === 'waiting')
  expect(standing.pause?.ms).toBe(state.pausedMs)
}

describe.each(Object.entries(lives))('a host that was %s', (_life, told) => {
  it('stands as the run has it, before and after another controller came', () => {
    compare(told)
    compare([...told, resumed()])
  })

  it.each(runStands)('found %s', stand => {
    compare([...told, resumed(), look('h01'), found('h01', stand)])
    // Nobody looked, or the run has turned around meanwhile: too late.
    compare([...told, resumed(), found('h01', stand)])
  })
})

it('brings forward who went back, once one host has heard of the decision', () => {
  for (const [end] of decisionHeard().entries()) compare(decisionHeard().slice(0, end + 1))
  const heard = decisionHeard().findIndex(entry => entry.type === 'host.found')
  const standing = standingOf(decisionHeard().slice(0, heard + 1))
  expect(standing).toMatchObject({ decided: true, decisionHeardFrom: 'h01', resumed: { epoch: 3 } })
  expect(standing.hosts.get('h03')?.step).toBe('looking')
  const found = standingOf(decisionHeard().slice(0, heard + 3))
  expect(found.hosts.get('h03')).toMatchObject({ step: 'waiting', faults: [] })
  compare(decisionHeard())
  const after = standingOf(decisionHeard())
  expect(after.hosts.get('h03')).toMatchObject({ step: 'reverted' })
  expect(after.hosts.get('h04')).toMatchObject({ step: 'reverted', faults: [{ code: 'SSH_UNREACHABLE' }] })
})

it('takes a run that ended in doubt for unfinished again', () => {
  const entries = inDoubtRun()
  expect(standingOf(entries).finished).toBeDefined()
  const again = standingOf([...entries, ...tellRun(resumed())])
  expect(again.finished).toBeUndefined()
  expect(again.hosts.get('h01')?.step).toBe('unsure')
  expect(again.counts.get('in doubt')).toBe(0)
})

it('has nothing under way once another controller came', () => {
  const open = (told: readonly (EntryBody | number)[]) =>
    [...standingOf(tellRun(...told)).hosts.values()].flatMap(host => [...host.open])
  expect(open(cutOff())).toEqual(['switch'])
  expect(open([...cutOff(), resumed()])).toEqual([])
})

describe('what a run waits for', () => {
  const at = (...told: readonly (EntryBody | number)[]) => standingOf(tellRun(...told))
  const step = ({ stages }: ReturnType<typeof at>) => stages[1]?.step

  it('is a gate until it passes', () => {
    const waiting = at(...gated())
    expect(waiting.gate).toEqual({ stage: 'rest', ms: 3_600_000, untilMs: waiting.lastMs + 3_600_000 })
    expect(step(waiting)).toBe('at gate')
    const passed = at(...gated(), approved)
    expect([passed.gate, step(passed)]).toEqual([undefined, 'waiting'])
    expect(step(at(...gated(), approved, { type: 'stage.started', stage: 'rest' }))).toBe('rolling')
  })

  it('is over with another controller: a gate is waited at anew once it is begun, a pause is what resuming ends', () => {
    const again = at(...gated(), paused, 600_000, resumed())
    expect([again.gate, step(again)]).toEqual([undefined, 'waiting'])
    expect(again.pause).toBeUndefined()
  })

  it.each<[string, EntryBody]>([
    ['interrupted', { type: 'run.interrupted', signal: 'abort', by: 'mia@ops2' }],
    ['rolling back', { type: 'run.rolling_back', reason: 'h01 failed' }],
  ])('is nothing once it is %s', (_title, entry) => {
    const turned = at(...gated(), paused, { type: 'run.woke', ms: 9000 }, entry)
    expect([turned.gate, turned.pause, turned.stoodStill]).toEqual([undefined, undefined, false])
  })
})
