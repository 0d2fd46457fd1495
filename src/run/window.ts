/**
 * The maintenance window of a run. It says when a host may start to switch, on the wall clock and at the moment of each single
 * switch; what was begun is finished at any time. That it has closed or opened is an entry before anything follows from it.
 */
import type { EntryBody } from '../journal/entry.ts'
import { type PlannedWindows, type WindowStand, windowAt, zoneOf } from '../plan/windows.ts'
import type { Stand } from './conduct.ts'
import { inPhase, type RunState } from './state.ts'

export interface RunWindow {
  /** Whether a host may start to switch now. */
  mayStart(): boolean
  /** Records it when it has closed or opened, as far as that makes a difference to the run. */
  judge(): void
  /** How long until it may be judged otherwise, in milliseconds. */
  nextMs(): number
}

/** A parked fleet that waits for longer than this is nobody's intention. */
const longestHoldMs = 24 * 3_600_000
const lookEveryMs = 5000

type Scene = Pick<Stand, 'state' | 'clock' | 'record'>

export function createWindow({ state, clock, record }: Scene): RunWindow {
  const { windows } = state.limits
  if (!windows) return { mayStart: () => true, judge: () => {}, nextMs: () => lookEveryMs }
  const look = lookAt(windows, () => clock.now().wallMs)
  return {
    mayStart: () => state.decided || state.window === 'finish' || look().isOpen,
    judge() {
      const entry = makesDifference(state) ? newsOf(state, windows, look(), clock.now().wallMs) : undefined
      // A journal that fails here has already turned the run around.
      if (entry) record(entry).catch(() => {})
    },
    nextMs() {
      const { isOpen, opening } = look()
      const changesMs = isOpen ? opening?.startsUntilMs : opening?.fromMs
      // Looked at in between, too: a wall clock can be set, and a timer sleeps with its machine.
      return Math.max(10, Math.min(lookEveryMs, (changesMs ?? Number.POSITIVE_INFINITY) - clock.now().wallMs))
    },
  }
}

/** Until the run is over. @param wake whoever waits may find now what it waited for. */
export function watchWindow({ window, clock, over, state }: Stand, wake: () => void): void {
  if (!state.limits.windows) return
  let callOff = () => {}
  const next = () => {
    window.judge()
    wake()
    callOff = clock.after(window.nextMs(), () => {
      if (!over.aborted) next()
    })
  }
  next()
  over.addEventListener('abort', () => callOff())
}

/** What is known holds until it changes, unless the clock was set back. */
function lookAt({ rules }: PlannedWindows, wallMs: () => number): () => WindowStand {
  let known: { readonly stand: WindowStand; readonly fromMs: number; readonly toMs: number } | undefined
  return () => {
    const now = wallMs()
    if (!known || now < known.fromMs || now >= known.toMs) {
      const stand = windowAt(rules, now)
      const { isOpen, opening } = stand
      const toMs = (isOpen ? opening?.startsUntilMs : opening?.fromMs) ?? Number.POSITIVE_INFINITY
      known = { stand, fromMs: now, toMs }
    }
    return known.stand
  }
}

/** Somebody is left to switch, and the run would go on with it. */
function makesDifference(state: RunState): boolean {
  const isTurned = state.rollingBack !== undefined || state.interrupted !== undefined || state.journalLost
  if (isTurned || state.decided || state.finished !== undefined) return false
  // Whoever has taken over or slept hears from the hosts first.
  if (state.woke !== 'no' || inPhase(state, 'unsure', 'looking') > 0) return false
  return state.pending.some(hosts => hosts.size > 0)
}

function newsOf(
  state: RunState,
  windows: PlannedWindows,
  { isOpen, opening }: WindowStand,
  nowMs: number,
): EntryBody | undefined {
  if (isOpen) return state.window === 'hold' ? { type: 'window.opened' } : undefined
  const opensMs = opening?.fromMs
  const isKnown = state.window === 'hold' && state.windowOpensMs === opensMs
  if (isKnown || state.window === 'finish' || state.window === 'rollback') return undefined
  const opens = opensMs === undefined ? null : new Date(opensMs).toISOString()
  const next = answerTo(state, windows, opensMs === undefined ? Number.POSITIVE_INFINITY : opensMs - nowMs)
  return { type: 'window.closed', next, opens, zone: zoneOf(windows.rules) }
}

/** Where nobody has begun there is nothing to hold or to finish: the run ends, and has changed nothing. */
function answerTo(
  state: RunState,
  { onClose }: PlannedWindows,
  opensInMs: number,
): PlannedWindows['onClose'] {
  const isBegun = [...state.hosts.values()].some(({ touched }) => touched)
  if (!isBegun || (onClose === 'hold' && opensInMs > longestHoldMs)) return 'rollback'
  return onClose
}
