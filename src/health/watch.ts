/**
 * Watching one switched host: every check at its interval, until the commit.
 * A verdict is pass, fail or inconclusive (not yet as many in a row as the check asks for).
 */
import type { Clock } from '../core/clock.ts'
import type { ProbeResult } from './probe.ts'
import { systemClock } from './system-clock.ts'

export type Verdict = 'pass' | 'fail' | 'inconclusive'

export interface CheckSpec {
  readonly name: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Passes in a row that make it healthy. */
  readonly healthy: number
  /** Failures in a row that make it fail. */
  readonly unhealthy: number
  /** Must be healthy within this after the switch, in milliseconds. */
  readonly deadlineMs: number
}

export interface Tally {
  readonly passes: number
  readonly failures: number
  readonly verdict: Verdict
}

export const freshTally: Tally = { passes: 0, failures: 0, verdict: 'inconclusive' }

/** Pure: how one more result moves the tally. A verdict stands until the opposite is seen often enough. */
export function count(tally: Tally, pass: boolean, check: CheckSpec): Tally {
  const passes = pass ? tally.passes + 1 : 0
  const failures = pass ? 0 : tally.failures + 1
  let verdict = tally.verdict
  if (passes >= check.healthy) verdict = 'pass'
  if (failures >= check.unhealthy) verdict = 'fail'
  return { passes, failures, verdict }
}

export interface WatchedCheck {
  readonly check: CheckSpec
  look(): Promise<ProbeResult>
}

export interface WatchNews {
  readonly check: string
  readonly verdict: Exclude<Verdict, 'inconclusive'>
  readonly detail: string
}

export interface Watch {
  stop(): void
}

/**
 * Starts judging at once: call it when the new binary has taken over, so that no look at the old one counts.
 * `tell` hears every change of a verdict; a check that is not healthy by its deadline fails.
 */
export function watch(
  checks: readonly WatchedCheck[],
  tell: (news: WatchNews) => void,
  clock: Clock = systemClock,
): Watch {
  const watches = checks.map(each => watchOne(each, tell, clock))
  return { stop: () => watches.forEach(each => void each.stop()) }
}

function watchOne({ check, look }: WatchedCheck, tell: (news: WatchNews) => void, clock: Clock): Watch {
  let tally = freshTally
  let last = 'it has not answered yet'
  let stopped = false
  let callOff = () => {}

  const settle = (changed: Tally, detail: string) => {
    const news = changed.verdict !== tally.verdict
    tally = changed
    if (news && tally.verdict !== 'inconclusive') tell({ check: check.name, verdict: tally.verdict, detail })
  }
  const loop = async () => {
    const started = clock.now().monotonicMs
    const result = await look()
    if (stopped) return
    last = result.detail
    settle(count(tally, result.pass, check), result.detail)
    const took = clock.now().monotonicMs - started
    if (!stopped) callOff = clock.after(Math.max(0, check.intervalMs - took), loop)
  }
  const callOffDeadline = clock.after(check.deadlineMs, () => {
    if (stopped || tally.verdict !== 'inconclusive') return
    settle({ ...tally, verdict: 'fail' }, `not healthy within its deadline; ${last}`)
  })
  void loop()

  return {
    stop() {
      stopped = true
      callOff()
      callOffDeadline()
    },
  }
}
