/** `handover preflight` and `handover status`: connect, look, change nothing. */
import { type ExitCode, exitCode, exitCodeOf } from '../core/exit-code.ts'
import type { PlayInfo } from '../journal/entry.ts'
import { formatFleetStatus } from '../report/fleet-text.ts'
import { jsonLine } from '../report/json.ts'
import { type Look, lookAtFleet } from './looks.ts'
import { listHosts, plansToLookAt, playHeading, playNumber } from './meant-hosts.ts'
import { type OutputOptions, type ReachOptions, type TargetOptions, wantsColor } from './options.ts'
import { compareHosts, showComparisons } from './plan-diff.ts'
import { type Resolved, resolvePlays } from './resolve.ts'
import { hushed, noSecrets, secretsOf, secretsOfNew } from './secrets.ts'
import type { Terminal } from './terminal.ts'

export interface StatusOptions extends TargetOptions {
  readonly detailedExitcode?: boolean
}

export interface PreflightOptions extends TargetOptions {
  /** What would change beside what is found. */
  readonly diff?: boolean
}

export async function preflightCommand(
  terminal: Terminal,
  playbook: string,
  options: PreflightOptions,
): Promise<number> {
  const plays = await resolvePlays(playbook, options, 0)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  const exits: ExitCode[] = []
  for (const each of plays) {
    head(terminal, options, each)
    exits.push(await preflightPlan(terminal, each, options))
  }
  return gravest(exits)
}

/** 3 wins over everything, 7 over 6, as among the hosts of one play; and what cannot be done over what would be. */
export function gravest(exits: readonly ExitCode[]): ExitCode {
  const { needsHuman, locked, refused, done } = exitCode
  const worst = [needsHuman, locked, refused].find(exit => exits.includes(exit))
  return worst ?? exits.find(exit => exit !== done) ?? done
}

export async function preflightPlan(
  terminal: Terminal,
  each: Pick<Resolved, 'plan' | 'machine' | 'play'>,
  options: ReachOptions & { readonly allowUnhealthy?: boolean; readonly diff?: boolean },
): Promise<ExitCode> {
  const { plan, machine, play } = each
  const read = plan.undoes === undefined ? secretsOfNew : secretsOf
  const secrets = options.allowUnhealthy ? noSecrets : read(plan, terminal)
  const question = options.allowUnhealthy ? 'fit' : 'fit and healthy'
  const looks = await lookAtFleet(plan, machine, { ...options, secrets }, question)
  const quiet = hushed(terminal, secrets)
  if (options.diff) showComparisons(quiet, options, play, await compareHosts(plan, looks))
  else show(quiet, options, play, looks)
  return exitOfLooks(looks)
}

/** 6 when a run would be refused, 7 when a lock is all that speaks against it. */
export function exitOfLooks(looks: readonly Look[]): ExitCode {
  const faults = looks.flatMap(look => look.faults)
  if (faults.length === 0) return exitCode.done
  return exitCodeOf(faults) === exitCode.locked ? exitCode.locked : exitCode.refused
}

export async function statusCommand(
  terminal: Terminal,
  playbook: string | undefined,
  options: StatusOptions,
): Promise<number> {
  const plays = await plansToLookAt(terminal, playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  const exits: ExitCode[] = []
  for (const each of plays) {
    head(terminal, options, each)
    const looks = await lookAtFleet(each.plan, each.machine, options, 'status')
    show(terminal, options, each.play, looks)
    exits.push(exitOfStatus(looks, options))
  }
  return gravest(exits)
}

function exitOfStatus(looks: readonly Look[], { detailedExitcode }: StatusOptions): ExitCode {
  if (looks.some(({ status }) => status === undefined)) return exitCode.needsHuman
  const drift = looks.some(({ faults }) => faults.length > 0) || new Set(looks.map(versionOf)).size > 1
  return drift && detailedExitcode ? exitCode.drift : exitCode.done
}

function head(terminal: Terminal, { output }: OutputOptions, each: Pick<Resolved, 'plan' | 'play'>): void {
  if (each.play.of === 1 || output === 'json') return
  terminal.out(`${each.play.number > 1 ? '\n' : ''}${playHeading(each)}\n`)
}

function show(terminal: Terminal, options: OutputOptions, play: PlayInfo, looks: readonly Look[]): void {
  if (options.output === 'json') {
    for (const { host, status, faults } of looks) {
      const { notes = [], ...found } = status ?? {}
      const which = { host, ...playNumber(play) }
      const line = { v: 1, type: 'host.status', ...which, found: status ? found : null, faults, notes }
      terminal.out(`${jsonLine(line)}\n`)
    }
    return
  }
  const rows = looks.flatMap(({ status }) => status ?? [])
  const faults = looks.flatMap(look => look.faults)
  const lines = formatFleetStatus(rows, faults, {
    color: wantsColor(options, terminal),
    width: terminal.columns,
  })
  terminal.out(`${lines.join('\n')}\n`)
}

function versionOf({ status }: Look): string {
  return `${status?.sha256} ${status?.runsPath}`
}
