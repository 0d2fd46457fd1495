/** What the rows of the live view say: one a host, or one a stage with counters. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import { oneLine } from './line.ts'
import {
  countAt,
  elapsedMs,
  type HostStanding,
  type HostStep,
  type StageStanding,
  type Standing,
} from './standing.ts'
import { waitTitle } from './steering-text.ts'
import { padToWidth } from './width.ts'

export type RowEnd = 'good' | 'bad' | undefined

export interface Row {
  readonly title: string
  /** Set once nothing more is expected here. */
  readonly end: RowEnd
}

export interface LiveRow {
  /** Unique in the view. */
  readonly key: string
  read(standing: Standing): Row
}

const mostHostRows = 30

/** `lines` is the height of the terminal. The last row is the run itself. */
export function liveRows(standing: Standing, lines: number): LiveRow[] {
  const hosts = [...standing.hosts.values()]
  const perHost = hosts.length <= Math.min(mostHostRows, lines - 3)
  const widest = Math.max(
    0,
    ...(perHost ? hosts.map(host => host.name) : standing.stages.map(({ info }) => info.name)).map(
      name => oneLine(name, 40).length,
    ),
  )
  const rows: LiveRow[] = perHost
    ? hosts.map(host => ({ key: `host ${host.name}`, read: now => hostRow(now, host, widest) }))
    : standing.stages.map(stage => ({
        key: `stage ${stage.info.name}`,
        read: now => stageRow(now, stage, widest),
      }))
  return [...rows, { key: 'run', read: runRow }]
}

// A host in doubt may be tried once more, so it has no end before the run has.
const ends: Partial<Record<HostStep, RowEnd>> = {
  committed: 'good',
  current: 'good',
  refused: 'bad',
  'left out': 'bad',
  reverted: 'bad',
  released: 'bad',
}

/** As long as hosts are looked at, one of them may know of a decision, and then those that went back go on. */
function isOpen(standing: Standing): boolean {
  return countAt(standing, 'unsure', 'looking') > 0
}

/** The new binary serves on the host. */
const serving: ReadonlySet<HostStep> = new Set([
  'switched',
  'healthy',
  'precommitting',
  'precommitted',
  'committing',
  'committed',
])

function hostRow(standing: Standing, host: HostStanding, widest: number): Row {
  const { name, stage, step, before, newVersion, faults } = host
  const [fault] = faults
  const versions = [before?.version, serving.has(step) ? newVersion : undefined].filter(
    each => each !== undefined,
  )
  const parts = [
    padToWidth(oneLine(name, 40), widest),
    padToWidth(oneLine(stage, 20), 8),
    padToWidth(step, 13),
    fault ? `${fault.code}: ${oneLine(fault.message, 200)}` : oneLine(versions.join(' -> '), 80),
  ]
  return { title: parts.join(' ').trimEnd(), end: isOpen(standing) ? undefined : ends[step] }
}

const shown: readonly HostStep[] = [
  'unreachable',
  'refused',
  'left out',
  'switching',
  'failed',
  'reverting',
  'reverted',
  'committed',
  'in doubt',
  'unsure',
  'looking',
]

function stageRow(standing: Standing, { info, step }: StageStanding, widest: number): Row {
  const counts = new Map<HostStep, number>()
  for (const name of info.hosts) {
    const at = standing.hosts.get(name)?.step ?? 'waiting'
    counts.set(at, (counts.get(at) ?? 0) + 1)
  }
  const sum = (...steps: HostStep[]) => steps.reduce((total, each) => total + (counts.get(each) ?? 0), 0)
  const healthy = sum('healthy', 'precommitting', 'precommitted', 'committing', 'committed', 'current')
  const parts = [
    `healthy ${healthy} of ${info.hosts.length}`,
    ...shown.filter(each => sum(each) > 0).map(each => `${each} ${sum(each)}`),
  ]
  const settled = Object.entries(ends).reduce((total, [each]) => total + sum(each as HostStep), 0)
  const bad = settled - sum('committed', 'current')
  return {
    title: `${padToWidth(oneLine(info.name, 40), widest)} ${padToWidth(step, 9)} ${parts.join(', ')}`,
    end: settled < info.hosts.length || isOpen(standing) ? undefined : bad > 0 ? 'bad' : 'good',
  }
}

function runRow(standing: Standing): Row {
  const { opening, finished } = standing
  const title = waitTitle(standing) ?? `run ${oneLine(opening?.run ?? '', 80)}: ${doing(standing)}`
  if (!finished) return { title, end: undefined }
  return { title, end: finished.exit === 0 ? 'good' : 'bad' }
}

function doing(standing: Standing): string {
  const total = standing.hosts.size
  if (standing.finished) return `${standing.finished.outcome} after ${formatDuration(elapsedMs(standing))}`
  if (standing.rollingBack !== undefined) return `ROLLING BACK: ${oneLine(standing.rollingBack, 200)}`
  if (standing.decided)
    return `decided, ${countAt(standing, 'committed')} of ${plural(total, 'host')} committed`
  const unsure = countAt(standing, 'unsure', 'looking')
  if (unsure > 0)
    return `looking at ${plural(unsure, 'host')} that ${unsure === 1 ? 'was' : 'were'} under way`
  if (standing.stoodStill) return 'stood still; every host is heard from again'
  const stage = standing.stages.findLast(({ step }) => step !== 'waiting' && step !== 'finished')
  if (stage) return `${oneLine(stage.info.name, 40)} ${stage.step}`
  if (countAt(standing, 'waiting', 'inspecting') > 0) return 'inspecting'
  if (countAt(standing, 'inspected', 'preparing') > 0) return 'preparing'
  return countAt(standing, 'precommitting', 'precommitted') > 0
    ? 'asking for acknowledgements'
    : 'between stages'
}
