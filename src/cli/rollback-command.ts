/** `handover rollback RUN`: a run that has committed is undone by a run in the other direction, from the hosts' backups. */
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { limitNames } from '../inventory/pattern.ts'
import type { Entry } from '../journal/entry.ts'
import { findRun, readJournal } from '../journal/run-directory.ts'
import type { PlannedRestore } from '../plan/plan.ts'
import { planRollback } from '../plan/rollback.ts'
import { standingOf } from '../report/fold.ts'
import { jsonLine } from '../report/json.ts'
import type { Standing } from '../report/standing.ts'
import { type CarryOutOptions, carryOut } from './carry-out.ts'
import { runDirectory } from './options.ts'
import { isAlive, type StoredPlan, storedPlan } from './past-run.ts'
import { preflightPlan } from './preflight-command.ts'
import type { Terminal } from './terminal.ts'

export interface RollbackOptions extends CarryOutOptions {
  readonly check?: boolean
  readonly allowConfigChange?: boolean
}

export async function rollbackCommand(
  terminal: Terminal,
  wanted: string,
  options: RollbackOptions,
): Promise<number> {
  const root = runDirectory(options, terminal)
  const run = findRun(root, wanted)
  const entries = readJournal(root, run)
  const standing = settled(run, entries)
  const restores = restoresOf(standing)
  if (restores.size === 0) return nothingToUndo(terminal, run, standing, options)
  const stored = storedPlan(root, run)
  const names = stored.hosts.map(host => host.name)
  const limited = options.limit === undefined ? names : limitNames(names, options.limit)
  const plan = planRollback({ id: run, plan: allowing(stored, options), restores }, limited)
  const { machine } = stored
  if (options.check) return preflightPlan(terminal, plan, machine, options)
  const question = `Take ${plural(plan.hosts.length, 'host')} back?`
  const playbook = standing.opening?.playbook ?? ''
  return carryOut(terminal, { plan, machine, playbook, question }, options)
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

/** Only what a run has proven at its end can be undone. @throws HandoverError RUN_ACTIVE, RUN_UNSETTLED. */
function settled(run: string, entries: readonly Entry[]): Standing {
  const standing = standingOf(entries)
  const outcome = standing.finished?.outcome
  if (outcome !== undefined && outcome !== 'in-doubt') return standing
  if (isAlive(entries)) {
    throw new HandoverError(
      fault('RUN_ACTIVE', `run ${run} is still going on`, {
        hint: 'let it end, or interrupt it: until its commit that takes every host back',
      }),
    )
  }
  const why = outcome === 'in-doubt' ? 'ended with hosts in doubt' : 'was cut off before its end'
  throw new HandoverError(
    fault('RUN_UNSETTLED', `run ${run} ${why}, so it is not known what there is to undo`, {
      hint: 'look at its hosts with `handover status`: those that were not decided go back by themselves when their lease ends; for the others `handover lock break`',
    }),
  )
}

function restoresOf({ hosts }: Standing): Map<string, PlannedRestore> {
  const restores = new Map<string, PlannedRestore>()
  for (const { name, step, before, after } of hosts.values()) {
    if (step === 'committed' && before && after) restores.set(name, { wanted: before, replaces: after })
  }
  return restores
}

function nothingToUndo(
  terminal: Terminal,
  run: string,
  { finished }: Standing,
  options: RollbackOptions,
): number {
  const outcome = finished?.outcome ?? ''
  const summary = `nothing to undo: run ${run} has committed no host (it ended ${outcome})`
  if (options.output === 'json') {
    terminal.out(
      `${jsonLine({ v: 1, type: 'rollback.unneeded', run, outcome, exit: exitCode.done, summary })}\n`,
    )
  } else terminal.out(`${summary}\n`)
  return exitCode.done
}
