/** `handover resume RUN`: another controller leads a run on that was cut off or ended in doubt. */
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { askAtTerminal } from './agree.ts'
import type { LeadOptions } from './lead.ts'
import { nameLeftovers } from './leftover-runs.ts'
import { playbookOptions } from './meant-hosts.ts'
import { runDirectory, type TargetOptions } from './options.ts'
import { openRun, type PastRun } from './past-run.ts'
import { requireFree } from './request.ts'
import { proceed, tell } from './steer-commands.ts'
import { takeOver } from './take-over.ts'
import type { Terminal } from './terminal.ts'

export interface ResumeOptions extends TargetOptions, LeadOptions {
  readonly yes?: boolean
  readonly takeover?: boolean
  /** The playbook. */
  readonly fromHosts?: string
}

export async function resumeCommand(
  terminal: Terminal,
  wanted: string | undefined,
  options: ResumeOptions,
): Promise<number> {
  const { fromHosts } = options
  if (fromHosts !== undefined) {
    const { resumeFromHosts } = await import('./from-hosts.ts')
    return resumeFromHosts(terminal, fromHosts, wanted, options)
  }
  const past = openRun(runDirectory(options, terminal), required(wanted, options))
  const { state, leader } = past
  if (past.entries.length === 0 || (state.finished !== undefined && state.finished !== 'in-doubt')) {
    if (wanted === 'last') nameLeftovers(terminal, past)
    return nothingToResume(terminal, past, options)
  }
  const isLed = state.finished === undefined && leader.liveness !== 'gone' && !options.takeover
  if (isLed && state.pausedMs !== undefined) return proceed(terminal, past, options)
  requireFree(past, options.takeover ?? false)
  const isAgreed = options.yes || (await askAtTerminal(terminal, options, 'Go on with it?', [courseOf(past)]))
  if (!isAgreed) return notBegun(terminal)
  const { exit = exitCode.unexpected } = await takeOver(terminal, past, options)
  return exit
}

/**
 * The opening of a run is durable before the first host is contacted, so a kill leaves no empty journal behind one that has
 * begun; a file that was lost or cut looks the same.
 */
export const nothingHeld =
  "its journal holds nothing: nothing was contacted, unless the file was lost or cut: `handover status` looks, `handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER` leads it from the hosts' records"

export function notBegun(terminal: Terminal): number {
  terminal.err('not begun: nothing was contacted\n')
  return exitCode.interrupted
}

/** Where the run goes from here, as its journal has it. */
function courseOf({ run, state }: PastRun): string {
  const hosts = plural(state.hosts.size, 'host')
  if (state.decided)
    return `run ${run} is decided: every host is brought forward to the new version (${hosts})`
  if (state.rollingBack !== undefined || state.interrupted) {
    return `run ${run} was going back: every host is brought back to what it had (${hosts})`
  }
  return `run ${run} is not decided: every host is looked at (${hosts}). The run goes on from there; if a host has gone back by itself meanwhile, beyond what the playbook tolerates, every host goes back`
}

function nothingToResume(terminal: Terminal, past: PastRun, options: ResumeOptions): number {
  const { run, state } = past
  const outcome = state.finished ?? 'interrupted'
  // Nothing was contacted: that is not what was asked for, either.
  const exit = state.exit ?? exitCode.interrupted
  const text = `nothing to resume: ${past.entries.length === 0 ? nothingHeld : `it ended ${outcome}`}`
  tell(terminal, options, run, 'resume.unneeded', text, { outcome, exit })
  return exit
}

function required(wanted: string | undefined, options: ResumeOptions): string {
  const given = [...playbookOptions(options), ...(options.limit === undefined ? [] : ['--limit'])]
  const why =
    wanted === undefined
      ? 'which run? `handover runs` lists them'
      : given.length > 0
        ? `${given.join(' and ')} mean nothing for a run, whose hosts are known`
        : undefined
  if (wanted !== undefined && why === undefined) return wanted
  throw new HandoverError(
    fault('USAGE', why ?? '', {
      hint: 'handover resume RUN, or handover resume --from-hosts PLAYBOOK -i INVENTORY',
    }),
  )
}
