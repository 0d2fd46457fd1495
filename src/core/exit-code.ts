/** The published exit codes, and the rule for several problems at once. */
import { catalogue } from './catalogue/index.ts'
import type { Fault } from './fault.ts'

export const exitCode = {
  done: 0,
  unexpected: 1,
  rolledBack: 2,
  needsHuman: 3,
  invalid: 4,
  usage: 5,
  refused: 6,
  locked: 7,
  outsideWindow: 8,
  leftOut: 9,
  wouldChange: 10,
  drift: 11,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

/** 3 wins over everything, 7 over 6; otherwise the first fault's own code. */
export function exitCodeOf(faults: readonly Fault[]): ExitCode {
  const codes: ExitCode[] = faults.map(fault => catalogue[fault.code].exit)
  if (codes.includes(exitCode.needsHuman)) return exitCode.needsHuman
  if (codes.includes(exitCode.locked)) return exitCode.locked
  return codes[0] ?? exitCode.unexpected
}
