/**
 * Maintenance windows: when hosts may start to switch. Pure: the time is given, in milliseconds since 1970.
 * Where nothing is allowed by name everything is, but for what is denied; deny wins.
 */
import type { OnWindowClose, Window } from '../playbook/windows.ts'
import { common, type Span, union, without } from './windows-spans.ts'
import { spansOf } from './windows-starts.ts'

/** Of a plan. */
export interface PlannedWindows {
  /** At least one. */
  readonly rules: readonly Window[]
  readonly onClose: OnWindowClose
}

export interface Opening {
  /** Now, where it is open. */
  readonly fromMs: number
  /** From here on no host starts any more: the cutoff. Infinity where that is not within two years. */
  readonly startsUntilMs: number
  /** The end of the allowed time; Infinity where none is within two years. */
  readonly endMs: number
}

export interface WindowStand {
  readonly isOpen: boolean
  /** The one that is open, or the next; undefined when none comes within two years. */
  readonly opening: Opening | undefined
}

/** How long after the first host the last one starts, at least: every stage but the last is watched before. */
export function spreadMs(stages: readonly { readonly bakeMs: number }[]): number {
  return stages.slice(0, -1).reduce((sum, { bakeMs }) => sum + bakeMs, 0)
}

/** When a run may start. */
export interface RunStart {
  readonly isNow: boolean
  /** The opening it may start in, now or later; undefined when none comes within two years, or none is long enough. */
  readonly opening: Opening | undefined
  /** One is open, and what is left of it is too short. */
  readonly isTooLate: boolean
  /** Within two years, for however short a time. */
  readonly opensAtAll: boolean
}

/** What a plan has of windows, and of the time between its first host and its last. */
export interface Timed {
  readonly windows: PlannedWindows
  readonly stages: readonly { readonly bakeMs: number }[]
}

/** A run that goes back when its window closes needs one that is open until its last stage begins. In milliseconds. */
export function neededMs({ onClose }: PlannedWindows, stages: Timed['stages']): number {
  return onClose === 'rollback' ? spreadMs(stages) : 0
}

/** @param nowMs since 1970 */
export function runStart({ windows, stages }: Timed, nowMs: number): RunStart {
  const { rules } = windows
  const needed = neededMs(windows, stages)
  const [first] = nextOpenings(rules, nowMs, 1)
  const opening = first && isLongEnough(first, needed) ? first : firstLongEnough(rules, nowMs, needed)
  const isOpen = first !== undefined && first.fromMs <= nowMs
  const isNow = opening !== undefined && opening.fromMs <= nowMs
  return { isNow, opening, isTooLate: isOpen && !isNow, opensAtAll: first !== undefined }
}

export function isLongEnough({ fromMs, startsUntilMs }: Opening, neededMs: number): boolean {
  return startsUntilMs - fromMs > neededMs
}

/** However many shorter ones come before it. */
function firstLongEnough(rules: readonly Window[], nowMs: number, neededMs: number): Opening | undefined {
  for (const days of ranges) {
    const openings = openingsBetween(rules, { fromMs: nowMs, toMs: nowMs + days * dayMs })
    const certain =
      days === horizonDays ? openings.map(one => settled(rules, nowMs, one)) : openings.filter(hasEnd)
    const found = certain.find(opening => isLongEnough(opening, neededMs))
    if (found) return found
  }
  return undefined
}

/** With its end, where it began before two years were over and goes on behind them. */
function settled(rules: readonly Window[], nowMs: number, opening: Opening): Opening {
  const { fromMs } = opening
  if (hasEnd(opening) || fromMs === nowMs) return opening
  for (const days of ranges) {
    const [whole] = openingsBetween(rules, { fromMs, toMs: fromMs + days * dayMs })
    if (whole && hasEnd(whole)) return whole
  }
  return opening
}

function hasEnd({ endMs }: Opening): boolean {
  return endMs !== Number.POSITIVE_INFINITY
}

/**
 * When all of these could begin at one moment, in milliseconds since 1970; undefined when that is not within two years.
 * @param nowMs since 1970
 */
export function firstTogether(all: readonly Timed[], nowMs: number): number | undefined {
  for (const days of ranges) {
    const range = { fromMs: nowMs, toMs: nowMs + days * dayMs }
    const inTime = all.map(({ windows, stages }) => {
      const needed = neededMs(windows, stages)
      return startsBetween(windows.rules, range).flatMap(({ fromMs, toMs }) =>
        shortened(fromMs, toMs - needed),
      )
    })
    const [first] = inTime.reduce(common, [range])
    if (first) return first.fromMs
  }
  return undefined
}

/** The next ones, and behind them the first that a run may start in, where it is none of those. */
export function openingsToShow({ windows, stages }: Timed, nowMs: number): readonly Opening[] {
  const needed = neededMs(windows, stages)
  const next = nextOpenings(windows.rules, nowMs, 3)
  if (next.length === 0 || next.some(opening => isLongEnough(opening, needed))) return next
  const first = firstLongEnough(windows.rules, nowMs, needed)
  return first ? [...next, first] : next
}

const dayMs = 24 * 3_600_000
/** As far ahead as is looked, in days: a little at first, because most windows come again within a week. */
const horizonDays = 731
const ranges = [8, 40, 200, horizonDays]

export function windowAt(rules: readonly Window[], nowMs: number): WindowStand {
  const [opening] = nextOpenings(rules, nowMs, 1)
  return { isOpen: opening !== undefined && opening.fromMs <= nowMs, opening }
}

/** In order, the one that is open first; those that begin within two years. */
export function nextOpenings(rules: readonly Window[], nowMs: number, count: number): readonly Opening[] {
  let found: readonly Opening[] = []
  for (const days of ranges) {
    const toMs = nowMs + days * dayMs
    found = openingsBetween(rules, { fromMs: nowMs, toMs })
    // One that reaches the end of what was looked at may go on.
    const certain = found.filter(hasEnd)
    if (certain.length >= count) break
  }
  return found.slice(0, count).map(one => settled(rules, nowMs, one))
}

function openingsBetween(rules: readonly Window[], range: Span): readonly Opening[] {
  const allowed = allowedBetween(rules, range)
  let at = 0
  return startsBetween(rules, range).map(({ fromMs, toMs }) => {
    while ((allowed[at]?.toMs ?? Number.POSITIVE_INFINITY) <= fromMs) at++
    return { fromMs, startsUntilMs: known(toMs, range), endMs: known(allowed[at]?.toMs ?? toMs, range) }
  })
}

/** What reaches the end of what was looked at ends nobody knows when. */
function known(ms: number, { toMs }: Span): number {
  return ms < toMs ? ms : Number.POSITIVE_INFINITY
}

/** The zone that people of these windows live in. */
export function zoneOf(rules: readonly Window[]): string {
  return (rules.find(({ kind }) => kind === 'allow') ?? rules[0])?.timeZone ?? 'UTC'
}

/** Whatever is allowed and not denied. */
export function allowedBetween(rules: readonly Window[], range: Span): readonly Span[] {
  const allows = rules.filter(({ kind }) => kind === 'allow')
  const base = allows.length === 0 ? [range] : union(allows.flatMap(rule => spansOf(rule, range)))
  return common([range], without(base, union(denied(rules, range))))
}

/** When a host may start: short of the end of the allowed time by the cutoff. */
export function startsBetween(rules: readonly Window[], range: Span): readonly Span[] {
  // What ends behind the range may be cut off within it.
  const wide = { fromMs: range.fromMs, toMs: range.toMs + Math.max(...rules.map(rule => rule.cutoffMs)) }
  const allowed = allowedBetween(rules, wide)
  const allows = rules.filter(({ kind }) => kind === 'allow')
  const starts =
    allows.length === 0
      ? allowed
      : union(
          allows.flatMap(rule => {
            const inTime = allowed.flatMap(({ fromMs, toMs }) => shortened(fromMs, toMs - rule.cutoffMs))
            return common(inTime, spansOf(rule, wide))
          }),
        )
  const late = union(
    denied(rules, wide).map(({ fromMs, toMs, cutoffMs }) => ({ fromMs: fromMs - cutoffMs, toMs })),
  )
  return common([range], without(starts, late))
}

function shortened(fromMs: number, toMs: number): Span[] {
  return toMs > fromMs ? [{ fromMs, toMs }] : []
}

function denied(rules: readonly Window[], range: Span): (Span & { readonly cutoffMs: number })[] {
  return rules.flatMap(rule =>
    rule.kind === 'deny' ? spansOf(rule, range).map(span => ({ ...span, cutoffMs: rule.cutoffMs })) : [],
  )
}
