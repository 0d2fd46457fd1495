/** The command line: words in, exit code out. Nothing below prints or ends the process by itself. */
import { CommanderError } from 'commander'
import { exitCode } from '../core/exit-code.ts'
import { fault, faultsOf } from '../core/fault.ts'
import { withRunDirectory } from './named-commands.ts'
import { buildProgram } from './program.ts'
import { reportFaults } from './report-faults.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command. @returns the exit code; never throws. */
export async function main(args: readonly string[], plain: Terminal): Promise<number> {
  // What programs read is the journal, word for word.
  const terminal = wantsJson(args) ? plain : withRunDirectory(plain, args)
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
    return report(faultsOf(error), args, terminal)
  }
}

function report(faults: ReturnType<typeof faultsOf>, args: readonly string[], terminal: Terminal): number {
  const color = terminal.isTty && !terminal.env.NO_COLOR && !args.includes('--no-color')
  return reportFaults(terminal, faults, { json: wantsJson(args), color })
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === '--output=json' || (arg === '--output' && args[index + 1] === 'json'),
  )
}
