/**
 * Conducts a run: asks `decide`, performs, writes what happened to the journal, and asks again.
 * Every effect has its intent on disk first (invariant 9); what comes back is an entry, and entries alone change the state.
 */
import pLimit from 'p-limit'
import type { Clock } from '../core/clock.ts'
import type { HostHands } from '../driver/hands.ts'
import { systemClock } from '../health/system-clock.ts'
import type { WatchedCheck } from '../health/watch.ts'
import type { EntryBody } from '../journal/entry.ts'
import type { Journal } from '../journal/journal.ts'
import { apply } from './apply.ts'
import { begin } from './begin.ts'
import { decide } from './decide.ts'
import { createHelm, type Helm } from './helm.ts'
import { createLeases, type Leases } from './leases.ts'
import { initialState, type Limits, type RunState } from './state.ts'
import { decisionEntry, isDecide, isStart } from './steps.ts'
import { createVigil, type Vigil } from './vigil.ts'
import { watchForSleep } from './wake.ts'
import { createWindow, type RunWindow, watchWindow } from './window.ts'

export interface Participant {
  readonly hands: HostHands
  readonly checks: readonly WatchedCheck[]
  /** What must pass before its switch, too; all of them if not given. */
  readonly baseline?: readonly WatchedCheck[]
}

export interface Conduct {
  readonly limits: Limits
  readonly participants: ReadonlyMap<string, Participant>
  readonly journal: Journal
  /** The first entry; of a run that another controller has begun, the first of this one. */
  readonly opening: Extract<EntryBody, { type: 'run.started' | 'run.resumed' }>
  /** What the controllers before this one have written, in order. */
  readonly past?: Iterable<EntryBody>
  /** Connections and read-only work at one time; changes are bounded by the plan alone. */
  readonly forks: number
  /** A host goes back by itself this long after the controller was last heard. */
  readonly leaseMs: number
  /** Default: that of this machine. */
  readonly clock?: Clock
  /**
   * How long a host that does not answer is waited for before it is given up as in-doubt, in milliseconds; default:
   * until its lease has run out, and 10 s more.
   */
  readonly patienceMs?: number
  /** Called once with what steers the run. */
  readonly onHelm?: (helm: Helm) => void
}

/** What the phases need of the run they belong to. */
export interface Stand {
  readonly state: RunState
  readonly vigil: Vigil
  readonly leases: Leases
  readonly clock: Clock
  readonly window: RunWindow
  readonly patienceMs: number | undefined
  /** Who was inspected, by what it is: one machine under two names would be changed by two hands. */
  readonly seen: Map<string, string>
  /** Aborted when the run is over. */
  readonly over: AbortSignal
  /** Called after every entry. */
  readonly heard: Set<() => void>
  participant(host: string): Participant
  /** Changes the state at once; resolves when durable. */
  record(body: EntryBody): Promise<void>
}

export type Starter = (work: () => Promise<void>) => void

/** Resolves when the run is finished and everything it started has ended. */
export async function conduct(run: Conduct): Promise<RunState> {
  const state = initialState(run.limits)
  for (const entry of run.past ?? []) apply(state, entry)
  const limited = pLimit(Math.max(1, run.forks))
  const over = new AbortController()
  const running = new Set<Promise<void>>()
  const heard = new Set<() => void>()
  let wake = () => {}
  let durable = true

  const record = async (body: EntryBody) => {
    // The end of a run is its last entry: what a phase that was given up answers after it is no news.
    if (state.finished && body.type !== 'run.resumed') return
    apply(state, body)
    for (const look of heard) look()
    wake()
    // Once the journal is lost the run only goes back (or, decided, forward), and that must not wait for it.
    if (!durable) return run.journal.publish(body)
    try {
      await run.journal.append(body)
    } catch (error) {
      durable = false
      state.journalLost = true
      run.journal.publish(body)
      // What is not on disk is not decided; nobody was told of it, so the fleet can still go back.
      if (body.type === 'run.decided') state.decided = false
      if (!state.decided && !state.finished && state.rollingBack === undefined) {
        const reason = error instanceof Error ? error.message : String(error)
        const turn = { type: 'run.rolling_back' as const, reason }
        apply(state, turn)
        run.journal.publish(turn)
      }
      wake()
      throw error
    }
  }
  const participant = (host: string) => {
    const found = run.participants.get(host)
    if (!found) throw new Error(`no participant ${host}`)
    return found
  }
  const clock = run.clock ?? systemClock
  const leases = createLeases(run.leaseMs, clock)
  const vigil = createVigil({ participant, record, leases, state, clock })
  const stand: Stand = {
    state,
    vigil,
    leases,
    clock,
    window: createWindow({ state, clock, record }),
    participant,
    record,
    patienceMs: run.patienceMs,
    over: over.signal,
    heard,
    seen: new Map(),
  }
  const start: Starter = work => {
    const one: Promise<void> = work()
      .catch(() => {
        // `record` has already turned a lost journal into a rollback; the phases let nothing else through.
      })
      .finally(() => {
        running.delete(one)
        wake()
      })
    running.add(one)
  }

  run.onHelm?.(createHelm(stand, start))
  await record(run.opening)
  watchForSleep(stand, run.leaseMs)
  watchWindow(stand, () => wake())

  while (!state.finished) {
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    let isIdle = true
    const decisions = decide(state)
    for (const decision of decisions) {
      if (isStart(decision) && !stand.window.mayStart()) {
        stand.window.judge()
        continue
      }
      isIdle = false
      // No commit begins before the decision is on disk.
      if (isDecide(decision)) await record(decisionEntry(state, leases)).catch(() => {})
      else begin(decision, stand, start, limited)
    }
    if (isIdle) await woken
  }
  vigil.stopAll()
  over.abort()
  await Promise.all(running)
  return state
}
