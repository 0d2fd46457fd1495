/** Where something was written, kept small: lines and carets are worked out only for the few that go wrong. */
import type { Fault, FaultCode, Place } from '../core/fault.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { placeOn } from '../document/place.ts'

export interface SourceText {
  readonly file: string
  readonly text: string
  /** True for the plain text of a vault: its lines are never shown. */
  readonly isSecret?: boolean
}

export interface Spot {
  readonly source: SourceText
  /** UTF-16 units from the start of the text. */
  readonly offset: number
}

/** The faults of one load, and how many more there were than are kept. */
export interface FaultList {
  readonly kept: Fault[]
  dropped: number
}

const mostKept = 50

export function createFaultList(): FaultList {
  return { kept: [], dropped: 0 }
}

export function placeOfSpot({ source, offset }: Spot): Place {
  const before = source.text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const column = offset - lineStart + 1
  if (source.isSecret) return { file: source.file, line, column }
  return placeOn(source.file, source.text, line, column)
}

/** Notes a fault at a spot. A file of nothing but mistakes is cut after the first fifty. */
export function complain(
  faults: FaultList,
  code: FaultCode,
  message: string,
  spot: Spot,
  hint?: string | undefined,
): void {
  if (faults.kept.length >= mostKept) {
    faults.dropped++
    return
  }
  const found = fault(code, message, { place: placeOfSpot(spot), ...(hint ? { hint } : {}) })
  faults.kept.push(spot.source.isSecret ? withoutText(found) : found)
}

/** A fault in the plain text of a vault: where it is, and nothing of what is written there. */
export function withoutText({ code, place, host }: Fault): Fault {
  const { excerpt: _, ...where } = place ?? { file: '' }
  return fault(code, 'a mistake in an encrypted file, whose text is not shown', {
    ...(place ? { place: where } : {}),
    ...(host === undefined ? {} : { host }),
    hint: 'look at this line with ansible-vault view',
  })
}

/** @throws HandoverError with everything that was noted. */
export function throwFaults(faults: FaultList): void {
  const [first, ...rest] = faults.kept
  if (!first) return
  const more = faults.dropped > 0 ? [fault(first.code, `and ${faults.dropped} more mistakes`)] : []
  throw new HandoverError([first, ...rest, ...more])
}

/** Takes over what something thrown carries; anything but a HandoverError is thrown on. */
export function absorb(faults: FaultList, error: unknown): void {
  if (!(error instanceof HandoverError)) throw error
  for (const one of error.faults) {
    if (faults.kept.length >= mostKept) faults.dropped++
    else faults.kept.push(one)
  }
}
