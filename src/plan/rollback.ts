/** From a run that has committed to the plan that undoes it. Pure, as every plan. */
import { fault, HandoverError } from '../core/fault.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Plan, PlannedRestore } from './plan.ts'

/** What a run did: its frozen plan, and what every host that it has committed had before and after. */
export interface CommittedRun {
  readonly id: string
  readonly plan: Plan
  readonly restores: ReadonlyMap<string, PlannedRestore>
}

/**
 * Slow out, fast back: one stage, at the pace at which the run itself would have gone back, and nobody is tolerated.
 * @param names hosts to take back; those that the run has not committed are passed over.
 * @throws HandoverError PLAN_NO_HOSTS, RUN_UNSETTLED when the journal does not say which binary a host had.
 */
export function planRollback({ id, plan, restores }: CommittedRun, names: readonly string[]): Plan {
  const wanted = new Set(names)
  const hosts = plan.hosts.flatMap(host => {
    const restore = wanted.has(host.name) ? restores.get(host.name) : undefined
    return restore ? [{ ...host, stage: 0, restore: checked(id, host.name, restore) }] : []
  })
  if (hosts.length === 0) {
    throw new HandoverError(
      fault('PLAN_NO_HOSTS', `run ${id} has committed none of the hosts that --limit leaves`, {
        hint: `\`handover show ${id}\` lists what became of each host`,
      }),
    )
  }
  const concurrency = plan.rollbackConcurrency
  const stage = {
    name: 'rollback',
    hosts: hosts.map(host => host.name),
    selects: { kind: 'rest' as const },
    asked: hosts.length,
    concurrency,
    bakeMs: 0,
    gate: null,
    gateMs: 0,
  }
  const undoing = {
    version: 1 as const,
    name: `rollback of ${plan.name}`,
    undoes: id,
    artifact: null,
    hosts,
    order: plan.order,
    seed: plan.seed,
    stages: [stage],
    emptyStages: [],
    concurrency,
    maxFailed: 0,
    maxUnreachable: 0,
    rollbackConcurrency: concurrency,
    onDrainLimit: plan.onDrainLimit,
    leaseMs: plan.leaseMs,
    commit: plan.commit,
    ...(plan.secrets && { secrets: plan.secrets }),
  }
  return { ...undoing, fingerprint: fingerprintOf(undoing) }
}

/** The checksums come from hosts, and name a file there. */
function checked(run: string, host: string, restore: PlannedRestore): PlannedRestore {
  const { wanted, replaces } = restore
  if ([wanted, replaces].every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))) return restore
  throw new HandoverError(
    fault('RUN_UNSETTLED', `the journal of run ${run} does not say which binary this host had`, {
      host,
      hint: 'run a playbook with the old binary as the artifact',
    }),
  )
}
