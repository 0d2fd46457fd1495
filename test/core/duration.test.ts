import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['0s', 0],
  ['0.001s', 1],
])('%s', (text, ms) => expect(parseDuration(text)).toBe(ms))

test.each([
  '',
  '5',
  's',
  '-1s',
  '+1s',
  '1 s',
  '1S',
  '1d',
  '1e3s',
  '.5s',
  '1.s',
  '1h30m',
  '1.0001s',
  '9999999999s',
  'NaNs',
  '1s\n',
  '٣s',
])('%j is no duration', text => expect(parseDuration(text)).toBeUndefined())

test.each([
  [0, '0ms'],
  [850, '850ms'],
  [999, '999ms'],
  [1000, '1s'],
  [4200, '4.2s'],
  [59_949, '59.9s'],
  [59_950, '1m'],
  [185_000, '3m 05s'],
  [3_599_499, '59m 59s'],
  [3_599_500, '1h'],
  [7_800_000, '2h 10m'],
])('%i ms is shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test('whole counts of every unit are read back', () => {
  fc.assert(
    fc.property(
      fc.nat(999_999),
      fc.constantFrom(['ms', 1], ['s', 1000], ['m', 60_000], ['h', 3_600_000]),
      (count, [unit, ms]) => {
        expect(parseDuration(`${count}${unit}`)).toBe(count * Number(ms))
      },
    ),
  )
})
