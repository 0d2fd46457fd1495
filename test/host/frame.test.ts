import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeAnswer, encodeRequest, field, newNonce } from '../../src/host/frame.ts'
import { shells } from './local-connection.ts'

const nonce = 'f'.repeat(32)
const prelude = readFileSync(new URL('../../src/host/prelude.sh', import.meta.url), 'utf8')

describe('a request', () => {
  test.each<[readonly string[], string]>([
    [[], `${nonce} look\n`],
    [['a b', "it's", '$(id)'], `${nonce} look 'a b' 'it'\\''s' '$(id)'\n`],
    [[''], `${nonce} look ''\n`],
  ])('of %j', (args, line) => {
    expect(encodeRequest(nonce, 'look', args)).toBe(line)
  })

  test.each([['a\nb'], ['a\rb'], ['a\0b'], ['x'.repeat(4000)], ["'".repeat(1100)]])(
    'with %j is refused',
    arg => {
      expect(() => encodeRequest(nonce, 'look', [arg])).toThrow(RangeError)
    },
  )

  test('has a nonce of its own', () => {
    expect(new Set(Array.from({ length: 100 }, newNonce)).size).toBe(100)
    expect(newNonce()).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('an answer', () => {
  test.each<[string, string, Record<string, string[]>]>([
    [`@${nonce} ok`, 'ok', {}],
    [`@${nonce} ok a=1 b=`, 'ok', { a: ['1'], b: [''] }],
    [
      `@${nonce} refused refusal=A:%20x refusal=B:%25%0A%09%0D=y`,
      'refused',
      { refusal: ['A: x', 'B:%\n\t\r=y'] },
    ],
    // Only a blank ends a value: what else JavaScript calls white space is data.
    [`@${nonce} ok a=\f\v\u00a0\u2028\ufeffz`, 'ok', { a: ['\f\v\u00a0\u2028\ufeffz'] }],
    [`Last login: today @${nonce} ok a=1`, 'ok', { a: ['1'] }],
    [`@${nonce} ok a=%2525 b=%zz`, 'ok', { a: ['%25'], b: ['%zz'] }],
    [`@${nonce} ok __proto__=1`, 'ok', JSON.parse('{"__proto__":["1"]}')],
  ])('%j', (line, status, fields) => {
    const decoded = decodeAnswer(line)
    expect(decoded?.nonce).toBe(nonce)
    expect(decoded?.answer.status).toBe(status)
    expect(decoded?.answer.fields).toEqual(new Map(Object.entries(fields)))
  })

  test.each([
    '',
    'ok',
    `@${nonce}`,
    `@${nonce} `,
    `@${nonce} OK`,
    `@${nonce} ok a`,
    `@${nonce} ok a=1 `,
    `@${nonce} ok  a=1`,
    `@${nonce.slice(1)} ok`,
    `@${nonce.toUpperCase()} ok`,
  ])('%j is none', line => {
    expect(decodeAnswer(line)).toBeUndefined()
  })
})

describe.each(shells)('values that %s encodes', shell => {
  const [file = shell, ...words] = shell.split(' ')
  const encode = (value: Buffer) => {
    // Through a file name no shell could hold all bytes; through stdin it reads them as it reads titles and logs.
    const script = `${prelude}\nfields= nonce=${nonce}\nvalue=$(cat; printf x)\nsay v "\${value%x}"\nanswer ok\n`
    const ran = spawnSync(file, [...words, '-c', script], { input: value })
    expect(ran.stderr.toString()).toBe('')
    return ran.stdout
  }
  const decode = (bytes: Buffer) => {
    const line = bytes.toString('latin1')
    expect(line.indexOf('\n')).toBe(line.length - 1)
    const answer = decodeAnswer(line.slice(0, -1))?.answer
    return answer && Buffer.from(field(answer, 'v'), 'latin1')
  }

  test.each<[string, Buffer]>([
    ['every byte but NUL', Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1))],
    ['bytes that shells use inside', Buffer.from([0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x98])],
    ['quotes and expansions', Buffer.from('\'"`$(touch /tmp/owned)${x}\\\\!*?[a-z]~#&;|<>')],
    ['an answer', Buffer.from(`\n@${nonce} ok code=FAKE\n`)],
    ['percent signs', Buffer.from('%%20%0A%')],
    ['broken UTF-8', Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xe2, 0x82])],
    ['nothing', Buffer.alloc(0)],
  ])('%s', (_, value) => {
    expect(decode(encode(value))).toEqual(value)
  })

  test.each([
    ['x'.repeat(5000), 'x'.repeat(1200)],
    [' '.repeat(5000), ' '.repeat(400)],
    [`x${' '.repeat(5000)}`, `x${' '.repeat(399)}`],
    [`xx${' '.repeat(5000)}`, `xx${' '.repeat(399)}`],
  ])('a long one is cut between two characters', (value, kept) => {
    expect(decode(encode(Buffer.from(value)))?.toString()).toBe(kept)
  })

  test('many long ones together stay under the 4096 bytes that one write keeps together', () => {
    const say = 'i=0; while [ $i -lt 40 ]; do say v "$value"; i=$((i + 1)); done'
    const script = `${prelude}\nfields= nonce=${nonce}\nvalue=$(cat)\nsay first 1\n${say}\nanswer ok\n`
    const ran = spawnSync(file, [...words, '-c', script], { input: 'a b '.repeat(500) })
    expect(ran.stdout.length).toBeLessThan(4096)
    const answer = decodeAnswer(ran.stdout.toString().trimEnd())?.answer
    expect(answer?.fields.get('v')?.length).toBeGreaterThan(5)
  })
})
