/** `handover plan` and `handover validate`: files only, unless `plan` is asked to compare. */
import { type ExitCode, exitCode } from '../core/exit-code.ts'
import { HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { estimate } from '../plan/estimate.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { openingsToShow } from '../plan/windows.ts'
import { readArtifact } from '../playbook/artifact.ts'
import { parseExtraVars } from '../playbook/extra-vars.ts'
import { loadPlays } from '../playbook/load.ts'
import { readMachine } from '../playbook/program-file.ts'
import type { Comparison } from '../report/diff-text.ts'
import { jsonLine } from '../report/json.ts'
import { formatPlannedHosts } from '../report/planned-hosts.ts'
import { wrapLines } from '../report/wrap.ts'
import { lookAtFleet } from './looks.ts'
import { listHosts } from './meant-hosts.ts'
import { type TargetOptions, wantsColor } from './options.ts'
import { compareHosts, showComparisons } from './plan-diff.ts'
import { exitOfLooks, gravest } from './preflight-command.ts'
import { gatedOf, type Resolved, resolvePlays } from './resolve.ts'
import type { Terminal } from './terminal.ts'
import { type Gated, neverOpening } from './window-faults.ts'

export interface PlanCommandOptions extends TargetOptions {
  readonly diff?: boolean
  /** Nobody knows without the hosts, so it means --diff, too. */
  readonly detailedExitcode?: boolean
  /** Every host on a line of its own. */
  readonly verbose?: boolean
}

export async function planCommand(
  terminal: Terminal,
  playbook: string,
  options: PlanCommandOptions,
): Promise<number> {
  const plays = await resolvePlays(playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  if (options.diff || options.detailedExitcode) return comparePlays(terminal, plays, options)
  for (const each of plays) showPlan(terminal, each, options)
  if (options.output === 'json') for (const each of plays) tellPlan(terminal, each, exitCode.done)
  return exitCode.done
}

/** Play by play the plan, then what it would change. */
async function comparePlays(
  terminal: Terminal,
  plays: readonly Resolved[],
  options: PlanCommandOptions,
): Promise<ExitCode> {
  const exits: ExitCode[] = []
  for (const each of plays) {
    const { plan, machine } = each
    showPlan(terminal, each, options)
    const looks = await lookAtFleet(plan, machine, options, 'fit')
    const rows = await compareHosts(plan, looks)
    if (options.output !== 'json') terminal.out('\n')
    showComparisons(terminal, options, each.play, rows, options.verbose)
    exits.push(exitOfLooks(looks), exitOfRows(rows, options))
  }
  const exit = gravest(exits)
  if (options.output === 'json') for (const each of plays) tellPlan(terminal, each, exit)
  return exit
}

/** A host that could not be compared has its own code, which wins: what would happen there is not known. */
function exitOfRows(rows: readonly Comparison[], { detailedExitcode }: PlanCommandOptions): ExitCode {
  const isChange = rows.some(({ state }) => state === 'change')
  return isChange && detailedExitcode ? exitCode.wouldChange : exitCode.done
}

function showPlan(terminal: Terminal, { plan, play }: Resolved, options: PlanCommandOptions): void {
  if (options.output === 'json') return
  const style = { color: wantsColor(options, terminal), width: terminal.columns }
  const lines = [
    ...wrapLines(explainPlay({ plan, play }), style.width),
    ...(options.verbose ? ['', ...formatPlannedHosts(plan, style)] : []),
  ]
  terminal.out(`${play.number > 1 ? '\n' : ''}${lines.join('\n')}\n`)
}

/** Its plan in words; where there are several plays it says which one this is. */
export function explainPlay({ plan, play }: Pick<Resolved, 'plan' | 'play'>): string[] {
  const [first = '', ...others] = explainPlan(plan, Date.now())
  return [play.of > 1 ? `play ${play.number} of ${play.of}: ${first}` : first, ...others]
}

/** @param exit of the command: it is in every line, and so in the last one. */
function tellPlan(terminal: Terminal, { plan, play }: Resolved, exit: ExitCode): void {
  const { number, of } = play
  const line = {
    v: 1,
    type: 'play.planned',
    exit,
    play: { number, of },
    ...plan,
    estimate: estimate(plan),
    ...openingsOf(plan),
  }
  terminal.out(`${jsonLine(line)}\n`)
}

/** Beside the plan, which does not change with the time. */
function openingsOf({ windows, stages }: Plan): {
  readonly openings?: readonly Record<string, string | null>[]
} {
  if (!windows) return {}
  const openings = openingsToShow({ windows, stages }, Date.now()).map(one => ({
    from: isoTime(one.fromMs),
    starts_until: isoTime(one.startsUntilMs),
    until: isoTime(one.endMs),
  }))
  return { openings }
}

/** Null for an end that is not within two years. */
function isoTime(ms: number): string | null {
  return ms === Number.POSITIVE_INFINITY ? null : new Date(ms).toISOString()
}

export async function validateCommand(
  terminal: Terminal,
  playbook: string,
  options: TargetOptions,
): Promise<number> {
  // Whose hosts: without an inventory that is refused, not passed over.
  if (options.inventory.length === 0 && !options.listHosts)
    return validatePlaybook(terminal, playbook, options)
  const plays = await resolvePlays(playbook, options, 0)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  refuseNever(plays.map(gatedOf))
  for (const { plan, play } of plays) {
    const { hosts, stages, fingerprint, name } = plan
    if (options.output === 'json') {
      const { number, of } = play
      terminal.out(
        `${jsonLine({ v: 1, valid: true, play: { number, of, name }, fingerprint, hosts: hosts.length, stages: stages.length })}\n`,
      )
    } else {
      const what = play.of > 1 ? `, play ${play.number} of ${play.of}: ` : ', '
      terminal.out(
        `valid: ${playbook}${what}${plural(hosts.length, 'host')} in ${plural(stages.length, 'stage')}\n`,
      )
    }
  }
  return exitCode.done
}

/** A window that is closed now is none of its business; one that nobody could ever wait for is. */
function refuseNever(plays: readonly Gated[]): void {
  const never = neverOpening(plays, Date.now())
  if (never.length > 0) throw new HandoverError(never)
}

/** Without an inventory there are no hosts, so what differs by host cannot be checked. */
async function validatePlaybook(terminal: Terminal, file: string, options: TargetOptions): Promise<number> {
  const plays = loadPlays(file, { extraVars: parseExtraVars(options.extraVars) })
  for (const play of plays) {
    await readArtifact(play)
    await readMachine(play)
  }
  refuseNever(
    plays.map(({ name, windows: rules, onWindowClose: onClose, windowsPlace: place }, index) => ({
      plan: { name, stages: [], ...(rules.length > 0 ? { windows: { rules, onClose } } : {}) },
      play: { number: index + 1, of: plays.length, later: [] },
      place,
    })),
  )
  if (options.output === 'json') terminal.out(`${jsonLine({ v: 1, valid: true })}\n`)
  else terminal.out(`valid: ${file}; name an inventory with -i to check it for every host\n`)
  return exitCode.done
}
