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
  const { durationMs } = window
  const spans: Span[] = []
  let last: { fromMs: number; toMs: number } | undefined
  for (const start of startsOf(window, { fromMs: fromMs - durationMs, toMs })) {
    if (last && start <= last.toMs) {
      last.toMs = start + durationMs
      continue
    }
    last = { fromMs: start, toMs: start + durationMs }
    spans.push(last)
  }
  return spans
}

/** In order. @throws RangeError for an expression that was let through unread. */
function* startsOf({ cron, timeZone }: Window, { fromMs, toMs }: Span): Generator<number> {
  const times = parseCron(cron)
  if (!isCron(times)) throw new RangeError(`cron expression ${times.message}`)
  const minutesOfDay = times.hours.flatMap(hour => times.minutes.map(minute => hour * 60 + minute))
  const isEveryHour = times.hours.length === 24
  // Calendar days as midnights of UTC; what the clocks jumped over the day before may begin today.
  const firstDay = Math.floor((fromMs - 2 * dayMs) / dayMs) * dayMs
  // No zone is further than a day from UTC.
  for (let day = firstDay; day < toMs + dayMs; day += dayMs) {
    if (!isMeant(new Date(day), times)) continue
    for (const start of startsOn(day, timeZone, minutesOfDay, isEveryHour)) {
      if (start >= fromMs && start < toMs) yield start
    }
  }
}

function isMeant(day: Date, { days, months, weekdays, eitherDay }: CronTimes): boolean {
  if (!months.includes(day.getUTCMonth() + 1)) return false
  const isDay = days.includes(day.getUTCDate())
  const isWeekday = weekdays.includes(day.getUTCDay())
  return eitherDay ? isDay || isWeekday : isDay && isWeekday
}

function startsOn(
  day: number,
  timeZone: string,
  minutesOfDay: readonly number[],
  isEveryHour: boolean,
): readonly number[] {
  const date = calendarDate(day)
  const beginMs = beginOf(date, timeZone)
  const isOrdinary = beginOf(calendarDate(day + dayMs), timeZone) - beginMs === dayMs
  if (isOrdinary) return minutesOfDay.map(minutes => beginMs + minutes * minuteMs)
  const which = isEveryHour ? (['earlier', 'later'] as const) : (['compatible'] as const)
  const starts = minutesOfDay.flatMap(minutes =>
    which.map(disambiguation => {
      const shown = date.toPlainDateTime({ hour: Math.floor(minutes / 60), minute: minutes % 60 })
      return shown.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds
    }),
  )
  return [...new Set(starts)].sort((a, b) => a - b)
}

function calendarDate(day: number): Temporal.PlainDate {
  const date = new Date(day)
  return new Temporal.PlainDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}

function beginOf(date: Temporal.PlainDate, timeZone: string): number {
  return date.toZonedDateTime(timeZone).epochMilliseconds
}
