/** What stopped a command, as a person or as a program reads it. */
import { exitCodeOf } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import { formatFaults } from '../report/fault-text.ts'
import { jsonLine } from '../report/json.ts'
import type { Terminal } from './terminal.ts'

/** In JSON it is the last line, with the same information as the exit code. @returns the exit code. */
export function reportFaults(
  terminal: Terminal,
  faults: readonly Fault[],
  { json, color }: { readonly json: boolean; readonly color: boolean },
): number {
  const exit = exitCodeOf(faults)
  if (json) terminal.out(`${jsonLine({ v: 1, type: 'run.refused', exit, faults })}\n`)
  else for (const line of formatFaults(faults, { color })) terminal.err(`${line}\n`)
  return exit
}
