/** `handover plan` and `handover validate`: files only. */
import { exitCode } from '../core/exit-code.ts'
import { plural } from '../core/text.ts'
import { explainPlan } from '../plan/explain.ts'
import type { Plan } from '../plan/plan.ts'
import { nextOpenings } from '../plan/windows.ts'
import { shownOpenings } from '../plan/windows-text.ts'
import { readArtifact } from '../playbook/artifact.ts'
import { parseExtraVars } from '../playbook/extra-vars.ts'
import { loadPlaybook } from '../playbook/load.ts'
import { readMachine } from '../playbook/program-file.ts'
import { jsonLine } from '../report/json.ts'
import { listHosts } from './meant-hosts.ts'
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
    listHosts(terminal, plan)
  } else if (options.output === 'json') {
    terminal.out(`${jsonLine({ ...plan, ...openingsOf(plan) })}\n`)
  } else {
    terminal.out(`${explainPlan(plan, Date.now()).join('\n')}\n`)
  }
  return exitCode.done
}

/** Beside the plan, which does not change with the time. */
function openingsOf({ windows }: Plan): { readonly openings?: readonly Record<string, string>[] } {
  if (!windows) return {}
  const openings = nextOpenings(windows.rules, Date.now(), shownOpenings).map(one => ({
    from: isoTime(one.fromMs),
    starts_until: isoTime(one.startsUntilMs),
    until: isoTime(one.endMs),
  }))
  return { openings }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

export async function validateCommand(
  terminal: Terminal,
  playbook: string,
  options: TargetOptions,
): Promise<number> {
  if (options.inventory.length === 0) return validatePlaybook(terminal, playbook, options)
  const { plan } = await resolvePlan(playbook, options)
  const { hosts, stages, fingerprint } = plan
  if (options.output === 'json') {
    terminal.out(
      `${jsonLine({ v: 1, valid: true, fingerprint, hosts: hosts.length, stages: stages.length })}\n`,
    )
  } else {
    terminal.out(`valid: ${playbook}, ${plural(hosts.length, 'host')} in ${plural(stages.length, 'stage')}\n`)
  }
  return exitCode.done
}

/** Without an inventory there are no hosts, so what differs by host cannot be checked. */
async function validatePlaybook(terminal: Terminal, file: string, options: TargetOptions): Promise<number> {
  const playbook = loadPlaybook(file, { extraVars: parseExtraVars(options.extraVars) })
  await readArtifact(playbook)
  await readMachine(playbook)
  if (options.output === 'json') terminal.out(`${jsonLine({ v: 1, valid: true })}\n`)
  else terminal.out(`valid: ${file}; name an inventory with -i to check it for every host\n`)
  return exitCode.done
}
