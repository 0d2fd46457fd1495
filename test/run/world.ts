/**
 * A run without hosts, disks or clocks: plans in short form, and a tale that is told entry by entry.
 * A decision reads as one line: `switch web1`, `start-stage`, `finish rolled-back`.
 */
import { type Fault, type FaultCode, fault } from '../../src/core/fault.ts'
import type { EntryBody, HostFacts, StageInfo } from '../../src/journal/entry.ts'
import { apply } from '../../src/run/apply.ts'
import { type Decision, decide } from '../../src/run/decide.ts'
import { finishEntry } from '../../src/run/ending.ts'
import { initialState, type Limits, type RunState } from '../../src/run/state.ts'

export function stage(
  name: string,
  hosts: readonly string[],
  more: Partial<Omit<StageInfo, 'name' | 'hosts'>> = {},
): StageInfo {
  return { name, hosts, concurrency: 100, bakeMs: 0, gate: null, gateMs: 0, ...more }
}

export function limitsOf(stages: readonly StageInfo[], more: Partial<Omit<Limits, 'stages'>> = {}): Limits {
  return { stages, concurrency: 100, maxFailed: 0, maxUnreachable: 0, rollbackConcurrency: 100, ...more }
}

export const oldFacts: HostFacts = {
  version: '1.26.2',
  sha256: 'a'.repeat(64),
  runsPath: true,
  pid: 100,
  workers: 2,
  masters: 1,
  draining: 0,
}
export const newFacts: HostFacts = { ...oldFacts, version: '1.26.3', sha256: 'b'.repeat(64), pid: 200 }

export function trouble(host: string, code: FaultCode = 'SWITCH_FAILED', message = 'it broke'): Fault {
  return fault(code, message, { host })
}

/** The answers of a host, as the entries they become. */
export const said = {
  fit: (host: string): EntryBody => ({ type: 'host.inspected', host, current: false, found: oldFacts }),
  current: (host: string): EntryBody => ({ type: 'host.inspected', host, current: true, found: newFacts }),
  refused: (host: string, code: FaultCode = 'HOST_UNFIT'): EntryBody => ({
    type: 'host.refused',
    host,
    faults: [trouble(host, code)],
  }),
  unreachable: (host: string): EntryBody => ({
    type: 'host.unreachable',
    host,
    fault: trouble(host, 'HOST_LOST'),
  }),
  prepared: (host: string): EntryBody => ({ type: 'host.prepared', host, version: '1.26.3' }),
  switched: (host: string): EntryBody => ({ type: 'host.switched', host, ms: 1 }),
  healthy: (host: string): EntryBody => ({ type: 'host.healthy', host }),
  failed: (host: string): EntryBody => ({ type: 'host.failed', host, fault: trouble(host), found: null }),
  failedProvenOld: (host: string): EntryBody => ({
    type: 'host.failed',
    host,
    fault: trouble(host),
    found: oldFacts,
  }),
  baked: (name: string): EntryBody => ({ type: 'stage.baked', stage: name }),
  precommitted: (host: string): EntryBody => ({ type: 'host.precommitted', host }),
  committed: (host: string): EntryBody => ({
    type: 'host.committed',
    host,
    found: newFacts,
    oldLeft: 0,
    cut: 0,
  }),
  reverted: (host: string): EntryBody => ({ type: 'host.reverted', host, found: oldFacts, ms: 1 }),
  inDoubt: (host: string): EntryBody => ({
    type: 'host.in_doubt',
    host,
    fault: trouble(host, 'REVERT_FAILED'),
  }),
  leftOut: (host: string): EntryBody => ({ type: 'host.left_out', host, fault: trouble(host, 'HOST_LOST') }),
  interrupted: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' = 'SIGINT'): EntryBody => ({
    type: 'run.interrupted',
    signal,
  }),
}

/** The entry that a decision becomes the moment it is begun. */
export function entryOf(decision: Decision, state: RunState): EntryBody {
  const current = state.limits.stages[state.stage]
  switch (decision.do) {
    case 'inspect':
    case 'look':
    case 'prepare':
    case 'switch':
    case 'precommit':
    case 'commit':
    case 'revert':
      return { type: `host.${decision.do}.begun`, host: decision.host }
    case 'leave-out':
      return said.leftOut(decision.host)
    case 'start-stage':
      return { type: 'stage.started', stage: current?.name ?? '' }
    case 'finish-stage':
      return { type: 'stage.finished', stage: current?.name ?? '' }
    case 'bake':
      return { type: 'stage.baking', stage: current?.name ?? '', ms: current?.bakeMs ?? 0 }
    case 'wait-at-gate':
      return { type: 'gate.waiting', stage: current?.name ?? '', gate: 'approval', ms: current?.gateMs ?? 0 }
    case 'look-again':
      return { type: 'run.looked_again' }
    case 'start-precommit':
      return { type: 'run.precommitting' }
    case 'decide':
      return { type: 'run.decided', hosts: [...(state.groups.get('precommitted') ?? [])] }
    case 'roll-back':
      return { type: 'run.rolling_back', reason: decision.reason }
    case 'finish':
      return finishEntry(state, decision.outcome)
  }
}

export interface Tale {
  readonly state: RunState
  /** What would be decided now. */
  next(): string[]
  /** Begins what is decided now and says what it was. */
  step(): string[]
  hear(...entries: EntryBody[]): Tale
  /** Begins and answers well until `what` is decided, which is left undone. */
  until(what: string): Tale
  /** The exit code of the finished run. */
  exit(): number
}

/** Phases answered at once with success, so that a tale can start in the middle. */
const goodAnswer: Partial<Record<Decision['do'], (host: string) => EntryBody[]>> = {
  inspect: host => [said.fit(host)],
  prepare: host => [said.prepared(host)],
  switch: host => [said.switched(host), said.healthy(host)],
  precommit: host => [said.precommitted(host)],
  commit: host => [said.committed(host)],
  revert: host => [said.reverted(host)],
}

export function tale(limits: Limits): Tale {
  const state = initialState(limits)
  let exit = Number.NaN
  const perform = (decision: Decision) => {
    const entry = entryOf(decision, state)
    if (entry.type === 'run.finished') exit = entry.exit
    apply(state, entry)
  }
  const self: Tale = {
    state,
    next: () => decide(state).map(word),
    step() {
      const decisions = decide(state)
      for (const decision of decisions) perform(decision)
      return decisions.map(word)
    },
    hear(...entries) {
      for (const entry of entries) apply(state, entry)
      return self
    },
    until(what) {
      for (let turn = 0; turn < 1000; turn++) {
        const decisions = decide(state)
        if (decisions.some(decision => word(decision) === what)) return self
        if (decisions.length === 0) break
        for (const decision of decisions) {
          perform(decision)
          if (decision.do === 'bake') apply(state, said.baked(limits.stages[state.stage]?.name ?? ''))
          if ('host' in decision)
            for (const entry of goodAnswer[decision.do]?.(decision.host) ?? []) apply(state, entry)
        }
      }
      throw new Error(`"${what}" was never decided; now: ${decide(state).map(word).join(', ') || 'nothing'}`)
    },
    exit: () => exit,
  }
  return self
}

export function word(decision: Decision): string {
  if ('host' in decision) return `${decision.do} ${decision.host}`
  return decision.do === 'finish' ? `finish ${decision.outcome}` : decision.do
}
