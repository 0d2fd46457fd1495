/** `handover preflight` and `handover status`: connect, look, change nothing. */
import { exitCode, exitCodeOf } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import type { Plan } from '../plan/plan.ts'
import { formatFleetStatus, type HostStatus } from '../report/fleet-text.ts'
import { jsonLine } from '../report/json.ts'
import { failingChecks } from '../run/baseline.ts'
import type { Participant } from '../run/conduct.ts'
import { withFleet } from './fleet.ts'
import { listHosts, planToLookAt } from './meant-hosts.ts'
import { type OutputOptions, type ReachOptions, type TargetOptions, wantsColor } from './options.ts'
import { planCommand } from './plan-command.ts'
import { resolvePlan } from './resolve.ts'
import { hushed, noSecrets, type Secrets, secretsOf } from './secrets.ts'
import type { Terminal } from './terminal.ts'

export interface StatusOptions extends TargetOptions {
  readonly detailedExitcode?: boolean
}

export async function preflightCommand(
  terminal: Terminal,
  playbook: string,
  options: TargetOptions,
): Promise<number> {
  if (options.listHosts) return planCommand(terminal, playbook, options)
  const { plan, machine } = await resolvePlan(playbook, options)
  return preflightPlan(terminal, plan, machine, options)
}

export async function preflightPlan(
  terminal: Terminal,
  plan: Plan,
  machine: string,
  options: ReachOptions & { readonly allowUnhealthy?: boolean },
): Promise<number> {
  const secrets = options.allowUnhealthy ? noSecrets : secretsOf(plan, terminal)
  const looks = await lookAtFleet(
    plan,
    machine,
    { ...options, secrets },
    options.allowUnhealthy ? 'fit' : 'fit and healthy',
  )
  const faults = looks.flatMap(look => look.faults)
  show(hushed(terminal, secrets), options, looks)
  if (faults.length === 0) return exitCode.done
  return exitCodeOf(faults) === exitCode.locked ? exitCode.locked : exitCode.refused
}

export async function statusCommand(
  terminal: Terminal,
  playbook: string | undefined,
  options: StatusOptions,
): Promise<number> {
  const { plan, machine } = await planToLookAt(terminal, playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plan)
    return exitCode.done
  }
  const looks = await lookAtFleet(plan, machine, options, 'status')
  show(terminal, options, looks)
  if (looks.some(({ status }) => status === undefined)) return exitCode.needsHuman
  const drift = looks.some(({ faults }) => faults.length > 0) || new Set(looks.map(versionOf)).size > 1
  return drift && options.detailedExitcode ? exitCode.drift : exitCode.done
}

/** What is there, can it be changed, and is it healthy before that? */
type Question = 'status' | 'fit' | 'fit and healthy'

interface Look {
  readonly host: string
  readonly status: HostStatus | undefined
  readonly faults: readonly Fault[]
}

async function lookAtFleet(
  plan: Plan,
  machine: string,
  options: ReachOptions & { readonly secrets?: Secrets },
  question: Question,
): Promise<Look[]> {
  return withFleet(plan, machine, options, each =>
    each((host, participant) => lookAtHost(host, participant, question)),
  )
}

async function lookAtHost(host: string, { hands, checks }: Participant, question: Question): Promise<Look> {
  const outcome = await hands.inspect()
  if (outcome.kind === 'unreachable') return { host, status: undefined, faults: [outcome.fault] }
  const { notes, lastWord, ...found } = outcome.inspection
  // What is worth knowing before a change is not what `status` is asked for.
  const status = {
    host,
    ...found,
    notes: [...(lastWord ? [lastWord] : []), ...(question === 'status' || found.current ? [] : notes)],
  }
  if (outcome.kind === 'refused') return { host, status, faults: outcome.faults }
  if (question !== 'fit and healthy' || found.current) return { host, status, faults: [] }
  return { host, status, faults: await failingChecks(host, checks) }
}

function show(terminal: Terminal, options: OutputOptions, looks: readonly Look[]): void {
  if (options.output === 'json') {
    for (const { host, status, faults } of looks) {
      const { notes = [], ...found } = status ?? {}
      const line = { v: 1, type: 'host.status', host, found: status ? found : null, faults, notes }
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
