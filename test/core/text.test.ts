import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clip, plural, printable } from '../../src/core/text.ts'

describe('printable shows what a terminal could act on', () => {
  test.each([
    ['plain text\n\twith lines', 'plain text\n\twith lines'],
    ['übung 日本 🚀', 'übung 日本 🚀'],
    ['\x1b]52;c;Zm9v\x07', '\\x1b]52;c;Zm9v\\x07'],
    ['\x1b[2J', '\\x1b[2J'],
    ['a\rb', 'a\\x0db'],
    ['\0\b\x7f', '\\x00\\x08\\x7f'],
    ['\u0085\u009b31m', '\\x85\\x9b31m'],
    ['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['\u2028\u2029\ufeff\u200b\u061c', '\\u{2028}\\u{2029}\\u{feff}\\u{200b}\\u{61c}'],
    ['\ud83d', '\\u{d83d}'],
    ['\ude80x', '\\u{de80}x'],
    ['🚀\ud83d🚀', '🚀\\u{d83d}🚀'],
    ['\ud83d\ud83d\ude80', '\\u{d83d}🚀'],
    ['', ''],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  test('nothing unprintable is left of any text, and it is printable already', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const shown = printable(text)
        expect(shown).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/)
        expect(Buffer.from(shown, 'utf8').toString('utf8')).toBe(shown)
        expect(printable(shown)).toBe(shown)
      }),
    )
  })
})

describe('clip', () => {
  test('short text stays', () => expect(clip('abc', 3)).toBe('abc'))
  test('long text keeps head and tail', () => {
    const text = `${'a'.repeat(500)}${'z'.repeat(500)}`
    expect(clip(text, 124)).toBe(`${'a'.repeat(50)} [900 left out] ${'z'.repeat(50)}`)
  })
  test('never longer than the limit, where the limit has room for the note', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: 30, max: 200 }), (text, limit) => {
        expect(clip(text, limit).length).toBeLessThanOrEqual(limit)
      }),
    )
  })
})

test.each([
  [0, '0 hosts'],
  [1, '1 host'],
  [2, '2 hosts'],
])('plural %i', (count, expected) => expect(plural(count, 'host')).toBe(expected))
