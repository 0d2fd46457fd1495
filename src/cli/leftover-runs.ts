/** Runs that nobody leads any more and that have not come to their end: what can be done with them. */
import { listRuns } from '../journal/run-directory.ts'
import { oneLine } from '../report/line.ts'
import { waysOn } from '../report/steering-text.ts'
import { isAlive, livenessFrom, openRun, type PastRun } from './past-run.ts'
import type { Terminal } from './terminal.ts'

/** The newest ones are named; the others are in `handover runs`. */
const mostNamed = 5

/** Undefined where it has ended, goes on, or never began. */
export function waysFrom(past: PastRun): ReturnType<typeof waysOn> | undefined {
  const { run, state, entries } = past
  if (entries.length === 0 || isAlive(past)) return undefined
  if (state.finished !== undefined && state.finished !== 'in-doubt') return undefined
  return waysOn(run, state.decided, livenessFrom(past) === null)
}

export function nextText(past: PastRun): string | null {
  const ways = waysFrom(past)
  return ways ? Object.values(ways).join(', ') : null
}

/** For whoever named `last` and met another run than the one that was cut off: a refused attempt, say. */
export function nameLeftovers(terminal: Terminal, { root, run }: PastRun): void {
  const others = listRuns(root).filter(other => other !== run)
  const left = others.flatMap(other => {
    const next = tryNext(root, other)
    return next === null ? [] : [`run ${oneLine(other, 80)} has not come to its end: ${next}\n`]
  })
  for (const line of left.slice(-mostNamed)) terminal.err(line)
}

function tryNext(root: string, run: string): string | null {
  try {
    return nextText(openRun(root, run))
  } catch {
    return null
  }
}
