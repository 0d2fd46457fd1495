/** A person at a terminal is asked once; a script is not. */
import { createInterface } from 'node:readline/promises'
import type { OutputOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

/** @param lines shown before the question. @returns true where there is nobody to ask. */
export async function askAtTerminal(
  terminal: Terminal,
  { output }: OutputOptions,
  question: string,
  lines: readonly string[] = [],
): Promise<boolean> {
  if (output === 'json' || !terminal.isTty || !process.stdin.isTTY) return true
  if (lines.length > 0) terminal.out(`${lines.join('\n')}\n\n`)
  const ask = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await ask.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    return false
  } finally {
    ask.close()
  }
}
