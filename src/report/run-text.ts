/** Runs from their journals, for `handover runs` and `handover show RUN`: as they ended, or as they stand. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import type { Entry } from '../journal/entry.ts'
import { describeEnd, mostHostRows } from './end-text.ts'
import { formatFaults } from './fault-text.ts'
import { standingOf } from './fold.ts'
import { type LineStyle, nameList, oneLine, paint, type Tone } from './line.ts'
import {
  type Effect,
  elapsedMs,
  type HostStanding,
  type HostStep,
  type StageStanding,
  type Standing,
} from './standing.ts'
import { commandFor, interruptionText, waitTexts } from './steering-text.ts'
import { formatTable, type TableStyle } from './table.ts'
import { noteTexts, resumedText, sourceOf } from './telling.ts'

export interface RunRow {
  readonly id: string
  /** UTC, ISO 8601; empty when the journal holds nothing. */
  readonly started: string
  readonly name: string
  readonly hosts: number
  /** The outcome of a finished run; `running`, `waiting` (for an approval), `paused`; `cut-off`: its process is gone. */
  readonly outcome: string
  /** The run that it undoes; null for any other run. */
  readonly undoes: string | null
}

export interface Liveness {
  /** Does the process that conducts the run still exist? Only the caller can know; null: it cannot be seen from there. */
  readonly alive: boolean | null
}

export function runRow(entries: readonly Entry[], { alive }: Liveness): RunRow {
  const standing = standingOf(entries)
  return {
    id: entries[0]?.run ?? '',
    started: standing.opening?.at ?? '',
    name: standing.opening?.name ?? '',
    hosts: standing.hosts.size,
    outcome: standing.finished?.outcome ?? (alive === null ? 'unseen' : alive ? pace(standing) : 'cut-off'),
    undoes: standing.opening?.undoes ?? null,
  }
}

function pace({ pause, gate }: Standing): 'paused' | 'waiting' | 'running' {
  if (pause) return 'paused'
  return gate ? 'waiting' : 'running'
}

export function formatRuns(
  rows: readonly RunRow[],
  { width, color = false }: { width: number; color?: boolean },
): string[] {
  if (rows.length === 0) return ['no runs yet']
  // An id begins with that time, and is what the next command needs whole.
  const isNarrow = width < 80
  const cells = rows.map(row => [
    oneLine(row.id, 80),
    ...(isNarrow ? [] : [row.started === '' ? '-' : oneLine(row.started.slice(0, 16).replace('T', ' '), 40)]),
    String(row.hosts),
    row.outcome,
    row.undoes === null
      ? oneLine(row.name, 120)
      : `${oneLine(row.name, 120)} (undoes ${oneLine(row.undoes, 80)})`,
  ])
  const header = ['run', ...(isNarrow ? [] : ['started (UTC)']), 'hosts', 'outcome', 'name']
  return formatTable(header, cells, { width, color })
}

export interface RunStyle extends LineStyle, Liveness {
  /** 80 if not given. */
  readonly width?: number
}

export function describeRun(entries: readonly Entry[], style: RunStyle): string[] {
  const standing = standingOf(entries)
  const table = { color: style.color, width: style.width ?? 80 }
  if (!standing.opening) return ['the journal of this run holds nothing: it was cut off before it began']
  return [
    ...heading(standing, standing.opening),
    ...course(standing, style),
    ...(standing.finished
      ? describeEnd(standing, standing.finished, table)
      : describeMiddle(standing, style, table)),
  ]
}

function heading(standing: Standing, opening: Extract<Entry, { type: 'run.started' }>): string[] {
  const { run, name, at, who, from, pid, playbook } = opening
  const stages = standing.stages.map(
    ({ info, step }) =>
      `${oneLine(info.name, 40)} (${plural(info.hosts.length, 'host')}) ${stageWords[step] ?? step}`,
  )
  return [
    `run ${oneLine(run, 80)}: ${oneLine(name, 120)}`,
    `started ${clockTime(at)} by ${oneLine(who, 80)} on ${oneLine(from, 80)}, process ${pid}`,
    `playbook ${oneLine(playbook)}`,
    sourceOf(opening),
    `stages: ${stages.slice(0, 20).join(', ')}`,
  ]
}

const stageWords: Partial<Record<StageStanding['step'], string>> = { rolling: 'begun', 'at gate': 'waits' }

function course(standing: Standing, style: RunStyle): string[] {
  const { resumed } = standing
  return [
    ...(resumed
      ? [`resumed ${clockTime(resumed.at)} ${resumedText(standing, resumed)}`, ...noteTexts(resumed)]
      : []),
    ...(standing.interrupted ? [interruptionText(standing.interrupted)] : []),
    ...(standing.decided ? ['decided: it only goes forward from there'] : []),
    ...(standing.rollingBack !== undefined ? [`rolling back: ${oneLine(standing.rollingBack)}`] : []),
    ...waiting(standing, style),
  ]
}

/** A dead controller hears no approval; whoever resumes the run waits anew. */
function waiting(standing: Standing, { alive, color }: RunStyle): string[] {
  const { gate, pause, hold, stoodStill } = standing
  if (alive !== false) {
    const still = stoodStill ? ['its machine stood still: every host is heard from again'] : []
    return [...waitTexts(standing), ...still].map(text => paint({ color }, 'doubt', text))
  }
  return [
    ...(pause ? [`it was paused by ${oneLine(pause.by, 80)}`] : []),
    ...(hold ? ['it held until its maintenance window would open again'] : []),
    ...(gate ? [`stage ${oneLine(gate.stage, 40)} was waiting for an approval`] : []),
  ]
}

function describeMiddle(standing: Standing, { alive }: Liveness, table: TableStyle): string[] {
  const hosts = [...standing.hosts.values()]
  const faults = hosts.flatMap(host =>
    host.faults.map(fault => ({ ...fault, host: fault.host ?? host.name })),
  )
  const shown = formatFaults(faults, table)
  return [
    headline(standing, alive, table),
    '',
    ...(hosts.length > mostHostRows ? stepTable(hosts, table) : hostTable(hosts, table)),
    ...openEffects(hosts, alive !== false),
    ...(shown.length > 0 ? ['', ...shown] : []),
    ...(alive === false ? ['', ...nextAfterCutOff(standing)] : []),
  ]
}

function headline(standing: Standing, alive: boolean | null, table: TableStyle): string {
  const elapsed = formatDuration(elapsedMs(standing))
  const heard = `last heard of ${elapsed} after its start, at ${new Date(standing.lastMs).toISOString().slice(11, 19)} UTC`
  if (alive === null) {
    const text = `its controller cannot be seen from here: it goes on, or was cut off; ${heard}`
    return paint(table, 'doubt', text)
  }
  if (alive) return paint(table, 'strong', `running: ${heard}`)
  const text = `cut off: its process is gone, and nothing is recorded after the first ${elapsed}`
  return paint(table, 'bad', text)
}

function hostTable(hosts: readonly HostStanding[], table: TableStyle): string[] {
  const rows = hosts.map(({ name, stage, step, before, after }) => [
    oneLine(name, 80),
    oneLine(stage, 40),
    { text: step, tone: tones[step] ?? 'faint' },
    oneLine(before?.version ?? '-', 40),
    oneLine(after?.version ?? '-', 40),
  ])
  return formatTable(['host', 'stage', 'last seen', 'before', 'after'], rows, table)
}

const tones: Partial<Record<HostStep, Tone>> = {
  committed: 'good',
  current: 'good',
  healthy: 'good',
  failed: 'bad',
  refused: 'bad',
  unreachable: 'bad',
  'in doubt': 'bad',
  unsure: 'doubt',
  looking: 'doubt',
}

function stepTable(hosts: readonly HostStanding[], table: TableStyle): string[] {
  const groups = new Map<HostStep, string[]>()
  for (const { name, step } of hosts) {
    const names = groups.get(step) ?? []
    groups.set(step, names)
    names.push(name)
  }
  const rows = [...groups].map(([step, names]) => [
    String(names.length),
    { text: step, tone: tones[step] ?? ('faint' as const) },
    nameList(names),
  ])
  return formatTable(['hosts', 'last seen', 'which'], rows, table)
}

const effectOrder: readonly Effect[] = ['switch', 'precommit', 'commit', 'revert', 'prepare']

/** A begin without an end: under way while the run lives, in doubt once it is gone. */
function openEffects(hosts: readonly HostStanding[], alive: boolean): string[] {
  const lines = effectOrder.flatMap(effect => {
    const names = hosts.filter(host => host.open.has(effect)).map(host => host.name)
    if (names.length === 0) return []
    const what = alive
      ? `${effect} under way`
      : `IN DOUBT: ${effect} was begun and its end was never recorded`
    return [`${what}: ${nameList(names, 20)}`]
  })
  const unsure = hosts.filter(({ step }) => step === 'unsure' || step === 'looking').map(({ name }) => name)
  if (unsure.length > 0) {
    const what = alive ? 'to be looked at' : 'IN DOUBT: not looked at since the run was resumed'
    lines.push(`${what}: ${nameList(unsure, 20)}`)
  }
  return lines.length > 0 ? ['', ...lines] : []
}

function nextAfterCutOff(standing: Standing): string[] {
  const { hosts, decided } = standing
  const goOn = `next: \`${commandFor('resume', standing)}\` goes on with it`
  const switched = [...hosts.values()].filter(
    ({ touched, step }) => touched && step !== 'committed' && step !== 'reverted',
  )
  if (switched.length === 0)
    return [`${goOn}; no host was left half-way, and \`handover status\` shows what each runs`]
  const course = decided
    ? 'the run was decided: a host that was told commits by itself, one that was not goes back when its lease ends'
    : 'not decided: a host without an end here goes back by itself when its lease ends'
  const names = nameList(switched.map(host => host.name))
  return [course, `${goOn}, beginning with ${names}; \`handover status\` shows what each runs`]
}

function clockTime(at: string): string {
  return `${oneLine(at.slice(0, 19).replace('T', ' '), 40)} UTC`
}
