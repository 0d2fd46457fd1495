/** What the hosts of a fleet run and have on disk, for `handover status` and `handover preflight`. */
import type { Fault } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { HostFacts } from '../journal/entry.ts'
import { formatFaults, formatNotes } from './fault-text.ts'
import { type LineStyle, nameList, oneLine, paint } from './line.ts'
import { formatTable, type TableStyle } from './table.ts'

export interface HostStatus extends HostFacts {
  readonly host: string
  /** What is at the path, where it is not what runs. */
  readonly onDisk?: { readonly version: string; readonly sha256: string }
  /** Who has the run lock there, and until when without being heard from; null when nobody does. */
  readonly lock: { readonly owner: string; readonly leaseMs: number | null } | null
  /** Worth knowing before a change. */
  readonly notes?: readonly string[]
}

export interface FleetStyle extends LineStyle {
  /** 80 if not given. */
  readonly width?: number
}

const mostHostRows = 50

/** Hosts that could not be looked at have no row, only a fault that names them. */
export function formatFleetStatus(
  rows: readonly HostStatus[],
  faults: readonly Fault[],
  { color, width = 80 }: FleetStyle,
): string[] {
  const style = { color, width }
  // All of them: whoever asks before a change wants to mend everything at once.
  const shown = formatFaults(faults, style, { most: Number.POSITIVE_INFINITY })
  const notes = rows.flatMap(({ host, notes = [] }) => notes.map(text => ({ host, text })))
  const noted = formatNotes(notes, style)
  return [
    ...(rows.length === 0
      ? []
      : rows.length > mostHostRows
        ? groupTable(rows, style)
        : hostTable(rows, style)),
    ...(rows.length > 0 && shown.length > 0 ? [''] : []),
    ...shown,
    ...(noted.length > 0 && rows.length > 0 ? ['', ...noted] : []),
    '',
    lastLine(rows, faults, style),
  ]
}

function hostTable(rows: readonly HostStatus[], style: TableStyle): string[] {
  const cells = rows.map(row => {
    const drift = driftOf(row)
    return [
      oneLine(row.host, 80),
      version(row),
      oneLine(row.sha256.slice(0, 12)),
      row.pid > 0 ? String(row.pid) : '-',
      String(row.workers),
      { text: drift.join(', ') || 'ok', tone: drift.length > 0 ? ('doubt' as const) : ('good' as const) },
    ]
  })
  return formatTable(['host', 'version', 'sha256', 'pid', 'workers', 'state'], cells, style)
}

/** Hosts with the same version and state together, the biggest group first. */
function groupTable(rows: readonly HostStatus[], style: TableStyle): string[] {
  const groups = new Map<string, HostStatus[]>()
  for (const row of rows) {
    const key = JSON.stringify([row.version, row.sha256, driftOf(row)])
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(row)
  }
  const cells = [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .flatMap(group => {
      const [first] = group
      if (!first) return []
      const drift = driftOf(first)
      return [
        [
          String(group.length),
          version(first),
          oneLine(first.sha256.slice(0, 12)),
          { text: drift.join(', ') || 'ok', tone: drift.length > 0 ? ('doubt' as const) : ('good' as const) },
          nameList(group.map(row => row.host)),
        ],
      ]
    })
  return formatTable(['hosts', 'version', 'sha256', 'state', 'which'], cells, style)
}

/** How a host differs from one that simply runs what is on its disk. */
function driftOf({ pid, runsPath, onDisk, masters, draining, lock }: HostStatus): string[] {
  return [
    ...(pid > 0 ? [] : ['no pid file']),
    ...(pid > 0 && !runsPath ? [`on disk ${onDisk ? oneLine(onDisk.version, 40) : 'another'}`] : []),
    ...(masters > 1 ? [`${masters} masters`] : []),
    ...(draining > 0 ? [`${draining} draining`] : []),
    ...(lock === null ? [] : [`locked by ${oneLine(lock.owner, 120)}`]),
  ]
}

function lastLine(rows: readonly HostStatus[], faults: readonly Fault[], style: LineStyle): string {
  const versions = new Map<string, number>()
  for (const row of rows) versions.set(version(row), (versions.get(version(row)) ?? 0) + 1)
  const sorted = [...versions].sort(([, a], [, b]) => b - a)
  const binaries = new Set(rows.map(row => row.sha256)).size
  const drifted = rows.filter(row => driftOf(row).length > 0).length
  const seen = new Set(rows.map(row => row.host))
  const unseen = new Set(faults.flatMap(({ host }) => (host === undefined || seen.has(host) ? [] : [host])))
    .size
  const parts = [
    `${plural(rows.length, 'host')} seen`,
    ...sorted.slice(0, 4).map(([what, count]) => `${count} with ${what}`),
    ...(binaries > sorted.length ? [`${binaries} different binaries`] : []),
    ...(drifted > 0 ? [`${drifted} not in order`] : []),
    ...(unseen > 0 ? [`${unseen} not seen`] : []),
    ...(faults.length > 0 ? [plural(faults.length, 'fault')] : []),
  ]
  const good = drifted === 0 && faults.length === 0 && binaries <= 1
  return paint(style, good ? 'good' : 'doubt', parts.join(', '))
}

function version({ version: text }: HostFacts): string {
  return text === '' ? '-' : oneLine(text, 40)
}
