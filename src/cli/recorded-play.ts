/** Which play of a playbook the hosts have an unfinished run of. */
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { Recorded } from './recorded-hosts.ts'
import { oneUnfinished } from './recorded-runs.ts'
import type { Resolved } from './resolve.ts'

export interface LookedAt {
  readonly resolved: Resolved
  readonly all: readonly Recorded[]
}

/**
 * One play may follow another on the same hosts, so what the run has put there counts, too. Where none has one: a play with
 * a host that does not answer, which may have what is looked for.
 * @throws HandoverError RUN_AMBIGUOUS.
 */
export function playOnRecord(
  plays: readonly [LookedAt, ...LookedAt[]],
  wanted: string | undefined,
): LookedAt {
  const [first, second] = plays
  if (!second) return first
  const open = plays.filter(({ all }) => hasUnfinished(all, wanted))
  const own = open.filter(({ resolved, all }) => hasUnfinished(withArtifact(all, resolved), wanted))
  const [only, another] = own.length > 0 ? own : open
  if (!only) return plays.find(({ all }) => all.some(one => one.fault)) ?? first
  if (!another) return only
  throw new HandoverError(
    fault(
      'RUN_AMBIGUOUS',
      `the hosts have unfinished runs of ${plural(open.length, 'play')} of the playbook`,
      {
        hint: 'name the run to go on with, behind the other words; `handover lock show` tells which host has which',
      },
    ),
  )
}

function withArtifact(all: readonly Recorded[], { plan }: Resolved): Recorded[] {
  return all.map(one => (one.last?.newSha === plan.artifact?.sha256 ? one : { ...one, last: null }))
}

function hasUnfinished(all: readonly Recorded[], wanted: string | undefined): boolean {
  try {
    return oneUnfinished(all, wanted) !== undefined
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    // Several of one play are its own matter, and told there.
    return error.faults.some(({ code }) => code === 'RUN_AMBIGUOUS')
  }
}
