/** The keys of maintenance windows: what they become, and every refusal at its place. */
import { describe, expect, it } from 'vitest'
import { faultsFrom, load, marked, minimal, shown } from './world.ts'

const withWindows = (...list: string[]) => `${minimal}windows:\n${list.map(one => `  - ${one}\n`).join('')}`
const allow = (cron: string, more = 'duration: 3h, time_zone: UTC') => `{ allow: ${cron}, ${more} }`

it('reads them', () => {
  const text = withWindows(
    '{ allow: "0 2 * * 1-4", duration: 3h, time_zone: europe/berlin, cutoff: 30m }',
    '{ deny: "0 0 20 12 *", duration: 336h, time_zone: UTC }',
  )
  expect(load(`${text}on_window_close: hold\n`)).toMatchObject({
    onWindowClose: 'hold',
    windows: [
      {
        kind: 'allow',
        cron: '0 2 * * 1-4',
        timeZone: 'Europe/Berlin',
        durationMs: 10_800_000,
        cutoffMs: 1_800_000,
      },
      { kind: 'deny', cron: '0 0 20 12 *', timeZone: 'UTC', durationMs: 1_209_600_000, cutoffMs: 0 },
    ],
  })
})

it('has none by default, and goes back when one closes', () => {
  expect(load(minimal)).toMatchObject({ windows: [], onWindowClose: 'rollback' })
})

describe('refused', () => {
  it.each([
    ['four fields', allow('»"0 2 * *"'), 'must have the five fields of cron'],
    ['six fields', allow('»"0 0 2 * * *"'), 'there are no seconds'],
    ['a word for all', allow('»"@daily"'), 'write "0 0 * * *"'],
    ['no text', allow('»5'), 'must be the five fields of cron, in quotes'],
    ['a minute too many', allow('»"60 2 * * *"'), '"60" as its minute'],
    ['an hour too many', allow('»"0 24 * * *"'), '"24" as its hour'],
    ['day 0', allow('»"0 2 0 * *"'), '"0" as its day of the month'],
    ['month 13', allow('»"0 2 * 13 *"'), '"13" as its month'],
    ['day 8 of the week', allow('»"0 2 * * 8"'), '"8" as its day of the week'],
    ['an unknown name', allow('»"0 2 * * moon"'), '"moon" as its day of the week'],
    ['a name where there are none', allow('»"0 mon * * *"'), '"mon" as its hour'],
    ['a backward range', allow('»"0 22-3 * * *"'), 'a range goes upwards'],
    ['a step of nothing', allow('»"*/0 2 * * *"'), '"*/0" as its minute'],
    ['a step without a range', allow('»"5/10 2 * * *"'), 'write 5-59/10, or 5 alone'],
    ['two steps', allow('»"*/2/3 2 * * *"'), '"*/2/3" as its minute'],
    ['an empty item', allow('»"0,,5 2 * * *"'), '"" as its minute'],
    ['letters of other programs', allow('»"0 2 L * *"'), '"L" as its day of the month'],
    ['the 30th of February', allow('»"0 2 30 2 *"'), 'never comes: there is no day 30'],
    ['the 31st of short months', allow('»"0 2 31 4,jun,9,11 *"'), 'never comes'],
    [
      'a zone that is none',
      allow('"0 2 * * *"', 'duration: 3h, time_zone: »Mars/Base'),
      'name of a time zone',
    ],
    [
      'a misspelt zone',
      allow('"0 2 * * *"', 'duration: 3h, time_zone: »Europe/Berlim'),
      'did you mean "Europe/Berlin"?',
    ],
    ['an offset', allow('"0 2 * * *"', 'duration: 3h, time_zone: »"+02:00"'), 'name of a time zone'],
    ['a duration of nothing', allow('"0 2 * * *"', 'duration: »0s, time_zone: UTC'), 'must be at least "1m"'],
    [
      'a duration of years',
      allow('"0 2 * * *"', 'duration: »9000h, time_zone: UTC'),
      'must be at most "8784h"',
    ],
    [
      'a cutoff that leaves nothing',
      allow('"0 2 * * *"', 'duration: 3h, time_zone: UTC, cutoff: »180m'),
      'no host could ever start',
    ],
    [
      'an unknown key',
      allow('"0 2 * * *"', 'duration: 3h, time_zone: UTC, »timezone: UTC'),
      'did you mean "time_zone"?',
    ],
    ['no zone', `»${allow('"0 2 * * *"', 'duration: 3h')}`, 'needs the key "time_zone"'],
    ['no duration', `»${allow('"0 2 * * *"', 'time_zone: UTC')}`, 'needs the key "duration"'],
    ['neither', '»{ duration: 3h, time_zone: UTC }', 'needs one of the keys "allow" and "deny"'],
    [
      'both',
      '{ allow: "0 2 * * *", »deny: "0 2 * * *", duration: 3h, time_zone: UTC }',
      'has both "allow" and "deny"',
    ],
  ])('%s', (_, window, says) => {
    const { text, places } = marked(withWindows(window))
    const faults = faultsFrom(() => load(text))
    expect(faults).toMatchObject(places.map(place => ({ place })))
    expect(shown(faults)).toContain(says)
  })

  it.each([
    ['no list', `${minimal}windows: »{ allow: "0 2 * * *" }\n`, 'must be a list of windows'],
    [
      'an unknown policy',
      `${withWindows(allow('"0 2 * * *"'))}on_window_close: »roll_back\n`,
      'did you mean "rollback"?',
    ],
    ['a policy for nothing', `${minimal}»on_window_close: hold\n`, 'has no "windows" that could close'],
  ])('%s', (_, playbook, says) => {
    const { text, places } = marked(playbook)
    const faults = faultsFrom(() => load(text))
    expect(faults).toMatchObject(places.map(place => ({ place })))
    expect(shown(faults)).toContain(says)
  })
})
