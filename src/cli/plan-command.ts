/** `handover plan` and `handover validate`: files only. */
import { exitCode } from '../core/exit-code.ts'
import { explainPlan } from '../plan/explain.ts'
import { jsonLine } from '../report/json.ts'
import type { TargetOptions } from './options.ts'
import { resolvePlan } from './resolve.ts'
import type { Terminal } from './terminal.ts'

export async function planCommand(
  terminal: Terminal,
  playbook: string,
  options: TargetOptions,
): Promise<number> {
  const { plan } = await resolvePlan(playbook, options)
  if (options.listHosts) {
    const names = plan.hosts.map(host => host.name)
    terminal.out(`  hosts (${names.length}):\n${names.map(name => `    ${name}\n`).join('')}`)
  } else if (options.output === 'json') {
    terminal.out(`${jsonLine(plan)}\n`)
  } else {
    terminal.out(`${explainPlan(plan).join('\n')}\n`)
  }
  return exitCode.done
}

export async function validateCommand(
  terminal: Terminal,
  playbook: string,
  options: TargetOptions,
): Promise<number> {
  const { plan } = await resolvePlan(playbook, options)
  const { hosts, stages, fingerprint } = plan
  if (options.output === 'json') {
    terminal.out(
      `${jsonLine({ v: 1, valid: true, fingerprint, hosts: hosts.length, stages: stages.length })}\n`,
    )
  } else {
    terminal.out(`valid: ${playbook}, ${hosts.length} hosts in ${stages.length} stages\n`)
  }
  return exitCode.done
}
