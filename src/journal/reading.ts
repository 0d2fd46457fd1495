/** Reading a journal back: what is an entry, what was torn off by a crash, and what is damage. */
import { fault, HandoverError } from '../core/fault.ts'
import type { Entry } from './entry.ts'
import { isWhole } from './whole.ts'

/** Of the entries this handover writes and reads. */
export const journalVersion = 1

export interface Scan {
  readonly entries: Entry[]
  /** The part of the file that holds them, in bytes; what follows was torn. */
  readonly keptBytes: number
  /** The last entry is whole and lacks only the end of its line. */
  readonly isUnended: boolean
  /** Of the controller that wrote the newest opening. */
  readonly epoch: number
}

/**
 * A torn last line (the controller died while writing) and a tail of zeros (the power failed) are left out, and so is what
 * an older controller wrote after a newer one had read; anything else that is no entry is refused with its place.
 * @throws HandoverError JOURNAL_CORRUPT, JOURNAL_VERSION.
 */
export function scanJournal(file: string, bytes: Buffer, run: string): Scan {
  const written = bytes.subarray(0, endOfWriting(bytes))
  const lines = written.toString('utf8').split('\n')
  const torn = lines.pop() ?? ''
  const reading: Reading = { run, entries: [], epoch: 1 }
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line)
    if (entry && entry.v !== journalVersion) throw foreign(file, index, entry.v)
    if (!take(reading, entry)) throw corrupt(file, index, reading)
  }
  const last = parseEntry(torn)
  const isUnended = last?.v === journalVersion && !isLate(reading, last) && take(reading, last)
  const keptBytes = isUnended ? written.length : written.lastIndexOf(0x0a) + 1
  const { entries, epoch } = reading
  return { entries, keptBytes, isUnended, epoch }
}

interface Reading {
  readonly run: string
  readonly entries: Entry[]
  epoch: number
}

/** @returns false for what is no entry at this place. */
function take(reading: Reading, entry: Entry | undefined): boolean {
  const { run, entries } = reading
  if (entry?.run !== run || !isWhole(entry)) return false
  if (isLate(reading, entry)) return true
  if (entry.type === 'run.resumed' && entry.epoch > reading.epoch) {
    // It says how much there was when it took over: what came behind that was never part of the run.
    if (entry.seq > 0 && entry.seq < entries.length) entries.length = entry.seq
    reading.epoch = entry.epoch
  }
  if (entry.seq !== entries.length) return false
  entries.push(entry)
  return true
}

/** A controller that stood still between its last look at who leads and its write is overtaken there by its successor. */
function isLate({ epoch }: Reading, entry: Entry): boolean {
  return entry.epoch < epoch
}

/** Blocks that a power cut has left unwritten read as zeros, perhaps with the end of a line after them. */
function endOfWriting(bytes: Buffer): number {
  const zero = bytes.indexOf(0)
  const isTail = zero >= 0 && bytes.subarray(zero).every(byte => byte === 0 || byte === 0x0a)
  return isTail ? zero : bytes.length
}

function parseEntry(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) return undefined
    const entry = value as Entry
    return Number.isInteger(entry.v) && Number.isInteger(entry.seq) && typeof entry.type === 'string'
      ? entry
      : undefined
  } catch {
    return undefined
  }
}

function corrupt(file: string, index: number, { run, entries }: Reading): HandoverError {
  return new HandoverError(
    fault('JOURNAL_CORRUPT', `line ${index + 1} is not entry ${entries.length} of run ${run}`, {
      place: { file, line: index + 1 },
      hint: 'the hosts keep their own records: `handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER` goes on from them',
    }),
  )
}

function foreign(file: string, index: number, version: number): HandoverError {
  return new HandoverError(
    fault(
      'JOURNAL_VERSION',
      `the journal is of version ${version}, and this handover reads version ${journalVersion}`,
      {
        place: { file, line: index + 1 },
        hint: 'use the version of handover that began the run, or, without the journal, `handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER`',
      },
    ),
  )
}
