/** Steering a run that is under way: by signals, or from another terminal. */
import type { EntryBody, Interruption } from '../journal/entry.ts'
import type { Stand } from './conduct.ts'
import { waitOutPause } from './waits.ts'

export interface Helm {
  /** Nothing more is started, and what was begun goes back, unless the run is decided. @param by who asked, if not by a signal. */
  interrupt(signal: Interruption, by?: string): Answer
  /** Nothing more is switched until `proceed`; after `ms` milliseconds of it the run goes back. */
  pause(by: string, ms: number): Answer
  proceed(by: string): Answer
  /** Lets the stage that waits begin; with a name, only that one. */
  approve(by: string, stage?: string): Answer
  /** Whether what was told last is on disk, so that it holds whatever becomes of this controller; resolves then. */
  written(): Promise<boolean>
}

/** Why it was not done; undefined when it was. */
export type Answer = string | undefined

export function createHelm(stand: Stand, start: (work: () => Promise<void>) => void): Helm {
  const { state } = stand
  let last: Promise<void> = Promise.resolve()
  const tell = (body: EntryBody, then = async () => {}) => {
    last = stand.record(body)
    const told = last
    start(async () => {
      await told
      await then()
    })
  }
  const over = () => {
    if (state.finished) return 'the run has ended'
    if (state.decided) return 'the run is decided: it only goes forward now'
    return undefined
  }
  const begun = () => {
    if (state.rollingBack !== undefined || state.interrupted) return 'the run is going back'
    return over()
  }
  return {
    interrupt(signal, by) {
      const why = over()
      // A signal after the decision changes nothing any more, but it is written down.
      if (state.finished || (why && by !== undefined)) return why
      if (!state.interrupted) {
        tell({ type: 'run.interrupted', signal, ...(by === undefined ? {} : { by }) })
      }
      return why
    },
    pause(by, ms) {
      const why = begun() ?? (state.precommitting ? 'the run is about to be decided' : undefined)
      if (why) return why
      if (state.pausedMs !== undefined) return 'the run is paused already'
      tell({ type: 'run.paused', by, ms }, () => waitOutPause(stand))
      return undefined
    },
    proceed(by) {
      const why = begun()
      if (why) return why
      if (state.pausedMs === undefined) return 'the run is not paused'
      tell({ type: 'run.continued', by })
      return undefined
    },
    approve(by, wanted) {
      const why = begun()
      if (why) return why
      const stage = state.limits.stages[state.stage]?.name ?? ''
      if (state.gate !== 'waiting') return 'no stage waits for an approval'
      if (wanted !== undefined && wanted !== stage) return `the stage that waits is ${stage}`
      tell({ type: 'gate.passed', stage, gate: 'approval', by })
      return undefined
    },
    written: () =>
      last.then(
        () => true,
        () => false,
      ),
  }
}
