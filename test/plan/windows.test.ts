/** When windows open, end and are cut off: across changes of the clocks, and against each other. */
import { describe, expect, it } from 'vitest'
import { nextOpenings, windowAt } from '../../src/plan/windows.ts'
import type { Window } from '../../src/playbook/windows.ts'
import { allow, deny, iso } from './window-rules.ts'

/** `from - last start / end`, without what is the same. */
const openings = (rules: readonly Window[], now: string, count: number) =>
  nextOpenings(rules, Date.parse(`${now}Z`), count).map(({ fromMs, startsUntilMs, endMs }) =>
    startsUntilMs === endMs
      ? `${iso(fromMs)} - ${iso(endMs)}`
      : `${iso(fromMs)} - ${iso(startsUntilMs)} / ${iso(endMs)}`,
  )

describe('where the clocks change', () => {
  it.each<[title: string, Window, now: string, ...string[]]>([
    [
      'Berlin, spring: what is jumped over begins as much later',
      allow('30 2 * * *', '3h', 'Europe/Berlin'),
      '2027-03-27T12:00',
      '2027-03-28T01:30 - 2027-03-28T04:30',
      '2027-03-29T00:30 - 2027-03-29T03:30',
    ],
    [
      'Berlin, spring: the duration is elapsed time',
      allow('0 22 * * *', '8h', 'Europe/Berlin', '1h'),
      '2027-03-27T12:00',
      '2027-03-27T21:00 - 2027-03-28T04:00 / 2027-03-28T05:00',
      '2027-03-28T20:00 - 2027-03-29T03:00 / 2027-03-29T04:00',
    ],
    [
      'Berlin, autumn: what is shown twice begins at the first, once',
      allow('30 2 * * *', '1h', 'Europe/Berlin'),
      '2027-10-30T12:00',
      '2027-10-31T00:30 - 2027-10-31T01:30',
      '2027-11-01T01:30 - 2027-11-01T02:30',
    ],
    [
      'Berlin, autumn: the duration is elapsed time',
      allow('0 1 * * *', '4h', 'Europe/Berlin', '30m'),
      '2027-10-30T12:00',
      '2027-10-30T23:00 - 2027-10-31T02:30 / 2027-10-31T03:00',
      '2027-11-01T00:00 - 2027-11-01T03:30 / 2027-11-01T04:00',
    ],
    [
      'New York, spring',
      allow('30 2 * * sun', '1h', 'America/New_York'),
      '2027-03-13T12:00',
      '2027-03-14T07:30 - 2027-03-14T08:30',
      '2027-03-21T06:30 - 2027-03-21T07:30',
    ],
    [
      'New York, autumn',
      allow('30 1 * * 7', '1h', 'America/New_York'),
      '2027-11-06T12:00',
      '2027-11-07T05:30 - 2027-11-07T06:30',
      '2027-11-14T06:30 - 2027-11-14T07:30',
    ],
    [
      'Lord Howe, spring: half an hour',
      allow('15 2 * * *', '1h', 'Australia/Lord_Howe'),
      '2026-10-03T00:00',
      '2026-10-03T15:45 - 2026-10-03T16:45',
      '2026-10-04T15:15 - 2026-10-04T16:15',
    ],
    [
      'Lord Howe, autumn: half an hour',
      allow('45 1 * * *', '20m', 'Australia/Lord_Howe'),
      '2027-04-03T00:00',
      '2027-04-03T14:45 - 2027-04-03T15:05',
      '2027-04-04T15:15 - 2027-04-04T15:35',
    ],
    [
      'Sao Paulo, spring: at midnight',
      allow('15 0 * * *', '1h', 'America/Sao_Paulo'),
      '2018-11-03T12:00',
      '2018-11-04T03:15 - 2018-11-04T04:15',
      '2018-11-05T02:15 - 2018-11-05T03:15',
    ],
    [
      'Sao Paulo, autumn: the last hour of the day before',
      allow('30 23 * * *', '10m', 'America/Sao_Paulo'),
      '2018-02-17T12:00',
      '2018-02-18T01:30 - 2018-02-18T01:40',
      '2018-02-19T02:30 - 2018-02-19T02:40',
    ],
    [
      'Apia: a day that was left out',
      allow('0 2 30 12 *', '1h', 'Pacific/Apia'),
      '2011-12-29T00:00',
      '2011-12-30T12:00 - 2011-12-30T13:00',
    ],
    [
      'Kolkata, which never changes',
      allow('0 2 * * mon-fri', '2h', 'Asia/Kolkata'),
      '2027-03-26T00:00',
      '2027-03-28T20:30 - 2027-03-28T22:30',
    ],
    [
      'every hour is every hour that passes, also one that is shown twice',
      allow('0 * * * *', '10m', 'Europe/Berlin'),
      '2027-10-30T23:50',
      '2027-10-31T00:00 - 2027-10-31T00:10',
      '2027-10-31T01:00 - 2027-10-31T01:10',
      '2027-10-31T02:00 - 2027-10-31T02:10',
    ],
  ])('%s', (_, window, now, ...expected) => {
    expect(openings([window], now, expected.length)).toEqual(expected)
  })
})

describe('days, as in cron', () => {
  it.each<[cron: string, now: string, ...string[]]>([
    ['0 2 13 * fri', '2026-11-01T00:00', '2026-11-06', '2026-11-13', '2026-11-20'],
    ['0 2 1 * *', '2026-11-02T00:00', '2026-12-01', '2027-01-01'],
    ['0 2 */10 * mon', '2026-11-01T00:00', '2026-12-21', '2027-01-11', '2027-02-01'],
    ['0 2 29 2 *', '2026-11-01T00:00', '2028-02-29'],
    ['0 2 * * 5-7', '2026-11-16T00:00', '2026-11-20', '2026-11-21', '2026-11-22', '2026-11-27'],
    ['0 2 * jan,DEC 0,7', '2026-11-16T00:00', '2026-12-06', '2026-12-13'],
  ])('%s', (cron, now, ...expected) => {
    const found = nextOpenings([allow(cron, '1h')], Date.parse(`${now}Z`), expected.length)
    expect(found.map(({ fromMs }) => iso(fromMs).slice(0, 10))).toEqual(expected)
  })
})

describe('windows together', () => {
  it.each<[title: string, rules: readonly Window[], now: string, ...string[]]>([
    [
      'a denied time cuts the end off, and the cutoff comes before it',
      [allow('0 2 * * *', '3h', 'UTC', '30m'), deny('0 4 * * *', '1h')],
      '2026-11-20T00:00',
      '2026-11-20T02:00 - 2026-11-20T03:30 / 2026-11-20T04:00',
      '2026-11-21T02:00 - 2026-11-21T03:30 / 2026-11-21T04:00',
    ],
    [
      'a denied time cuts the beginning off',
      [allow('0 2 * * *', '3h'), deny('0 1 * * *', '90m')],
      '2026-11-20T00:00',
      '2026-11-20T02:30 - 2026-11-20T05:00',
    ],
    [
      'a denied time in the middle leaves two',
      [allow('0 2 * * *', '3h', 'UTC', '15m'), deny('0 3 * * *', '30m')],
      '2026-11-20T00:00',
      '2026-11-20T02:00 - 2026-11-20T02:45 / 2026-11-20T03:00',
      '2026-11-20T03:30 - 2026-11-20T04:45 / 2026-11-20T05:00',
    ],
    [
      'a freeze of three days',
      [allow('0 2 * * *', '3h'), deny('0 0 24 12 *', '72h')],
      '2026-12-23T04:00',
      '2026-12-23T04:00 - 2026-12-23T05:00',
      '2026-12-27T02:00 - 2026-12-27T05:00',
    ],
    [
      'one that goes on in another ends with that one',
      [allow('0 2 * * *', '3h', 'UTC', '30m'), allow('0 5 * * *', '1h')],
      '2026-11-20T04:45',
      '2026-11-20T04:45 - 2026-11-20T06:00',
    ],
    [
      'the cutoff is that of the window a host would start in',
      [allow('0 2 * * *', '4h', 'UTC', '2h'), allow('0 5 * * *', '1h', 'UTC', '10m')],
      '2026-11-20T00:00',
      '2026-11-20T02:00 - 2026-11-20T04:00 / 2026-11-20T06:00',
      '2026-11-20T05:00 - 2026-11-20T05:50 / 2026-11-20T06:00',
    ],
    [
      'what is only denied is allowed otherwise',
      [deny('0 8 * * *', '10h', 'UTC', '1h')],
      '2026-11-20T00:00',
      '2026-11-20T00:00 - 2026-11-20T07:00 / 2026-11-20T08:00',
      '2026-11-20T18:00 - 2026-11-21T07:00 / 2026-11-21T08:00',
    ],
  ])('%s', (_, rules, now, ...expected) => {
    expect(openings(rules, now, expected.length)).toEqual(expected)
  })

  it('open now, closed at the cutoff and at the end', () => {
    const rules = [allow('0 2 * * *', '3h', 'UTC', '30m')]
    const isOpen = (now: string) => windowAt(rules, Date.parse(now)).isOpen
    expect(isOpen('2026-11-20T01:59:59.999Z')).toBe(false)
    expect(isOpen('2026-11-20T02:00:00Z')).toBe(true)
    expect(isOpen('2026-11-20T04:29:59.999Z')).toBe(true)
    expect(isOpen('2026-11-20T04:30:00Z')).toBe(false)
    expect(isOpen('2026-11-20T05:00:00Z')).toBe(false)
  })

  it('never opens where everything is denied, and always where nothing ends', () => {
    const now = Date.parse('2026-11-20T00:00Z')
    expect(windowAt([allow('0 2 * * *', '1h'), deny('0 0 * * *', '24h')], now)).toEqual({
      isOpen: false,
      opening: undefined,
    })
    expect(windowAt([allow('* * * * *', '1m')], now)).toMatchObject({ isOpen: true })
  })
})
