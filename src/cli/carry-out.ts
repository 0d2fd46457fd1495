/** Carrying out a new plan: the question, the run directory, and leading it to its end. */
import { type ExitCode, exitCode } from '../core/exit-code.ts'
import type { Place } from '../core/fault.ts'
import { claimController } from '../journal/controllers.ts'
import type { EntryBody, PlayInfo, RunOutcome } from '../journal/entry.ts'
import { createRunDirectory, newRunId } from '../journal/run-directory.ts'
import { digestAll } from '../journal/sources.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { wrapLines } from '../report/wrap.ts'
import { askAtTerminal } from './agree.ts'
import { type LeadOptions, lead, ownTrace } from './lead.ts'
import { runDirectory } from './options.ts'
import { secretsOf } from './secrets.ts'
import type { Signal } from './signals.ts'
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
  /** The files that the plan was made from. */
  readonly sources?: readonly string[]
  /** Which play of the playbook it is, where there are several. */
  readonly play?: PlayInfo
  /** Where its windows are written. */
  readonly place?: Place
  /** Its id, where somebody has to know it before; else a new one. */
  readonly run?: string
  /** A signal that was heard before the run is led, by whoever listens between plays. */
  readonly heard?: () => Signal | undefined
}

/** The whole transaction, after a question at a terminal. @returns the exit code. */
export async function carryOut(
  terminal: Terminal,
  undertaking: Undertaking,
  question: string,
  options: CarryOutOptions,
): Promise<number> {
  secretsOf(undertaking.plan, terminal)
  requireOpen([undertaking], options)
  const lines = wrapLines(explainPlan(undertaking.plan, Date.now()), terminal.columns)
  if (!(await agreed(terminal, question, lines, options))) return exitCode.interrupted
  const { exit } = await undertake(terminal, undertaking, options)
  return exit
}

/** Asked once, whatever it is about; with a no nothing is begun. */
export async function agreed(
  terminal: Terminal,
  question: string,
  lines: readonly string[],
  options: CarryOutOptions,
): Promise<boolean> {
  if (options.yes || (await askAtTerminal(terminal, options, question, lines))) return true
  terminal.err('not started: nothing was contacted\n')
  return false
}

export interface Undertaken {
  /** Null where it was interrupted before it began. */
  readonly run: string | null
  readonly exit: ExitCode
  readonly outcome: RunOutcome | undefined
}

/** Waits for its window where that is asked for, then a run directory, and leading the run to its end. */
export async function undertake(
  terminal: Terminal,
  { plan, machine, playbook, sources = [], play, place, run = newRunId(new Date()), heard }: Undertaking,
  options: CarryOutOptions,
): Promise<Undertaken> {
  const secrets = secretsOf(plan, terminal)
  const interrupted = await awaitOpening(terminal, { plan, play, place }, options)
  if (interrupted !== undefined) return { run: null, exit: interrupted, outcome: undefined }
  const root = runDirectory(options, terminal)
  const dir = await createRunDirectory(root, run, { ...plan, machine }, await digestAll(sources))
  const { epoch } = await claimController(dir, run, 1)
  const opening = startOf(plan, playbook, play)
  const { exit = exitCode.unexpected, finished } = await lead(
    terminal,
    { plan, machine, secrets, root, run, epoch, opening, heard },
    options,
  )
  return { run, exit, outcome: finished }
}

export function startOf(
  plan: Plan,
  playbook: string,
  play?: PlayInfo,
): Extract<EntryBody, { type: 'run.started' }> {
  return {
    type: 'run.started',
    name: plan.name,
    playbook,
    fingerprint: plan.fingerprint,
    ...ownTrace(),
    ...(plan.undoes === undefined ? {} : { undoes: plan.undoes }),
    ...(play && play.of > 1 ? { play } : {}),
    ...(plan.seed === null ? {} : { seed: plan.seed }),
    artifact: plan.artifact,
    // Why a stage has its hosts is in plan.json.
    stages: plan.stages.map(({ name, hosts, concurrency, bakeMs, gate, gateMs }) => ({
      name,
      hosts,
      concurrency,
      bakeMs,
      gate,
      gateMs,
    })),
  }
}
