/** Becoming the next controller of a run that somebody else has begun. */
import { setTimeout as pause } from 'node:timers/promises'
import { claimController } from '../journal/controllers.ts'
import { readJournal } from '../journal/run-directory.ts'
import { changesSince, digestOf } from '../journal/sources.ts'
import type { RunState } from '../run/state.ts'
import { type LeadOptions, lead, ownTrace } from './lead.ts'
import type { PastRun } from './past-run.ts'
import { secretsAtHand, secretsOf } from './secrets.ts'
import { planOf, type StoredPlan } from './stored-plan.ts'
import type { Terminal } from './terminal.ts'

/** A controller that may still be there sees within this that it was taken over. */
const yieldMs = 1000

/**
 * Leads the run from here to its end.
 * @param backBy who asked for the run to go back, as user@machine; not given: it goes where its journal says.
 * @throws HandoverError RUN_ACTIVE for whoever comes second, PLAN_CHANGED, and SECRET_UNAVAILABLE unless it goes back.
 */
export async function takeOver(
  terminal: Terminal,
  past: PastRun,
  options: LeadOptions,
  backBy?: string,
): Promise<RunState> {
  const { root, run, dir, leader } = past
  const plan = planOf(past)
  // Before anything is claimed: whoever leads needs them, unless it only goes back.
  const secrets = backBy === undefined ? secretsOf(plan, terminal) : secretsAtHand(plan, terminal)
  const notes = await notesOn(dir, plan)
  const { epoch } = await claimController(dir, run, Math.max(1, leader.epoch) + 1)
  if (leader.liveness !== 'gone' && past.state.finished === undefined) await pause(yieldMs)
  // Only now: until the claim the other controller could still write.
  const entries = readJournal(root, run)
  const opening = { type: 'run.resumed' as const, ...ownTrace(), epoch, notes }
  const { machine } = plan
  return lead(terminal, { plan, machine, secrets, root, run, epoch, opening, past: entries, backBy }, options)
}

async function notesOn(dir: string, { artifact }: StoredPlan): Promise<string[]> {
  const notes = await changesSince(dir)
  if (!artifact) return notes
  const now = await digestOf(artifact.path)
  if (now === artifact.sha256) return notes
  const what = now === undefined ? 'cannot be read any more' : 'is another file than when the run began'
  return [`the artifact ${artifact.path} ${what}; hosts that do not have it yet cannot be prepared`, ...notes]
}
