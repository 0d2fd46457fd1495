/**
 * The one shape every problem is reported in: what happened, where, and what to do next.
 * Codes live in one catalogue (`catalogue/`), which also decides the exit code.
 */
import type { catalogue } from './catalogue/index.ts'

export type FaultCode = keyof typeof catalogue

export interface Place {
  readonly file: string
  /** 1-based. */
  readonly line?: number
  /** 1-based, in UTF-16 units as editors count. */
  readonly column?: number
  /** The source line and a caret line under it, joined by a newline. */
  readonly excerpt?: string
}

export interface Fault {
  readonly code: FaultCode
  /** What happened: lower case, no full stop. May contain text from a host; print it through `printable`. */
  readonly message: string
  readonly host?: string
  readonly place?: Place
  /** What to do next: one sentence, lower case, no full stop. */
  readonly hint?: string
}

/** Carries every fault that was found, not only the first. */
export class HandoverError extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: Fault | readonly Fault[]) {
    const list = Array.isArray(faults) ? (faults as readonly Fault[]) : [faults as Fault]
    super(list.map(fault => `${fault.code}: ${fault.message}`).join('\n'))
    this.name = 'HandoverError'
    this.faults = list
  }
}

export function fault(code: FaultCode, message: string, more: Omit<Fault, 'code' | 'message'> = {}): Fault {
  return { code, message, ...more }
}

/** The faults inside anything that was thrown; what nobody foresaw becomes UNEXPECTED. */
export function faultsOf(error: unknown): readonly Fault[] {
  if (error instanceof HandoverError) return error.faults
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [fault('UNEXPECTED', text)]
}
