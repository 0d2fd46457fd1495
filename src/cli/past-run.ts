/** What is kept of a run that was started before: how it stands, who leads it, and what was its plan. */
import { highestEpoch, readController } from '../journal/controllers.ts'
import type { Entry } from '../journal/entry.ts'
import { type Liveness, livenessOf } from '../journal/process-identity.ts'
import { findRun, readJournal, runPath } from '../journal/run-directory.ts'
import { apply } from '../run/apply.ts'
import { initialState, type RunState } from '../run/state.ts'

/** A run as its journal tells it, and who leads it. */
export interface PastRun {
  readonly root: string
  readonly run: string
  readonly dir: string
  readonly entries: readonly Entry[]
  /** A fold over the entries; of its limits only the stages are those of the run. */
  readonly state: RunState
  readonly leader: Leader
}

export interface Leader {
  /** 0 when nobody ever led it. */
  readonly epoch: number
  readonly who: string
  readonly from: string
  readonly pid: number
  readonly liveness: Liveness
}

/** @throws HandoverError RUN_NOT_FOUND, JOURNAL_CORRUPT, JOURNAL_VERSION. */
export function openRun(root: string, wanted: string): PastRun {
  const run = findRun(root, wanted)
  const dir = runPath(root, run)
  const entries = readJournal(root, run)
  return { root, run, dir, entries, state: stateOf(entries), leader: leaderOf(dir, entries) }
}

export function stateOf(entries: readonly Entry[]): RunState {
  const stages = entries.flatMap(entry => (entry.type === 'run.started' ? entry.stages : []))
  const state = initialState({
    stages,
    concurrency: 1,
    maxFailed: 0,
    maxUnreachable: 0,
    rollbackConcurrency: 1,
  })
  for (const entry of entries) apply(state, entry)
  return state
}

/** The newest controller, by its file. Where that is lost the journal still names it; whether it lives cannot be told then. */
export function leaderOf(dir: string, entries: readonly Entry[]): Leader {
  const opening = entries.findLast(isOpening)
  const { who, from, pid } = opening ?? { who: '', from: '', pid: 0 }
  const told = opening?.type === 'run.resumed' ? opening.epoch : opening ? 1 : 0
  const epoch = highestEpoch(dir)
  const file = epoch >= told ? readController(dir, epoch) : undefined
  if (file) return { epoch, who: file.who, from: file.from, pid: file.pid, liveness: livenessOf(file) }
  const newest = Math.max(epoch, told)
  return { epoch: newest, who, from, pid, liveness: newest === 0 ? 'gone' : 'unknown' }
}

function isOpening(entry: Entry): entry is Extract<Entry, { type: 'run.started' | 'run.resumed' }> {
  return entry.type === 'run.started' || entry.type === 'run.resumed'
}

/** Null: whoever leads or has led it cannot be seen from here. */
export function livenessFrom(past: PastRun): boolean | null {
  return past.state.finished === undefined && past.leader.liveness === 'unknown' ? null : isAlive(past)
}

/** Is somebody still leading it, as far as can be told from here? */
export function isAlive({ state, leader }: Pick<PastRun, 'state' | 'leader'>): boolean {
  return state.finished === undefined && leader.liveness === 'alive'
}
