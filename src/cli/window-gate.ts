/** A run begins only while its maintenance window is open, or waits for that; until then nobody is contacted. */
import { setTimeout as pause } from 'node:timers/promises'
import { formatDuration } from '../core/duration.ts'
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { momentText } from '../plan/moment-text.ts'
import type { Plan } from '../plan/plan.ts'
import { type RunStart, runStart, spreadMs, zoneOf } from '../plan/windows.ts'
import type { OutputOptions } from './options.ts'
import { tell } from './steer-commands.ts'
import type { Terminal } from './terminal.ts'

export interface WaitOptions extends OutputOptions {
  readonly wait?: boolean
}

/** A machine that sleeps must not be late by more than this, nor start in a window that has closed meanwhile. */
const lookEveryMs = 2000

/** @throws HandoverError WINDOW_CLOSED where the run cannot begin now, nor is to wait. */
export function requireOpen(plan: Plan, { wait }: WaitOptions): void {
  const start = startOf(plan)
  if (!start || start.isNow || (wait && start.opening)) return
  throw closed(plan, start)
}

/**
 * Waits for the window by the wall clock, which is looked at again and again.
 * @returns an exit code when that was interrupted. @throws HandoverError WINDOW_CLOSED.
 */
export async function awaitOpening(
  terminal: Terminal,
  plan: Plan,
  options: WaitOptions,
): Promise<number | undefined> {
  requireOpen(plan, options)
  const stopped = new AbortController()
  const stop = (signal: NodeJS.Signals) => stopped.abort(signal)
  for (const signal of signals) process.on(signal, stop)
  try {
    for (let said: number | undefined; ; ) {
      const start = startOf(plan)
      if (!start || start.isNow) return undefined
      if (!start.opening) throw closed(plan, start)
      // Slept through one, it waits for the next.
      if (said !== start.opening.fromMs) sayWaiting(terminal, plan, start.opening.fromMs, options)
      said = start.opening.fromMs
      await pause(Math.max(10, Math.min(lookEveryMs, said - Date.now())), undefined, {
        signal: stopped.signal,
      })
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error
    terminal.err('not started: nothing was contacted\n')
    return stopped.signal.reason === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function startOf({ windows, stages }: Plan): RunStart | undefined {
  return windows && runStart(windows, stages, Date.now())
}

function sayWaiting(terminal: Terminal, plan: Plan, untilMs: number, options: WaitOptions): void {
  const left = formatDuration(untilMs - Date.now())
  const text = `waits until ${momentText(untilMs, zoneOf(plan.windows?.rules ?? []))}, for ${left}: the maintenance window is closed, and nothing is contacted before`
  tell(terminal, options, undefined, 'window.waiting', text, { opens: new Date(untilMs).toISOString() })
}

function closed({ windows, stages }: Plan, { opening, isTooLate }: RunStart): HandoverError {
  const neededMs = windows?.onClose === 'rollback' ? spreadMs(stages) : 0
  const needed = `the bakes between the first host and the last (${formatDuration(neededMs)})`
  const what = isTooLate
    ? `what is left of the maintenance window is shorter than ${needed}`
    : 'the maintenance window is closed'
  if (!opening) {
    const long = neededMs > 0 ? ` for longer than ${needed}` : ''
    const message = `${what}, and none opens within the next two years${long}`
    const hint =
      neededMs > 0
        ? 'shorten the bakes, lengthen the windows, or choose on_window_close: hold'
        : 'correct windows in the playbook'
    return new HandoverError(fault('WINDOW_CLOSED', message, { hint }))
  }
  const when = momentText(opening.fromMs, zoneOf(windows?.rules ?? []))
  const hint = 'run it then, or add --wait; `handover plan` shows the next openings'
  return new HandoverError(fault('WINDOW_CLOSED', `${what}: hosts may start from ${when}`, { hint }))
}
