/** From what the hosts have recorded of a run to the journal that its next controller begins with. Pure. */
import type { Fault } from '../core/fault.ts'
import type { Inspection, LastRun } from '../driver/hands.ts'
import type { EntryBody } from '../journal/entry.ts'
import { factsOf } from '../run/phases.ts'

/** What a host has recorded of the last run there; without an inspection it does not answer, and `fault` says why. */
export interface Recorded {
  readonly host: string
  readonly last: LastRun | null
  readonly inspection: Inspection | undefined
  readonly fault?: Fault
}

/** The hosts that the run may have changed: by their records, by how they are found, or because nobody can say. */
export function partsOf(run: string, all: readonly Recorded[]): Recorded[] {
  return all.filter(one => one.last?.run === run || one.fault !== undefined || isHalfway(run, one))
}

/** Those that the run has never come to. */
export function strangers(all: readonly Recorded[], parts: readonly Recorded[]): string[] {
  return all.filter(one => !parts.includes(one)).map(({ host }) => host)
}

/** An upgrade is under way there, and no other run has it in hand: the record of this one may have been lost, too. */
function isHalfway(run: string, { inspection }: Recorded): boolean {
  if (!inspection || (inspection.lock && inspection.lock.run !== run)) return false
  // Without a master there is nothing that could be half-way.
  return inspection.masters > 1 || (inspection.masters === 1 && !inspection.runsPath)
}

/**
 * Each of these is looked at before anything else. One that was switched has something to go back to, and one that does not
 * answer may have. What is known of a decision comes last: from there the run only goes forward, even if the host that has
 * told of it is lost now.
 */
export function recordedEntries(run: string, parts: readonly Recorded[]): EntryBody[] {
  const olds = new Set(parts.flatMap(({ last }) => (last?.run === run ? last.oldSha : [])))
  const [old = ''] = olds
  return [
    ...parts.flatMap(one => entriesOf(one, run, olds.size === 1 ? old : '')),
    ...parts.flatMap(one => decisionOf(one, run)),
  ]
}

function decisionOf({ host, last, inspection }: Recorded, run: string): EntryBody[] {
  if (last?.run !== run || (last.state !== 'decided' && last.state !== 'committed') || !inspection) return []
  return [
    { type: 'host.look.begun', host },
    { type: 'host.found', host, stand: last.state, found: factsOf(inspection) },
  ]
}

function entriesOf({ host, last, inspection }: Recorded, run: string, commonOld: string): EntryBody[] {
  const own = last?.run === run ? last : undefined
  // Without a record, only what all the others had before can prove that it is back; else it ends in doubt.
  const oldSha = own?.oldSha ?? commonOld
  return [
    { type: 'host.inspect.begun', host },
    ...(inspection ? [seenBefore(host, oldSha, inspection)] : []),
    { type: 'host.prepare.begun', host },
    ...(own?.state === 'prepared' ? [] : [{ type: 'host.switch.begun' as const, host }]),
  ]
}

function seenBefore(host: string, oldSha: string, { onDisk }: Inspection): EntryBody {
  const version = onDisk.sha256 === oldSha ? onDisk.version : ''
  const unseen = { pid: 0, workers: 0, masters: 1, draining: 0 }
  return {
    type: 'host.inspected',
    host,
    current: false,
    found: { version, sha256: oldSha, runsPath: true, ...unseen },
  }
}
