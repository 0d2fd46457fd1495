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
  /** From here on no host starts any more: the cutoff. */
  readonly startsUntilMs: number
  /** The end of the allowed time; two years ahead where no end is in sight. */
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
}

/** Of one window after the other; the lengths repeat before that. */
const mostOpenings = 60

/**
 * A run that goes back when its window closes needs one that is open until its last stage begins.
 * @param nowMs since 1970
 */
export function runStart(
  { rules, onClose }: PlannedWindows,
  stages: readonly { readonly bakeMs: number }[],
  nowMs: number,
): RunStart {
  const neededMs = onClose === 'rollback' ? spreadMs(stages) : 0
  const suffices = ({ fromMs, startsUntilMs }: Opening) => startsUntilMs - fromMs > neededMs
  const [first] = nextOpenings(rules, nowMs, 1)
  const opening = first && suffices(first) ? first : nextOpenings(rules, nowMs, mostOpenings).find(suffices)
  const isOpen = first !== undefined && first.fromMs <= nowMs
  const isNow = opening !== undefined && opening.fromMs <= nowMs
  return { isNow, opening, isTooLate: isOpen && !isNow }
}

const dayMs = 24 * 3_600_000
/** As far ahead as is looked, in days: a little at first, because most windows come again within a week. */
const ranges = [8, 40, 200, 731]

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
    const certain = found.filter(({ endMs }) => endMs < toMs)
    if (certain.length >= count) break
  }
  return found.slice(0, count)
}

function openingsBetween(rules: readonly Window[], range: Span): readonly Opening[] {
  const allowed = allowedBetween(rules, range)
  let at = 0
  return startsBetween(rules, range).map(({ fromMs, toMs }) => {
    while ((allowed[at]?.toMs ?? Number.POSITIVE_INFINITY) <= fromMs) at++
    return { fromMs, startsUntilMs: toMs, endMs: allowed[at]?.toMs ?? toMs }
  })
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
