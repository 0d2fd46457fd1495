/** What is kept of a run that was started before: is it still going on, and what was its plan? */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { Entry } from '../journal/entry.ts'
import { processIdentity } from '../journal/process-identity.ts'
import { findRun, listRuns } from '../journal/run-directory.ts'
import type { Plan } from '../plan/plan.ts'
import { runDirectory, type TargetOptions } from './options.ts'
import { resolvePlan } from './resolve.ts'
import type { Terminal } from './terminal.ts'

/** Is the controller that wrote these entries still that very process? Only known on the machine it runs on. */
export function isAlive(entries: readonly Entry[]): boolean {
  const first = entries[0]
  if (first?.type !== 'run.started' || entries.at(-1)?.type === 'run.finished') return false
  return first.identity !== '' && processIdentity(first.pid) === first.identity
}

/** A plan as it was frozen, and what its artifact was built for. */
export type StoredPlan = Plan & { readonly machine: string }

/** @throws HandoverError RUN_NOT_FOUND. */
export function storedPlan(root: string, run: string): StoredPlan {
  try {
    return JSON.parse(readFileSync(join(root, run, 'plan.json'), 'utf8')) as StoredPlan
  } catch (error) {
    throw new HandoverError(
      fault('RUN_NOT_FOUND', `the plan of run ${run} cannot be read: ${(error as Error).message}`, {
        hint: 'name a playbook and an inventory',
      }),
    )
  }
}

/** The hosts of a playbook; without one, those of the last run. */
export async function planToLookAt(
  terminal: Terminal,
  playbook: string | undefined,
  options: TargetOptions,
): Promise<{ readonly plan: Plan; readonly machine: string }> {
  if (playbook) return resolvePlan(playbook, options)
  const root = runDirectory(options, terminal)
  if (listRuns(root).length === 0) {
    throw new HandoverError(
      fault('RUN_NOT_FOUND', `there is no run in ${root} whose hosts could be looked at`, {
        hint: 'name a playbook and an inventory: handover status PLAYBOOK -i INVENTORY',
      }),
    )
  }
  const plan = storedPlan(root, findRun(root, 'last'))
  return { plan, machine: plan.machine }
}
