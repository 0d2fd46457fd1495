/** Carrying out a plan: the question, the run directory, the journal, the views, the signals. */
import { hostname, userInfo } from 'node:os'
import { exitCode } from '../core/exit-code.ts'
import type { EntryBody } from '../journal/entry.ts'
import { createJournal } from '../journal/journal.ts'
import { processIdentity } from '../journal/process-identity.ts'
import { createRunDirectory, journalFile, newRunId } from '../journal/run-directory.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { conduct } from '../run/conduct.ts'
import { askAtTerminal } from './agree.ts'
import { closeFleet, realFleet } from './fleet.ts'
import { type ReachOptions, runDirectory } from './options.ts'
import { steerBySignals } from './signals.ts'
import type { Terminal } from './terminal.ts'
import { toolVersion } from './version.ts'
import { openView } from './view.ts'

export interface CarryOutOptions extends ReachOptions {
  readonly yes?: boolean
  readonly allowUnhealthy?: boolean
}

export interface Undertaking {
  readonly plan: Plan
  /** What the artifact is built for, in the words of `uname -m`. */
  readonly machine: string
  /** As it was given on the command line. */
  readonly playbook: string
  /** What a person at a terminal is asked. */
  readonly question: string
}

/** The whole transaction. @returns the exit code. */
export async function carryOut(
  terminal: Terminal,
  { plan, machine, playbook, question }: Undertaking,
  options: CarryOutOptions,
): Promise<number> {
  const isAgreed = options.yes || (await askAtTerminal(terminal, options, question, explainPlan(plan)))
  if (!isAgreed) {
    terminal.err('not started: nothing was contacted\n')
    return exitCode.interrupted
  }
  const root = runDirectory(options, terminal)
  const run = newRunId(new Date())
  await createRunDirectory(root, run, { ...plan, machine })
  const journal = await createJournal(journalFile(root, run), run)
  const view = await openView(terminal, options)
  journal.listen(view.hear)
  const participants = realFleet(plan, {
    run,
    machine,
    forks: options.forks,
    connectTimeoutMs: options.timeout * 1000,
    allowUnhealthy: options.allowUnhealthy,
  })
  const last = (line: string) => terminal.err(`${line}\n`)
  const signals = steerBySignals({ say: view.say, last, leave: terminal.exit })
  try {
    const state = await conduct({
      limits: plan,
      participants,
      journal,
      opening: opening(plan, playbook),
      forks: options.forks,
      leaseMs: plan.leaseMs,
      onHelm: helm => signals.steer(signal => void helm.interrupt(signal)),
    })
    const exit = state.exit ?? exitCode.unexpected
    signals.settle(exit)
    if (state.journalLost) {
      view.say(
        'the journal of this run is not complete: it could not be written to the end; believe `handover status`',
      )
    }
    return exit
  } finally {
    await view.finish()
    await closeFleet(participants)
    await journal.close()
    // Last of all: until here a signal must not turn the end of the run into another one.
    signals.stop()
  }
}

function opening(plan: Plan, playbook: string): Extract<EntryBody, { type: 'run.started' }> {
  return {
    type: 'run.started',
    name: plan.name,
    playbook,
    fingerprint: plan.fingerprint,
    tool: toolVersion(),
    who: userInfo().username,
    from: hostname(),
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    ...(plan.undoes === undefined ? {} : { undoes: plan.undoes }),
    artifact: plan.artifact,
    stages: plan.stages,
  }
}
