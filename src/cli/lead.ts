/** Leading a run to its end: the journal, the views, the signals, the requests of others. */
import { hostname, userInfo } from 'node:os'
import { exitCode } from '../core/exit-code.ts'
import type { HandoverError } from '../core/fault.ts'
import { takenOver } from '../journal/controllers.ts'
import type { Entry, EntryBody } from '../journal/entry.ts'
import { continueJournal, createJournal } from '../journal/journal.ts'
import { processIdentity } from '../journal/process-identity.ts'
import { journalFile, runPath } from '../journal/run-directory.ts'
import type { Plan } from '../plan/plan.ts'
import { apply } from '../run/apply.ts'
import { conduct } from '../run/conduct.ts'
import type { Helm } from '../run/helm.ts'
import { initialState, type RunState } from '../run/state.ts'
import { type Attendance, attendRequests } from './attend.ts'
import { closeFleet, realFleet } from './fleet.ts'
import { exitOnLeaving, wordsOnLeaving } from './leaving.ts'
import { type ReachOptions, wantsColor } from './options.ts'
import { reportFaults } from './report-faults.ts'
import { hushed, hushedJournal, type Secrets } from './secrets.ts'
import { type Signal, steerBySignals } from './signals.ts'
import type { Terminal } from './terminal.ts'
import { toolVersion } from './version.ts'
import { openView } from './view.ts'

export interface LeadOptions extends ReachOptions {
  readonly allowUnhealthy?: boolean
}

export interface Leading {
  readonly plan: Plan
  /** What the artifact is built for, in the words of `uname -m`. */
  readonly machine: string
  /** Of the plan, read by this process. */
  readonly secrets: Secrets
  readonly root: string
  readonly run: string
  /** Claimed by this process. */
  readonly epoch: number
  readonly opening: Extract<EntryBody, { type: 'run.started' | 'run.resumed' }>
  /** What the controllers before this one have written. */
  readonly past?: readonly Entry[]
  /** The run goes back from here; who asked for that, as user@machine. */
  readonly backBy?: string | undefined
  /** A signal that came before this process began to lead. */
  readonly heard?: (() => Signal | undefined) | undefined
}

/** @returns how the run stands at its end. */
export async function lead(outside: Terminal, leading: Leading, options: LeadOptions): Promise<RunState> {
  const { plan, machine, secrets, root, run, epoch, opening, past = [], backBy, heard } = leading
  const terminal = hushed(outside, secrets)
  const dir = runPath(root, run)
  const refusal = () => {
    const why = takenOver(dir, run, epoch)
    // Another controller leads: what this one still had in mind must not reach a host.
    if (why) yieldTo(terminal, why, options)
    return why
  }
  const file = journalFile(root, run)
  const opened =
    past.length > 0
      ? await continueJournal(file, run, past, { refusal })
      : await createJournal(file, run, { refusal })
  const journal = hushedJournal(opened, secrets)
  const view = await openView(terminal, options, past)
  journal.listen(view.hear)
  const seen = follow(plan, past)
  journal.listen(entry => apply(seen, entry))
  const participants = realFleet(plan, {
    run,
    epoch,
    machine,
    forks: options.forks,
    connectTimeoutMs: options.timeout * 1000,
    secrets,
    allowUnhealthy: options.allowUnhealthy,
  })
  const signals = steerBySignals({
    say: view.say,
    abandon: signal => {
      const exit = exitOnLeaving(seen, signal)
      for (const line of wordsOnLeaving(seen, run, exit)) terminal.err(`${line}\n`)
      terminal.exit(exit)
    },
    leave: terminal.exit,
  })
  let attendance: Attendance | undefined
  const take = (helm: Helm) => {
    signals.steer(signal => helm.interrupt(signal))
    attendance = attendRequests(dir, helm, () => void refusal())
    // Right behind the opening, before anything is decided: not even a look is begun.
    journal.listen(entry => {
      if (entry.type !== opening.type) return
      if (backBy !== undefined) helm.interrupt('abort', backBy)
      const early = heard?.()
      if (early) helm.interrupt(early)
    })
  }
  try {
    const state = await conduct({
      limits: plan,
      participants,
      journal,
      opening,
      past,
      forks: options.forks,
      leaseMs: plan.leaseMs,
      onHelm: take,
    })
    signals.settle(state.exit ?? exitCode.unexpected)
    if (state.journalLost) {
      view.say(
        'the journal of this run is not complete: it could not be written to the end; believe `handover status`',
      )
    }
    return state
  } finally {
    await attendance?.end()
    await view.finish()
    await closeFleet(participants)
    await journal.close()
    // Last of all: until here a signal must not turn the end of the run into another one.
    signals.stop()
  }
}

/** Who leads, from where, with what: the part that every opening of a run has. */
export function ownTrace() {
  return {
    tool: toolVersion(),
    who: userInfo().username,
    from: hostname(),
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
  }
}

export function asker(): string {
  return `${userInfo().username}@${hostname()}`
}

function follow(plan: Plan, past: readonly Entry[]): RunState {
  const state = initialState(plan)
  for (const entry of past) apply(state, entry)
  return state
}

function yieldTo(terminal: Terminal, why: HandoverError, options: LeadOptions): void {
  const json = options.output === 'json'
  terminal.exit(reportFaults(terminal, why.faults, { json, color: wantsColor(options, terminal) }))
}
