/**
 * `handover rollback RUN`: a run that has committed is undone by a run in the other direction, from the hosts' backups;
 * one that was not decided yet is brought back itself, by its own controller or by this one.
 */
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { limitNames } from '../inventory/pattern.ts'
import type { PlannedRestore } from '../plan/plan.ts'
import { planRollback } from '../plan/rollback.ts'
import { jsonLine } from '../report/json.ts'
import { inPhase, type RunState } from '../run/state.ts'
import { askAtTerminal } from './agree.ts'
import { type CarryOutOptions, carryOut } from './carry-out.ts'
import { asker } from './lead.ts'
import { nameLeftovers } from './leftover-runs.ts'
import { runDirectory } from './options.ts'
import { isAlive, livenessFrom, openRun, type PastRun } from './past-run.ts'
import { preflightPlan } from './preflight-command.ts'
import { awaitEnd, exitOfUndoing, place, requireFree, unsettled } from './request.ts'
import { notBegun, nothingHeld } from './resume-command.ts'
import { abort, tell } from './steer-commands.ts'
import { planOf, type StoredPlan } from './stored-plan.ts'
import { takeOver } from './take-over.ts'
import type { Terminal } from './terminal.ts'

export interface RollbackOptions extends CarryOutOptions {
  readonly check?: boolean
  readonly takeover?: boolean
  readonly allowConfigChange?: boolean
}

export async function rollbackCommand(
  terminal: Terminal,
  wanted: string,
  options: RollbackOptions,
): Promise<number> {
  const past = openRun(runDirectory(options, terminal), wanted)
  if (wanted === 'last' && hasSettled(past)) nameLeftovers(terminal, past)
  refuseRollbackByChance(past, wanted)
  if (hasSettled(past)) return undo(terminal, past, options)
  if (past.state.decided) return undo(terminal, await decidedEnd(terminal, past, options), options)
  return bringBack(terminal, past, options)
}

/** Asked twice for the last run, a script must not bring back what it has just taken away. */
function refuseRollbackByChance({ run, entries, state }: PastRun, wanted: string): void {
  const [opening] = entries
  if (wanted !== 'last' || opening?.type !== 'run.started' || opening.undoes === undefined) return
  // One that was cut off is led on, and one that has committed nothing has nothing to undo.
  if (state.finished === undefined || state.finished === 'in-doubt' || inPhase(state, 'committed') === 0)
    return
  throw new HandoverError(
    fault('USAGE', `the last run, ${run}, is itself a rollback, of ${opening.undoes}`, {
      hint: `to undo that rollback, name it: handover rollback ${run}`,
    }),
  )
}

/** Its hosts are what its journal says, so what it has committed can be undone. */
function hasSettled({ state }: PastRun): boolean {
  return state.finished !== undefined && state.finished !== 'in-doubt'
}

/** A decided run only goes forward. @throws HandoverError RUN_UNSETTLED where nobody leads it there. */
async function decidedEnd(terminal: Terminal, past: PastRun, options: RollbackOptions): Promise<PastRun> {
  if (!isAlive(past)) throw unsettled(past, whyUnsettled(past))
  if (options.check) throw unsettled(past, 'is decided and going on')
  tell(
    terminal,
    options,
    past.run,
    'rollback.waiting',
    'it is decided; waiting for its end, then it is undone',
  )
  const ended = await awaitEnd(past)
  if (!hasSettled(ended)) throw unsettled(ended, whyUnsettled(ended))
  return ended
}

/** Not decided: every host goes back within the run itself. */
async function bringBack(terminal: Terminal, past: PastRun, options: RollbackOptions): Promise<number> {
  const { run, state } = past
  if (past.entries.length === 0) return nothingToUndo(terminal, past, options)
  if (options.limit !== undefined) {
    throw new HandoverError(
      fault('USAGE', `run ${run} ${whyUnsettled(past)}, so it goes back as a whole, without --limit`),
    )
  }
  const isLed = isAlive(past) && !options.takeover
  if (!isLed) {
    requireFree(past, options.takeover ?? false)
    planOf(past)
  }
  const hosts = plural(state.hosts.size, 'host')
  if (options.check) {
    const how = isLed ? `${place(past)} is asked to take` : 'this process would lead the run and take'
    tell(terminal, options, run, 'rollback.planned', `${how} ${hosts} back; nothing was contacted`)
    return exitCode.done
  }
  const question = `Take ${hosts} back?`
  if (!options.yes && !(await askAtTerminal(terminal, options, question))) return notBegun(terminal)
  if (isLed) return abort(terminal, past, options)
  const { finished, decided } = await takeOver(terminal, past, options, asker())
  // A host has told of a decision that the journal does not know: from there only forward.
  const exit = decided ? exitCode.needsHuman : exitOfUndoing(finished)
  const text = exit === exitCode.done ? 'every host has what it had before' : `ended ${finished}`
  tell(terminal, options, run, 'rollback.finished', text, { outcome: finished, exit })
  return exit
}

function whyUnsettled(past: PastRun): string {
  if (past.state.finished !== undefined) return 'ended with hosts in doubt'
  if (livenessFrom(past) === null) return `may still be led by ${place(past)}`
  return isAlive(past) ? 'is still going on' : 'was cut off before its end'
}

async function undo(terminal: Terminal, past: PastRun, options: RollbackOptions): Promise<number> {
  const { run, state, entries } = past
  const restores = restoresOf(state)
  if (restores.size === 0) return nothingToUndo(terminal, past, options)
  const stored = planOf(past)
  const names = stored.hosts.map(host => host.name)
  const limited = options.limit === undefined ? names : limitNames(names, options.limit)
  const plan = planRollback({ id: run, plan: allowing(stored, options), restores }, limited)
  const { machine } = stored
  if (options.check) return preflightPlan(terminal, plan, machine, options)
  const question = `Take ${plural(plan.hosts.length, 'host')} back?`
  const opening = entries.find(entry => entry.type === 'run.started')
  return carryOut(terminal, { plan, machine, playbook: opening?.playbook ?? '', question }, options)
}

/** The playbook of the run is not read again, so what it would have to say is said on the command line. */
function allowing(plan: StoredPlan, { allowConfigChange = false }: RollbackOptions): StoredPlan {
  if (!allowConfigChange) return plan
  const hosts = plan.hosts.map(host => {
    const allow = [...new Set([...host.handover.allow, 'config' as const])]
    return { ...host, handover: { ...host.handover, allow } }
  })
  return { ...plan, hosts }
}

function restoresOf({ hosts }: RunState): Map<string, PlannedRestore> {
  const restores = new Map<string, PlannedRestore>()
  for (const { name, phase, before, after } of hosts.values()) {
    if (phase === 'committed' && before && after) restores.set(name, { wanted: before, replaces: after })
  }
  return restores
}

function nothingToUndo(terminal: Terminal, past: PastRun, options: RollbackOptions): number {
  const { run, state, entries } = past
  const isEmpty = entries.length === 0
  // Whether there is nothing to undo cannot be told from an empty file, so a script must not take it for done.
  const exit = isEmpty ? exitCode.interrupted : exitCode.done
  const outcome = state.finished ?? 'interrupted'
  const why = isEmpty ? nothingHeld : `run ${run} has committed no host (it ended ${outcome})`
  const summary = `${isEmpty ? `run ${run}: ` : ''}nothing to undo: ${why}`
  if (options.output === 'json') {
    terminal.out(`${jsonLine({ v: 1, type: 'rollback.unneeded', run, outcome, exit, summary })}\n`)
  } else terminal.out(`${summary}\n`)
  return exit
}
