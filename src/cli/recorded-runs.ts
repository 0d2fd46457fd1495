/** From what the hosts have recorded of their last runs to the one that has to be led to its end. Pure. */
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { LastRun } from '../driver/hands.ts'

interface Record {
  readonly host: string
  readonly last: LastRun | null
}

/** @throws HandoverError RUN_AMBIGUOUS, RUN_NOT_FOUND. */
export function oneUnfinished(records: readonly Record[], wanted: string | undefined): string | undefined {
  const runs = new Map<string, LastRun[]>()
  for (const { last } of records) if (last) runs.set(last.run, [...(runs.get(last.run) ?? []), last])
  const open = [...runs].filter(([, parts]) => isOpen(parts)).map(([run]) => run)
  if (wanted === undefined) {
    if (open.length <= 1) return open[0]
    throw new HandoverError(
      fault('RUN_AMBIGUOUS', `the hosts have ${plural(open.length, 'unfinished run')}: ${open.join(', ')}`, {
        hint: 'name the one to go on with, behind the other words',
      }),
    )
  }
  const meant = [...runs.keys()].filter(run => run.startsWith(wanted))
  const [only] = meant
  if (only === undefined || meant.length > 1) {
    const why =
      only === undefined ? 'no host has the record of' : 'the hosts have several runs that begin with'
    throw new HandoverError(fault('RUN_NOT_FOUND', `${why} ${wanted}`))
  }
  return open.find(run => run === only)
}

/** A part that has not ended, or two that have not ended alike: some host has not heard of the decision. */
function isOpen(parts: readonly LastRun[]): boolean {
  const ends = new Set(parts.map(({ state }) => state))
  const isEnded = [...ends].every(end => settled.has(end))
  return !isEnded || ends.size > 1 || parts.some(({ isLocked }) => isLocked)
}

const settled: ReadonlySet<string> = new Set(['committed', 'reverted'])
