/** Messages name commands to type next; typed as they stand they must find the run directory that was named for this one. */
import { shellQuote } from '../core/shell-quote.ts'
import type { Terminal } from './terminal.ts'

const command = /`handover (resume|rollback|show|runs|abort|approve|pause|status|lock)\b([^`]*)`/g
/** What a program draws over itself has its width counted already. */
const drawn = /\u001b\[\??\d*(?:;\d+)*[A-HJKSTfhlsu]/

/** The terminal, with `--run-dir` in every command that it is told to show. */
export function withRunDirectory(terminal: Terminal, args: readonly string[]): Terminal {
  const dir = namedDirectory(args)
  if (dir === undefined) return terminal
  const flag = ` --run-dir ${/^[\w@%+=:,./-]+$/.test(dir) ? dir : shellQuote(dir)}`
  const name = (text: string) =>
    drawn.test(text)
      ? text
      : text.replace(command, (whole, verb: string, rest: string) =>
          rest.includes('--run-dir') ? whole : `\`handover ${verb}${rest}${flag}\``,
        )
  return Object.create(terminal, {
    out: { value: (text: string) => terminal.out(name(text)) },
    err: { value: (text: string) => terminal.err(name(text)) },
  }) as Terminal
}

/** Undefined also for one that would not survive between backticks. */
function namedDirectory(args: readonly string[]): string | undefined {
  const at = args.findIndex(arg => arg === '--run-dir' || arg.startsWith('--run-dir='))
  const arg = args[at]
  const dir = arg === '--run-dir' ? args[at + 1] : arg?.slice('--run-dir='.length)
  return dir === undefined || /[`\u0000-\u001f]/.test(dir) ? undefined : dir
}
