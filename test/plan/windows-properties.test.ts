/** Windows against a reading of the wall clock minute by minute. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { allowedBetween, nextOpenings, windowAt } from '../../src/plan/windows.ts'
import { isCron, parseCron } from '../../src/playbook/cron.ts'
import type { Window } from '../../src/playbook/windows.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

const field = (least: number, most: number) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    fc.integer({ min: least, max: most }).map(String),
    fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(pair => {
      const [a, b] = [...pair].sort((x, y) => x - y)
      return `${a}-${b}`
    }),
    fc.integer({ min: 2, max: 7 }).map(step => `*/${step}`),
  )
const cron = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 59 }).map(String), field(0, 59)),
    field(0, 23),
    field(1, 28),
    field(1, 12),
    field(0, 6),
  )
  .map(parts => parts.join(' '))
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata']

const window: fc.Arbitrary<Window> = fc
  .record({
    kind: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    cron,
    timeZone: fc.constantFrom(...zones),
    minutes: fc.integer({ min: 1, max: 300 }),
    cutoff: fc.double({ min: 0, max: 0.9, noNaN: true }),
  })
  .map(({ minutes, cutoff, ...rest }) => ({
    ...rest,
    durationMs: minutes * minuteMs,
    cutoffMs: Math.floor(minutes * cutoff) * minuteMs,
  }))

it('a window that begins every minute for a year is looked at in a moment', () => {
  const year: Window = {
    kind: 'allow',
    cron: '* * * * *',
    timeZone: 'Europe/Berlin',
    durationMs: 366 * dayMs,
    cutoffMs: 365 * dayMs,
  }
  const nowMs = Date.UTC(2026, 5, 1)
  const begin = process.cpuUsage()
  const { isOpen, opening } = windowAt([year, year, year, year, year], nowMs)
  const { user, system } = process.cpuUsage(begin)
  expect(isOpen).toBe(true)
  // No end is in sight.
  expect(opening).toMatchObject({ fromMs: nowMs, endMs: Number.POSITIVE_INFINITY })
  expect((user + system) / 1000).toBeLessThan(3000)
})

const rules = fc.array(window, { minLength: 1, maxLength: 4 })
/** 2026 to 2028. */
const moment = fc
  .integer({ min: Date.parse('2026-01-01Z') / minuteMs, max: Date.parse('2028-12-31Z') / minuteMs })
  .map(minutes => minutes * minuteMs)

const formats = new Map(
  zones.map(timeZone => [
    timeZone,
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      month: 'numeric',
      day: 'numeric',
      weekday: 'short',
      hour: 'numeric',
      minute: 'numeric',
    }),
  ]),
)

function clockOf(ms: number, zone: string): Record<string, string> {
  const parts = formats.get(zone)?.formatToParts(ms) ?? []
  return Object.fromEntries(parts.map(({ type, value }) => [type, value]))
}

/** Not where the clocks change near by: what that means is in a table of its own. */
function isQuiet(ms: number): boolean {
  return zones.every(zone => {
    const hours = [-2, 0, 2].map(days => clockOf(ms + days * dayMs, zone))
    return new Set(hours.map(({ hour, minute }) => `${hour}:${minute}`)).size === 1
  })
}

/** Whether one of its starts lies within its duration before that minute. */
function covers({ cron: text, timeZone, durationMs }: Window, ms: number): boolean {
  const times = parseCron(text)
  if (!isCron(times)) throw new Error(text)
  for (let start = ms; start > ms - durationMs; start -= minuteMs) {
    const { minute, hour, day, month, weekday } = clockOf(start, timeZone)
    const isDay = times.days.includes(Number(day))
    const isWeekday = times.weekdays.includes(
      ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(weekday ?? ''),
    )
    if (
      times.minutes.includes(Number(minute)) &&
      times.hours.includes(Number(hour)) &&
      times.months.includes(Number(month)) &&
      (times.eitherDay ? isDay || isWeekday : isDay && isWeekday)
    )
      return true
  }
  return false
}

it('is allowed: by any allow or without one, and by no deny', () => {
  fc.assert(
    fc.property(rules, moment, (given, ms) => {
      fc.pre(isQuiet(ms))
      const allows = given.filter(({ kind }) => kind === 'allow')
      const isAllowed = allows.length === 0 || allows.some(rule => covers(rule, ms))
      const isDenied = given.some(rule => rule.kind === 'deny' && covers(rule, ms))
      const found = allowedBetween(given, { fromMs: ms, toMs: ms + minuteMs })
      expect(found.length > 0).toBe(isAllowed && !isDenied)
    }),
    { numRuns: 60 },
  )
})

it('opens at the next opening and not before, and closes at its end', () => {
  fc.assert(
    fc.property(rules, moment, (given, ms) => {
      const { isOpen, opening } = windowAt(given, ms)
      if (!opening) return
      const { fromMs, startsUntilMs, endMs } = opening
      const at = (moment: number) => windowAt(given, moment).isOpen
      expect(isOpen).toBe(fromMs <= ms)
      expect(at(fromMs)).toBe(true)
      if (!isOpen) expect(at(fromMs - minuteMs)).toBe(false)
      expect(startsUntilMs).toBeLessThanOrEqual(endMs)
      if (endMs > ms + 700 * dayMs) return
      expect(at(startsUntilMs - 1)).toBe(true)
      expect(at(startsUntilMs)).toBe(false)
    }),
    { numRuns: 60 },
  )
})

it('lists openings in order, apart from each other, the same from a little later', () => {
  fc.assert(
    fc.property(rules, moment, (given, ms) => {
      const found = nextOpenings(given, ms, 4)
      for (const [index, { fromMs }] of found.entries()) {
        if (index > 0) expect(fromMs).toBeGreaterThan(found[index - 1]?.startsUntilMs ?? 0)
      }
      const [, second, third] = found
      if (!second || !third || third.endMs > ms + 700 * dayMs) return
      expect(nextOpenings(given, second.fromMs - 1, 2)).toEqual([second, third])
    }),
    { numRuns: 60 },
  )
})
