import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shellQuote } from '../../src/core/shell-quote.ts'

const shells = ['dash', 'bash', 'busybox ash', 'sh'].filter(shell => run(shell, 'exit 0').status === 0)
const nasty = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '$(id)',
  '`id`',
  '$HOME',
  '!x',
  '*',
  '~',
  '-n',
  '\n',
  '\r\n',
  '\t',
  'a;b',
  '&',
  '|',
  '<',
  '#',
  '{a,b}',
  'é',
  '🚀',
  '\u202e',
  '\x1b[2J',
  "it's",
  "\\'",
  '--',
  '%s',
]

/** Many words at once: starting a shell for each would take minutes. */
function throughShell(shell: string, words: readonly string[]): string[] {
  const script = `printf '%s\\0' ${words.map(shellQuote).join(' ')}`
  const { stdout, status } = run(shell, script)
  expect(status).toBe(0)
  return stdout.split('\0').slice(0, -1)
}

function run(shell: string, script: string) {
  const [program = '', ...args] = shell.split(' ')
  const env = { LC_ALL: 'C', PATH: process.env.PATH }
  return spawnSync(program, args, { input: script, encoding: 'utf8', env })
}

test('there is a shell to try it with', () => expect(shells).toContain('sh'))

describe.each(shells)('through %s', shell => {
  test('what has gone wrong elsewhere', () => expect(throughShell(shell, nasty)).toEqual(nasty))

  test('any words come out as they went in', () => {
    const word = fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'grapheme' }), fc.string())
    const safe = fc
      .array(word, { minLength: 1, maxLength: 200 })
      .map(words => words.map(text => text.replaceAll('\0', '')))
    fc.assert(
      fc.property(safe, words => {
        expect(throughShell(shell, words)).toEqual(words)
      }),
      { numRuns: 15 },
    )
  })
})

test('NUL is refused', () => expect(() => shellQuote('a\0b')).toThrow(RangeError))
