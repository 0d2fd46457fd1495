/** A run begins only while its maintenance window is open, or waits for that; until then nobody is contacted. */
import { setTimeout as pause } from 'node:timers/promises'
import { formatDuration } from '../core/duration.ts'
import { type ExitCode, exitCode } from '../core/exit-code.ts'
import { HandoverError } from '../core/fault.ts'
import { momentText } from '../plan/moment-text.ts'
import { zoneOf } from '../plan/windows.ts'
import type { OutputOptions } from './options.ts'
import { tell } from './steer-commands.ts'
import type { Terminal } from './terminal.ts'
import { closedNow, type Gated, neverOpening, playText, startOf } from './window-faults.ts'

export interface WaitOptions extends OutputOptions {
  readonly wait?: boolean
}

/** A machine that sleeps must not be late by more than this, nor start in a window that has closed meanwhile. */
const lookEveryMs = 2000

/**
 * Each of them has a window that is open now, or that can be waited for where that is asked for.
 * @throws HandoverError WINDOW_NEVER_OPENS, WINDOW_CLOSED.
 */
export function requireOpen(plays: readonly Gated[], { wait }: WaitOptions, nowMs = Date.now()): void {
  const never = neverOpening(plays, nowMs)
  if (never.length > 0) throw new HandoverError(never)
  const closed = wait ? [] : closedNow(plays, nowMs)
  if (closed.length > 0) throw new HandoverError(closed)
}

/**
 * Waits for the window by the wall clock, which is looked at again and again.
 * @returns an exit code when that was interrupted. @throws HandoverError WINDOW_NEVER_OPENS, WINDOW_CLOSED.
 */
export async function awaitOpening(
  terminal: Terminal,
  gated: Gated,
  options: WaitOptions,
): Promise<ExitCode | undefined> {
  const stopped = new AbortController()
  const stop = (signal: NodeJS.Signals) => stopped.abort(signal)
  for (const signal of signals) process.on(signal, stop)
  try {
    for (let said: number | undefined; ; ) {
      const nowMs = Date.now()
      requireOpen([gated], options, nowMs)
      const start = startOf(gated, nowMs)
      if (!start?.opening || start.isNow) return undefined
      // Slept through one, it waits for the next.
      if (said !== start.opening.fromMs) sayWaiting(terminal, gated, start.opening.fromMs, options)
      said = start.opening.fromMs
      await pause(Math.max(10, Math.min(lookEveryMs, said - Date.now())), undefined, {
        signal: stopped.signal,
      })
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error
    const who = playText(gated)
    terminal.err(`${who ? `${who} not begun: nothing of it` : 'not started: nothing'} was contacted\n`)
    return stopped.signal.reason === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function sayWaiting(terminal: Terminal, gated: Gated, untilMs: number, options: WaitOptions): void {
  const { plan, play } = gated
  const who = playText(gated)
  const left = formatDuration(untilMs - Date.now())
  const when = `${momentText(untilMs, zoneOf(plan.windows?.rules ?? []))}, for ${left}`
  const closed = who
    ? `the maintenance window of ${who} is closed, and nothing of it is contacted before`
    : 'the maintenance window is closed, and nothing is contacted before'
  tell(terminal, options, undefined, 'window.waiting', `waits until ${when}: ${closed}`, {
    opens: new Date(untilMs).toISOString(),
    ...(who ? { play: play?.number } : {}),
  })
}
