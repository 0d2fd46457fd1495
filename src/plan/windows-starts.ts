/**
 * When a window begins: a wall clock in a zone, to moments. A start that the clocks jump over begins as much later as they
 * jump (02:30 at 03:30); one that they show twice begins at the first, unless the window begins in every hour of the day.
 */
import { Temporal } from 'temporal-polyfill'
import { type CronTimes, isCron, parseCron } from '../playbook/cron.ts'
import type { Window } from '../playbook/windows.ts'
import type { Span } from './windows-spans.ts'

const dayMs = 24 * 3_600_000
const minuteMs = 60_000

/** The time that a window covers, as far as it matters between the two: in order, and merged where it overlaps itself. */
export function spansOf(window: Window, { fromMs, toMs }: Span): Span[] {
  const spans: { fromMs: number; toMs: number }[] = []
  for (const run of runsOf(window, { fromMs: fromMs - window.durationMs, toMs })) {
    const last = spans.at(-1)
    if (last && run.fromMs <= last.toMs) last.toMs = run.toMs
    else spans.push({ ...run })
  }
  return spans
}

/** In order of their beginnings, which are within the range. @throws RangeError for an expression that was let through unread. */
function* runsOf({ cron, timeZone, durationMs }: Window, { fromMs, toMs }: Span): Generator<Span> {
  const times = parseCron(cron)
  if (!isCron(times)) throw new RangeError(`cron expression ${times.message}`)
  const minutesOfDay = times.hours.flatMap(hour => times.minutes.map(minute => hour * 60 + minute))
  const runsOfDay = mergedRuns(minutesOfDay, durationMs)
  const isEveryHour = times.hours.length === 24
  // Calendar days as midnights of UTC; what the clocks jumped over the day before may begin today.
  const firstDay = Math.floor((fromMs - 2 * dayMs) / dayMs) * dayMs
  // No zone is further than a day from UTC.
  for (let day = firstDay; day < toMs + dayMs; day += dayMs) {
    if (!isMeant(new Date(day), times)) continue
    const beginMs = beginOf(day, timeZone)
    const nextMs = beginOf(day + dayMs, timeZone)
    const isOrdinary = nextMs - beginMs === dayMs
    if (isOrdinary && beginMs >= fromMs && nextMs <= toMs) {
      for (const run of runsOfDay) yield { fromMs: beginMs + run.fromMs, toMs: beginMs + run.toMs }
      continue
    }
    const starts = isOrdinary
      ? minutesOfDay.map(minutes => beginMs + minutes * minuteMs)
      : startsOn(day, timeZone, minutesOfDay, isEveryHour)
    for (const start of starts)
      if (start >= fromMs && start < toMs) yield { fromMs: start, toMs: start + durationMs }
  }
}

/** Of an ordinary day, from its midnight: what begins every minute for a year is one run a day, not 1440. */
function mergedRuns(minutesOfDay: readonly number[], durationMs: number): readonly Span[] {
  const runs: { fromMs: number; toMs: number }[] = []
  for (const minutes of minutesOfDay) {
    const fromMs = minutes * minuteMs
    const last = runs.at(-1)
    if (last && fromMs <= last.toMs) last.toMs = fromMs + durationMs
    else runs.push({ fromMs, toMs: fromMs + durationMs })
  }
  return runs
}

function isMeant(day: Date, { days, months, weekdays, eitherDay }: CronTimes): boolean {
  if (!months.includes(day.getUTCMonth() + 1)) return false
  const isDay = days.includes(day.getUTCDate())
  const isWeekday = weekdays.includes(day.getUTCDay())
  return eitherDay ? isDay || isWeekday : isDay && isWeekday
}

/** On a day on which the clocks change. */
function startsOn(
  day: number,
  timeZone: string,
  minutesOfDay: readonly number[],
  isEveryHour: boolean,
): readonly number[] {
  const which = isEveryHour ? (['earlier', 'later'] as const) : (['compatible'] as const)
  const starts = which.flatMap(disambiguation => {
    const momentOf = (minutes: number) =>
      kept(`${day} ${timeZone} ${minutes} ${disambiguation}`, () => {
        const shown = calendarDate(day).toPlainDateTime({
          hour: Math.floor(minutes / 60),
          minute: minutes % 60,
        })
        return shown.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds
      })
    return momentsOf(minutesOfDay, momentOf)
  })
  return [...new Set(starts)].sort((a, b) => a - b)
}

/** Clocks change once on such a day: between two ends that are as far apart as their clocks say, nothing happened. */
function momentsOf(minutes: readonly number[], momentOf: (minutes: number) => number): readonly number[] {
  const first = minutes[0]
  const last = minutes.at(-1)
  if (first === undefined || last === undefined) return []
  const firstMs = momentOf(first)
  if (momentOf(last) - firstMs === (last - first) * minuteMs)
    return minutes.map(minute => firstMs + (minute - first) * minuteMs)
  const half = minutes.length >> 1
  return [...momentsOf(minutes.slice(0, half), momentOf), ...momentsOf(minutes.slice(half), momentOf)]
}

function calendarDate(day: number): Temporal.PlainDate {
  const date = new Date(day)
  return new Temporal.PlainDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}

function beginOf(day: number, timeZone: string): number {
  return kept(`${day} ${timeZone}`, () => calendarDate(day).toZonedDateTime(timeZone).epochMilliseconds)
}

const mostKept = 20_000
/** The same days are asked for by every rule and at every look, and the calendar is slow. */
const moments = new Map<string, number>()

function kept(key: string, reckon: () => number): number {
  const known = moments.get(key)
  if (known !== undefined) return known
  const moment = reckon()
  if (moments.size >= mostKept) moments.clear()
  moments.set(key, moment)
  return moment
}
