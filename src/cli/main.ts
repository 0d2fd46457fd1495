/** The command line: words in, exit code out. Nothing below prints or ends the process by itself. */
import { CommanderError } from 'commander'
import { exitCode, exitCodeOf } from '../core/exit-code.ts'
import { fault, faultsOf } from '../core/fault.ts'
import { formatFaults } from '../report/fault-text.ts'
import { jsonLine } from '../report/json.ts'
import { buildProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command. @returns the exit code; never throws. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCode.done
  const program = buildProgram(terminal, result => {
    code = result
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.done
      if (wantsJson(args)) report([fault('USAGE', error.message.replace(/^error: /, ''))], args, terminal)
      return exitCode.usage
    }
    const faults = faultsOf(error)
    report(faults, args, terminal)
    return exitCodeOf(faults)
  }
}

/** With --output json the last line is the same information as the exit code, whatever went wrong. */
function report(faults: ReturnType<typeof faultsOf>, args: readonly string[], terminal: Terminal): void {
  if (wantsJson(args)) {
    const exit = exitCodeOf(faults)
    terminal.out(`${jsonLine({ v: 1, type: 'run.refused', exit, faults })}\n`)
    return
  }
  const color = terminal.isTty && !terminal.env.NO_COLOR && !args.includes('--no-color')
  for (const line of formatFaults(faults, { color })) terminal.err(`${line}\n`)
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === '--output=json' || (arg === '--output' && args[index + 1] === 'json'),
  )
}
