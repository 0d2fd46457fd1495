/** `handover run`: the whole transaction, or one after the other where the playbook has several plays. */
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { wrapLines } from '../report/wrap.ts'
import { agreed, type CarryOutOptions, undertake } from './carry-out.ts'
import { listHosts } from './meant-hosts.ts'
import type { TargetOptions } from './options.ts'
import { explainPlay, validateCommand } from './plan-command.ts'
import { carryOutPlays } from './plays.ts'
import { preflightCommand } from './preflight-command.ts'
import { gatedOf, type Resolved, resolvePlays } from './resolve.ts'
import { secretsOfNew } from './secrets.ts'
import { sourceFiles } from './source-files.ts'
import type { Terminal } from './terminal.ts'
import { requireOpen } from './window-gate.ts'

export interface RunOptions extends TargetOptions, CarryOutOptions {
  readonly check?: boolean
  readonly diff?: boolean
  readonly syntaxCheck?: boolean
}

export async function runCommand(terminal: Terminal, playbook: string, options: RunOptions): Promise<number> {
  refuseLoneDiff(options)
  if (options.syntaxCheck) return validateCommand(terminal, playbook, options)
  if (options.check && !options.listHosts) return preflightCommand(terminal, playbook, options)
  const plays = await resolvePlays(playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  requireOpen(plays.map(gatedOf), options)
  // What cannot be read or kept is told before the first play contacts anybody.
  for (const { plan } of plays) secretsOfNew(plan, terminal)
  const lines = plays.flatMap((each, index) => [...(index > 0 ? [''] : []), ...explainPlay(each)])
  if (!(await agreed(terminal, questionOf(plays), wrapLines(lines, terminal.columns), options)))
    return exitCode.interrupted
  const undertakings = plays.map(resolved => {
    const sources = sourceFiles(resolved.playbook, options)
    return { ...gatedOf(resolved), machine: resolved.machine, playbook, sources }
  })
  const [only, ...others] = undertakings
  if (only && others.length === 0) return (await undertake(terminal, only, options)).exit
  return carryOutPlays(terminal, undertakings, options)
}

function questionOf(plays: readonly Resolved[]): string {
  const hosts = plays.map(({ plan }) => plural(plan.hosts.length, 'host')).join(', then ')
  const inPlays = plays.length > 1 ? `, in ${plays.length} plays` : ''
  return `Upgrade ${hosts}${inPlays}?`
}

function refuseLoneDiff({ diff, check }: RunOptions): void {
  if (!diff || check) return
  throw new HandoverError(
    fault('USAGE', '-D goes with -C here: a run shows what each host had and has at its end', {
      hint: '`handover run -C -D` or `handover plan -D` compares, and changes nothing',
    }),
  )
}
