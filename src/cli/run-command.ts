/** `handover run`: the whole transaction. */
import { plural } from '../core/text.ts'
import { type CarryOutOptions, carryOut } from './carry-out.ts'
import type { TargetOptions } from './options.ts'
import { planCommand, validateCommand } from './plan-command.ts'
import { preflightCommand } from './preflight-command.ts'
import { resolvePlan } from './resolve.ts'
import { sourceFiles } from './source-files.ts'
import type { Terminal } from './terminal.ts'

export interface RunOptions extends TargetOptions, CarryOutOptions {
  readonly check?: boolean
  readonly syntaxCheck?: boolean
}

export async function runCommand(terminal: Terminal, playbook: string, options: RunOptions): Promise<number> {
  if (options.syntaxCheck) return validateCommand(terminal, playbook, options)
  if (options.listHosts) return planCommand(terminal, playbook, options)
  if (options.check) return preflightCommand(terminal, playbook, options)
  const { plan, machine, playbook: loaded } = await resolvePlan(playbook, options)
  const question = `Upgrade ${plural(plan.hosts.length, 'host')}?`
  const sources = sourceFiles(loaded, options)
  return carryOut(terminal, { plan, machine, playbook, question, sources }, options)
}
