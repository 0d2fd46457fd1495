/** `handover run`: the whole transaction. */
import { hostname, userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { exitCode } from '../core/exit-code.ts'
import { plural } from '../core/text.ts'
import type { EntryBody } from '../journal/entry.ts'
import { createJournal } from '../journal/journal.ts'
import { processIdentity } from '../journal/process-identity.ts'
import { createRunDirectory, journalFile, newRunId } from '../journal/run-directory.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { conduct } from '../run/conduct.ts'
import { closeFleet, realFleet } from './fleet.ts'
import { runDirectory, type TargetOptions } from './options.ts'
import { planCommand, validateCommand } from './plan-command.ts'
import { preflightCommand } from './preflight-command.ts'
import { resolvePlan } from './resolve.ts'
import { steerBySignals } from './signals.ts'
import type { Terminal } from './terminal.ts'
import { openView } from './view.ts'

export interface RunOptions extends TargetOptions {
  readonly check?: boolean
  readonly syntaxCheck?: boolean
  readonly yes?: boolean
}

export async function runCommand(terminal: Terminal, playbook: string, options: RunOptions): Promise<number> {
  if (options.syntaxCheck) return validateCommand(terminal, playbook, options)
  if (options.listHosts) return planCommand(terminal, playbook, options)
  if (options.check) return preflightCommand(terminal, playbook, options)
  const { plan, machine } = await resolvePlan(playbook, options)
  if (!(await agreed(terminal, plan, options))) {
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
      onInterrupt: signals.steer,
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
    who: userInfo().username,
    from: hostname(),
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    artifact: plan.artifact,
    stages: plan.stages,
  }
}

/** A person at a terminal is asked once; a script is not. */
async function agreed(terminal: Terminal, plan: Plan, options: RunOptions): Promise<boolean> {
  if (options.yes || options.output === 'json' || !terminal.isTty || !process.stdin.isTTY) return true
  terminal.out(`${explainPlan(plan).join('\n')}\n\n`)
  const ask = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await ask.question(`Upgrade ${plural(plan.hosts.length, 'host')}? [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    return false
  } finally {
    ask.close()
  }
}
