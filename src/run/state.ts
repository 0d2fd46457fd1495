/**
 * The state of a run: a fold over its journal. Nothing else is remembered, so a run can be taken up from its entries.
 * `apply` changes the state in place: a run of ten thousand hosts has a hundred thousand entries.
 */
import type { ExitCode } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import type { EntryBody, HostFacts, RunOutcome, StageInfo } from '../journal/entry.ts'

export type HostPhase =
  | 'waiting'
  | 'inspecting'
  | 'inspected'
  | 'current'
  | 'unreachable'
  | 'refused'
  | 'left-out'
  | 'preparing'
  | 'prepared'
  | 'switching'
  | 'switched'
  | 'healthy'
  | 'failing'
  | 'failed'
  | 'precommitting'
  | 'precommitted'
  | 'committing'
  | 'committed'
  | 'reverting'
  | 'reverted'
  | 'in-doubt'

export interface HostRecord {
  readonly name: string
  readonly stage: number
  phase: HostPhase
  /** Its switch was begun: from here a revert has something to undo. */
  touched: boolean
  before: HostFacts | undefined
  after: HostFacts | undefined
  newVersion: string
  fault: Fault | undefined
  /** Every reason why it was refused. */
  refusals: readonly Fault[]
}

/** What of a plan decides the course of a run. */
export interface Limits {
  readonly stages: readonly StageInfo[]
  readonly concurrency: number
  readonly maxFailed: number
  readonly maxUnreachable: number
  readonly rollbackConcurrency: number
}

export interface RunState {
  readonly limits: Limits
  readonly hosts: ReadonlyMap<string, HostRecord>
  readonly groups: ReadonlyMap<HostPhase, ReadonlySet<string>>
  /** Per stage, the hosts not yet switched, in order; prepared ones are taken from the front. */
  readonly pending: readonly Set<string>[]
  /** Hosts that failed after the start, whatever became of them. */
  readonly failures: Set<string>
  /** Hosts whose revert was tried while going back; an in-doubt host gets one more try then. */
  readonly retried: Set<string>
  stage: number
  stageStep: 'waiting' | 'rolling' | 'baking' | 'baked'
  bakeMs: number
  precommitting: boolean
  decided: boolean
  rollingBack: string | undefined
  interrupted: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined
  finished: RunOutcome | undefined
  exit: ExitCode | undefined
  /** The journal could not be written: from then on nothing new was begun. */
  journalLost: boolean
}

export function initialState(limits: Limits): RunState {
  const hosts = new Map<string, HostRecord>()
  const groups = new Map<HostPhase, Set<string>>()
  for (const [stage, { hosts: names }] of limits.stages.entries()) {
    for (const name of names) {
      hosts.set(name, {
        name,
        stage,
        phase: 'waiting',
        touched: false,
        before: undefined,
        after: undefined,
        newVersion: '',
        fault: undefined,
        refusals: [],
      })
    }
  }
  groups.set('waiting', new Set(hosts.keys()))
  return {
    limits,
    hosts,
    groups,
    pending: limits.stages.map(stage => new Set(stage.hosts)),
    failures: new Set(),
    retried: new Set(),
    stage: 0,
    stageStep: 'waiting',
    bakeMs: 0,
    precommitting: false,
    decided: false,
    rollingBack: undefined,
    interrupted: undefined,
    finished: undefined,
    exit: undefined,
    journalLost: false,
  }
}

export function inPhase(state: RunState, ...phases: HostPhase[]): number {
  return phases.reduce((sum, phase) => sum + (state.groups.get(phase)?.size ?? 0), 0)
}

export function* hostsIn(state: RunState, ...phases: HostPhase[]): Generator<string> {
  for (const phase of phases) yield* state.groups.get(phase) ?? []
}

/** A host whose part in the run has ended, or that is going back: later news of an earlier phase is too late. */
const past: ReadonlySet<HostPhase> = new Set(['reverting', 'reverted', 'failed', 'in-doubt', 'committed'])

export function apply(state: RunState, entry: EntryBody): void {
  switch (entry.type) {
    case 'host.inspect.begun':
      return update(state, entry.host, 'inspecting')
    case 'host.inspected':
      update(state, entry.host, entry.current ? 'current' : 'inspected', { before: entry.found })
      if (entry.current) dequeue(state, entry.host)
      return
    case 'host.unreachable':
      return update(state, entry.host, 'unreachable', { fault: entry.fault })
    case 'host.refused':
      return update(state, entry.host, 'refused', { fault: entry.faults[0], refusals: entry.faults })
    case 'host.left_out':
      dequeue(state, entry.host)
      return update(state, entry.host, 'left-out', { fault: entry.fault })
    case 'host.prepare.begun':
      return update(state, entry.host, 'preparing')
    case 'host.prepared':
      return update(state, entry.host, 'prepared', { newVersion: entry.version })
    case 'stage.started':
      state.stageStep = 'rolling'
      return
    case 'host.switch.begun':
      dequeue(state, entry.host)
      return update(state, entry.host, 'switching', { touched: true })
    case 'host.switched':
      return updateUnlessPast(state, entry.host, 'switched')
    case 'host.healthy':
      return updateUnlessPast(state, entry.host, 'healthy')
    case 'host.failed':
      return applyFailure(state, entry)
    case 'stage.baking':
      state.stageStep = 'baking'
      state.bakeMs = entry.ms
      return
    case 'stage.baked':
      state.stageStep = 'baked'
      return
    case 'stage.finished':
      state.stage++
      state.stageStep = 'waiting'
      return
    case 'run.precommitting':
      state.precommitting = true
      return
    case 'host.precommit.begun':
      return update(state, entry.host, 'precommitting')
    case 'host.precommitted':
      return updateUnlessPast(state, entry.host, 'precommitted')
    case 'run.decided':
      state.decided = true
      return
    case 'host.commit.begun':
      return update(state, entry.host, 'committing')
    case 'host.committed':
      return update(state, entry.host, 'committed', { after: entry.found })
    case 'run.interrupted':
      state.interrupted ??= entry.signal
      return
    case 'run.rolling_back':
      state.rollingBack = entry.reason
      return
    case 'host.revert.begun':
      if (state.rollingBack) state.retried.add(entry.host)
      return update(state, entry.host, 'reverting')
    case 'host.reverted':
      return update(state, entry.host, state.failures.has(entry.host) ? 'failed' : 'reverted', {
        after: entry.found,
      })
    case 'host.in_doubt':
      return update(state, entry.host, 'in-doubt', { fault: entry.fault })
    case 'run.finished':
      state.finished = entry.outcome
      state.exit = entry.exit
      return
    case 'run.started':
    case 'health.changed':
      return
  }
}

function applyFailure(state: RunState, entry: Extract<EntryBody, { type: 'host.failed' }>): void {
  // Nothing goes back once the run is decided; what fails then is the commit's to report.
  if (state.decided) return
  const record = state.hosts.get(entry.host)
  if (!record || past.has(record.phase)) return
  state.failures.add(entry.host)
  dequeue(state, entry.host)
  const { fault, found } = entry
  // Frozen participants are never fewer: after that even a failure proven old takes the fleet back.
  if (found && !state.precommitting) update(state, entry.host, 'failed', { fault, after: found })
  else update(state, entry.host, 'failing', { fault })
}

function updateUnlessPast(state: RunState, host: string, phase: HostPhase): void {
  const record = state.hosts.get(host)
  if (record && !past.has(record.phase) && record.phase !== 'failing') update(state, host, phase)
}

function update(
  state: RunState,
  host: string,
  phase: HostPhase,
  more: { [Key in keyof HostRecord]?: HostRecord[Key] | undefined } = {},
): void {
  const record = state.hosts.get(host)
  if (!record) return
  const groups = state.groups as Map<HostPhase, Set<string>>
  groups.get(record.phase)?.delete(host)
  let group = groups.get(phase)
  if (!group) {
    group = new Set()
    groups.set(phase, group)
  }
  group.add(host)
  Object.assign(record, more, { phase })
}

function dequeue(state: RunState, host: string): void {
  const record = state.hosts.get(host)
  if (record) state.pending[record.stage]?.delete(host)
}
