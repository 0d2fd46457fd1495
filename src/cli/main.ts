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
      const hint = hintInstead(error)
      if (wantsJson(args)) {
        report([fault('USAGE', error.message.replace(/^error: /, ''), hint ? { hint } : {})], args, terminal)
      } else if (hint) terminal.err(`hint: ${hint}\n`)
      return exitCode.usage
    }
    return report(faultsOf(error), args, terminal)
  }
}

const keyOnly = 'log in with a key: --private-key FILE, or one of an SSH agent'
const noSudoPassword = 'sudo has to work without a password: one for it is not built yet'
const vaultFile = 'handover asks for no password: --vault-password-file FILE names a file that holds it'

/** What stands in the place of options that Ansible has. */
const instead: Readonly<Record<string, string>> = {
  '-k': keyOnly,
  '--ask-pass': keyOnly,
  '-K': noSudoPassword,
  '--ask-become-pass': noSudoPassword,
  '--become-password-file': noSudoPassword,
  '-J': vaultFile,
  '--ask-vault-pass': vaultFile,
  '--ask-vault-password': vaultFile,
}

function hintInstead({ code, message }: CommanderError): string | undefined {
  const [, option = ''] = /'([^'=]+)/.exec(message) ?? []
  return code === 'commander.unknownOption' ? instead[option] : undefined
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
