/** Looking at every host of a plan, for the commands that change nothing. */
import type { Fault } from '../core/fault.ts'
import type { Plan } from '../plan/plan.ts'
import type { HostStatus } from '../report/fleet-text.ts'
import { failingChecks } from '../run/baseline.ts'
import type { Participant } from '../run/conduct.ts'
import { withFleet } from './fleet.ts'
import type { ReachOptions } from './options.ts'
import type { Secrets } from './secrets.ts'

/** What is there, can it be changed, and is it healthy before that? */
export type Question = 'status' | 'fit' | 'fit and healthy'

export interface Look {
  readonly host: string
  /** Undefined when it did not answer. */
  readonly status: HostStatus | undefined
  /** The wanted binary runs and is on disk already. */
  readonly current: boolean
  readonly faults: readonly Fault[]
}

export async function lookAtFleet(
  plan: Plan,
  machine: string,
  options: ReachOptions & { readonly secrets?: Secrets },
  question: Question,
): Promise<Look[]> {
  return withFleet(plan, machine, options, each =>
    each((host, participant) => lookAtHost(host, participant, question)),
  )
}

async function lookAtHost(host: string, { hands, checks }: Participant, question: Question): Promise<Look> {
  const outcome = await hands.inspect()
  if (outcome.kind === 'unreachable') {
    return { host, status: undefined, current: false, faults: [outcome.fault] }
  }
  const { notes, lastWord, ...found } = outcome.inspection
  const { current } = found
  // What is worth knowing before a change is not what `status` is asked for.
  const status = {
    host,
    ...found,
    notes: [...(lastWord ? [lastWord] : []), ...(question === 'status' || current ? [] : notes)],
  }
  if (outcome.kind === 'refused') return { host, status, current, faults: outcome.faults }
  if (question !== 'fit and healthy' || current) return { host, status, current, faults: [] }
  return { host, status, current, faults: await failingChecks(host, checks) }
}
