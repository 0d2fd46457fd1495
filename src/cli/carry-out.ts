/** Carrying out a new plan: the question, the run directory, and leading it to its end. */
import { exitCode } from '../core/exit-code.ts'
import { claimController } from '../journal/controllers.ts'
import type { EntryBody } from '../journal/entry.ts'
import { createRunDirectory, newRunId } from '../journal/run-directory.ts'
import { digestAll } from '../journal/sources.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { askAtTerminal } from './agree.ts'
import { type LeadOptions, lead, ownTrace } from './lead.ts'
import { runDirectory } from './options.ts'
import { secretsOf } from './secrets.ts'
import type { Terminal } from './terminal.ts'
import { awaitOpening, requireOpen, type WaitOptions } from './window-gate.ts'

export interface CarryOutOptions extends LeadOptions, WaitOptions {
  readonly yes?: boolean
}

export interface Undertaking {
  readonly plan: Plan
  /** What the artifact is built for, in the words of `uname -m`. */
  readonly machine: string
  /** As it was given on the command line. */
  readonly playbook: string
  /** What a person at a terminal is asked. */
  readonly question: string
  /** The files that the plan was made from. */
  readonly sources?: readonly string[]
}

/** The whole transaction. @returns the exit code. */
export async function carryOut(
  terminal: Terminal,
  { plan, machine, playbook, question, sources = [] }: Undertaking,
  options: CarryOutOptions,
): Promise<number> {
  const secrets = secretsOf(plan, terminal)
  requireOpen(plan, options)
  const lines = explainPlan(plan, Date.now())
  const isAgreed = options.yes || (await askAtTerminal(terminal, options, question, lines))
  if (!isAgreed) {
    terminal.err('not started: nothing was contacted\n')
    return exitCode.interrupted
  }
  const interrupted = await awaitOpening(terminal, plan, options)
  if (interrupted !== undefined) return interrupted
  const root = runDirectory(options, terminal)
  const run = newRunId(new Date())
  const dir = await createRunDirectory(root, run, { ...plan, machine }, await digestAll(sources))
  const { epoch } = await claimController(dir, run, 1)
  const opening = startOf(plan, playbook)
  const { exit = exitCode.unexpected } = await lead(
    terminal,
    { plan, machine, secrets, root, run, epoch, opening },
    options,
  )
  return exit
}

export function startOf(plan: Plan, playbook: string): Extract<EntryBody, { type: 'run.started' }> {
  return {
    type: 'run.started',
    name: plan.name,
    playbook,
    fingerprint: plan.fingerprint,
    ...ownTrace(),
    ...(plan.undoes === undefined ? {} : { undoes: plan.undoes }),
    artifact: plan.artifact,
    stages: plan.stages,
  }
}
