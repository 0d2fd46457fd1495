/**
 * Conducts a run: asks `decide`, performs, writes what happened to the journal, and asks again.
 * Every effect has its intent on disk first (invariant 9); what comes back is an entry, and entries alone change the state.
 */
import pLimit from 'p-limit'
import type { HostHands } from '../driver/hands.ts'
import type { WatchedCheck } from '../health/watch.ts'
import type { EntryBody } from '../journal/entry.ts'
import type { Journal } from '../journal/journal.ts'
import { type Decision, decide } from './decide.ts'
import { createLeases, type Leases, type Mark } from './leases.ts'
import { performInspect, performPrecommit, performPrepare, performSwitch } from './phases.ts'
import { performCommit, performRevert } from './settle.ts'
import { apply, initialState, type Limits, type RunState } from './state.ts'
import { decisionEntry, isDecide, stepEntry } from './steps.ts'
import { createVigil, type Vigil } from './vigil.ts'

export type RunSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

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
  /** The first entry. */
  readonly opening: Extract<EntryBody, { type: 'run.started' }>
  /** Connections and read-only work at one time; changes are bounded by the plan alone. */
  readonly forks: number
  /** A host goes back by itself this long after the controller was last heard. */
  readonly leaseMs: number
  /** The clocks that leases are counted on; default: those of this machine. */
  readonly clocks?: () => Mark
  /**
   * How long a host that does not answer is waited for before it is given up as in-doubt, in milliseconds; default:
   * until its lease has run out, and 10 s more.
   */
  readonly patienceMs?: number
  /** Called once with a function that interrupts the run. */
  readonly onInterrupt?: (interrupt: (signal: RunSignal) => void) => void
}

/** What the phases need of the run they belong to. */
export interface Stand {
  readonly state: RunState
  readonly vigil: Vigil
  readonly leases: Leases
  readonly patienceMs: number | undefined
  /** Who was inspected, by what it is: one machine under two names would be changed by two hands. */
  readonly seen: Map<string, string>
  /** Aborted when the run is over. */
  readonly over: AbortSignal
  participant(host: string): Participant
  /** Changes the state at once; resolves when durable. */
  record(body: EntryBody): Promise<void>
}

type Starter = (work: () => Promise<void>) => void

/** Resolves when the run is finished and everything it started has ended. */
export async function conduct(run: Conduct): Promise<RunState> {
  const state = initialState(run.limits)
  const limited = pLimit(Math.max(1, run.forks))
  const over = new AbortController()
  const running = new Set<Promise<void>>()
  let wake = () => {}
  let durable = true

  const record = async (body: EntryBody) => {
    // The end of a run is its last entry: what a phase that was given up answers after it is no news.
    if (state.finished) return
    apply(state, body)
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
        apply(state, {
          type: 'run.rolling_back',
          reason: error instanceof Error ? error.message : String(error),
        })
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
  const leases = createLeases(run.leaseMs, run.clocks)
  const vigil = createVigil({ participant, record, leases, state })
  const stand: Stand = {
    state,
    vigil,
    leases,
    participant,
    record,
    patienceMs: run.patienceMs,
    over: over.signal,
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

  run.onInterrupt?.(signal => {
    if (!state.interrupted && !state.finished) start(() => record({ type: 'run.interrupted', signal }))
  })
  await record(run.opening)

  while (!state.finished) {
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    const decisions = decide(state)
    for (const decision of decisions) {
      // No commit begins before the decision is on disk.
      if (isDecide(decision)) await record(decisionEntry(state, leases)).catch(() => {})
      else begin(decision, stand, start, limited)
    }
    if (decisions.length === 0) await woken
  }
  vigil.stopAll()
  over.abort()
  await Promise.all(running)
  return state
}

/** Every decision changes the state before this returns, so the next `decide` does not give it again. */
function begin(
  decision: Exclude<Decision, { do: 'decide' }>,
  stand: Stand,
  start: Starter,
  limited: (work: () => Promise<void>) => Promise<void>,
): void {
  const { record } = stand
  const intent = (body: EntryBody) => {
    const begun = record(body)
    // It may fail while its phase still waits for its turn; the phase hears of it then.
    begun.catch(() => {})
    return begun
  }
  switch (decision.do) {
    case 'inspect': {
      const begun = intent({ type: 'host.inspect.begun', host: decision.host })
      return start(() => limited(() => performInspect(stand, decision.host, begun)))
    }
    case 'prepare': {
      const begun = intent({ type: 'host.prepare.begun', host: decision.host })
      return start(() => limited(() => performPrepare(stand, decision.host, begun)))
    }
    case 'switch': {
      const begun = intent({ type: 'host.switch.begun', host: decision.host })
      return start(() => performSwitch(stand, decision.host, begun))
    }
    case 'precommit': {
      const begun = intent({ type: 'host.precommit.begun', host: decision.host })
      return start(() => performPrecommit(stand, decision.host, begun))
    }
    case 'commit': {
      const begun = intent({ type: 'host.commit.begun', host: decision.host })
      return start(() => performCommit(stand, decision.host, begun))
    }
    case 'revert': {
      const begun = intent({ type: 'host.revert.begun', host: decision.host })
      return start(() => performRevert(stand, decision.host, begun))
    }
    case 'bake':
      return start(() => bake(stand))
    default:
      return start(() => record(stepEntry(decision, stand.state)))
  }
}

/** The hosts switched so far are watched on; the bake ends early only with the run. */
async function bake({ state, record, over }: Stand): Promise<void> {
  const stage = state.limits.stages[state.stage]
  if (!stage) return
  await record({ type: 'stage.baking', stage: stage.name, ms: stage.bakeMs })
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, stage.bakeMs)
    over.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  if (state.rollingBack === undefined && !state.finished)
    await record({ type: 'stage.baked', stage: stage.name })
}
