/** What a plan would change of what the hosts run now, for `handover plan --diff`. */

import type { Fault } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { namesText } from '../plan/names.ts'
import type { KnownBinary } from '../plan/plan.ts'
import { formatFaults, formatNotes } from './fault-text.ts'
import { oneLine, paint, type Tone } from './line.ts'
import { formatTable, type TableStyle } from './table.ts'

export interface Comparison {
  readonly host: string
  readonly stage: string
  /** `unfit`: it answers, and a run would be refused there. */
  readonly state: 'change' | 'current' | 'unfit' | 'unreachable'
  /** What its master runs; null when the host does not answer. */
  readonly runs: KnownBinary | null
  /** What is at the path; a version that is not known is empty. */
  readonly onDisk: KnownBinary | null
  readonly wanted: KnownBinary
  readonly faults: readonly Fault[]
  readonly notes: readonly string[]
}

const states: Readonly<Record<Comparison['state'], { readonly text: string; readonly tone: Tone }>> = {
  change: { text: 'would change', tone: 'strong' },
  current: { text: 'already there', tone: 'good' },
  unfit: { text: 'unfit', tone: 'bad' },
  unreachable: { text: 'unreachable', tone: 'bad' },
}

const mostHostRows = 50

/** Up to 50 hosts a row each, more of them in groups of equals unless `all` are asked for. */
export function formatDiff(rows: readonly Comparison[], style: TableStyle, { all = false } = {}): string[] {
  const faults = formatFaults(
    rows.flatMap(row => row.faults),
    style,
    { most: Number.POSITIVE_INFINITY },
  )
  const notes = rows.flatMap(({ host, notes }) => notes.map(text => ({ host, text })))
  return [
    ...(all || rows.length <= mostHostRows ? hostTable(rows, style) : groupTable(rows, style)),
    ...(faults.length > 0 ? ['', ...faults] : []),
    ...(notes.length > 0 ? ['', ...formatNotes(notes, style)] : []),
    '',
    paint(style, rows.some(isBad) ? 'bad' : 'good', countText(rows)),
  ]
}

function hostTable(rows: readonly Comparison[], style: TableStyle): string[] {
  const cells = rows.map(row => [
    oneLine(row.host, 80),
    oneLine(row.stage, 40),
    states[row.state],
    changeText(row),
  ])
  return formatTable(['host', 'stage', 'state', 'change'], cells, style)
}

/** In the order of the run, by the first host of each group. */
function groupTable(rows: readonly Comparison[], style: TableStyle): string[] {
  const groups = new Map<string, { readonly first: Comparison; readonly names: string[] }>()
  for (const row of rows) {
    const key = JSON.stringify([row.stage, row.state, changeText(row)])
    const group = groups.get(key)
    if (group) group.names.push(row.host)
    else groups.set(key, { first: row, names: [row.host] })
  }
  const cells = [...groups.values()].map(({ first, names }) => [
    String(names.length),
    oneLine(first.stage, 40),
    states[first.state],
    changeText(first),
    oneLine(namesText(names)),
  ])
  return formatTable(['hosts', 'stage', 'state', 'change', 'which'], cells, style)
}

function changeText({ state, runs, onDisk, wanted }: Comparison): string {
  if (runs === null) return ''
  const differs = onDisk && onDisk.sha256 !== runs.sha256
  const now = `${binaryText(runs)}${differs ? `, on disk ${binaryText(onDisk)}` : ''}`
  return state === 'current' ? now : `${now} -> ${binaryText(wanted)}`
}

function binaryText({ version, sha256 }: KnownBinary): string {
  return oneLine(`${version || '?'} (${sha256.slice(0, 12) || '?'})`, 80)
}

export function isBad({ state }: Comparison): boolean {
  return state === 'unfit' || state === 'unreachable'
}

export function countText(rows: readonly Comparison[]): string {
  const parts = (['change', 'current', 'unfit', 'unreachable'] as const).flatMap(state => {
    const count = rows.filter(row => row.state === state).length
    return count === 0 ? [] : [`${count} ${states[state].text}`]
  })
  return `${plural(rows.length, 'host')}: ${parts.join(', ')}`
}
