/**
 * The state of a run: a fold over its journal. Nothing else is remembered, so a run can be taken up from its entries.
 * `apply` changes the state in place: a run of ten thousand hosts has a hundred thousand entries.
 */
import type { ExitCode } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import type { HostFacts, Interruption, RunOutcome, StageInfo } from '../journal/entry.ts'
import type { PlannedWindows } from '../plan/windows.ts'

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
  /** Another controller has taken the run over: what it has come to there is not known yet. */
  | 'unsure'
  | 'looking'

export interface HostRecord {
  readonly name: string
  readonly stage: number
  phase: HostPhase
  /** Its switch was begun: from here a revert has something to undo. */
  touched: boolean
  /** Its preparation was begun: the run may have left something there. */
  begun: boolean
  before: HostFacts | undefined
  after: HostFacts | undefined
  newVersion: string
  /** It had failed and was proven back before another controller came: it takes no part any more. */
  wasBack: boolean
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
  /** Not there: hosts may start at any time. */
  readonly windows?: PlannedWindows
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
  /** How many have been begun: one whose controller stood still counts for nothing. */
  bakes: number
  precommitting: boolean
  decided: boolean
  /** Some host has acted on the decision, so nothing undoes it any more. */
  heard: boolean
  /** Of the decision; undefined where it was only heard of from a host. */
  participants: ReadonlySet<string> | undefined
  rollingBack: string | undefined
  interrupted: Interruption | undefined
  /** Of the stage that is next. */
  gate: 'shut' | 'waiting' | 'passed'
  /** Nothing more is switched; for how long at most, in milliseconds. */
  pausedMs: number | undefined
  /** Open, or what follows from its having closed while hosts were left to switch. */
  window: 'open' | PlannedWindows['onClose']
  /** When it opens next, in milliseconds since 1970, while the run holds. */
  windowOpensMs: number | undefined
  /** The controller stood still; until every host was heard from again nothing new is begun. */
  woke: 'no' | 'yes' | 'looking'
  /** How often it has stood still. */
  wakes: number
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
        begun: false,
        before: undefined,
        after: undefined,
        newVersion: '',
        wasBack: false,
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
    bakes: 0,
    precommitting: false,
    decided: false,
    heard: false,
    participants: undefined,
    rollingBack: undefined,
    interrupted: undefined,
    gate: 'shut',
    pausedMs: undefined,
    window: 'open',
    windowOpensMs: undefined,
    woke: 'no',
    wakes: 0,
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

/** It has been interrupted or has failed, and goes back unless it was decided before; without a journal nothing new begins. */
export function isTurnedAround(state: RunState): boolean {
  const isGoingBack = state.interrupted !== undefined || state.rollingBack !== undefined
  return state.journalLost || (isGoingBack && !state.decided)
}

export function update(
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

export function dequeue(state: RunState, host: string): void {
  const record = state.hosts.get(host)
  if (record) state.pending[record.stage]?.delete(host)
}
