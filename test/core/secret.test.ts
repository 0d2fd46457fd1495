import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutHider, hideIn, hider, Secret } from '../../src/core/secret.ts'

const token = 'hunter2/ÿ "quoted"'

describe('a secret shows itself as stars', () => {
  it.each([
    ['String', (secret: Secret) => String(secret)],
    ['a template', (secret: Secret) => `${secret}`],
    ['JSON', (secret: Secret) => JSON.stringify({ secret })],
    ['inspect', (secret: Secret) => inspect({ secret }, { depth: 9, showHidden: true })],
    ['its members', (secret: Secret) => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret)])],
    ['an error', (secret: Secret) => new Error(`no ${secret}`).message],
    ['a copy', (secret: Secret) => JSON.stringify({ ...secret })],
  ])('%s', (_how, show) => {
    expect(show(new Secret(token))).not.toContain('hunter2')
  })

  it('and gives itself away only when asked', () => {
    expect(new Secret(token).reveal()).toBe(token)
  })
})

describe('hiding', () => {
  const hide = hider([new Secret('hunter2'), new Secret('a b/c?d'), new Secret('first-line\nsecond-line\n')])

  it.each([
    ['nothing here', 'nothing here'],
    ['say hunter2, hunter2!', 'say ***, ***!'],
    ['GET /?k=a%20b%2Fc%3Fd', 'GET /?k=***'],
    ['GET /a b/c?d', 'GET /***'],
    ['only second-line', 'only ***'],
    [JSON.stringify('first-line\nsecond-line\n'), '"***"'],
    ['hunter said: ahoy, hunt', 'hunter said: ahoy, hunt'],
  ])('%j', (text, expected) => {
    expect(hide(text)).toBe(expected)
  })

  it.each([
    ['cut off at hunt', 'cut off at ***'],
    ['nter2 is what is left', '*** is what is left'],
    ['hun is too short', 'hun is too short'],
    ['all of hunter2 is gone', 'all of *** is gone'],
  ])('where something may have been cut off: %j', (text, expected) => {
    expect(cutHider([new Secret('hunter2')])(text)).toBe(expected)
  })

  it('in JSON: quotes and backslashes of the secret', () => {
    const quoting = hider([new Secret('p"w\\d!')])
    expect(quoting(JSON.stringify({ said: 'p"w\\d!' }))).toBe('{"said":"***"}')
  })

  it('in plain data: only what is written for people', () => {
    const passing = hider([new Secret('prod'), new Secret('pass'), new Secret('switched')])
    const told = {
      type: 'host.switched',
      host: 'web-prod',
      verdict: 'pass',
      hosts: { 'web-prod': { ms: 5 } },
    }
    const fault = {
      code: 'HEALTH',
      message: 'prod',
      hint: 'a pass',
      host: 'web-prod',
      place: { file: 'prod' },
    }
    expect(hideIn({ ...told, detail: 'said pass', notes: ['prod', 'b'], fault }, passing)).toEqual({
      ...told,
      detail: 'said ***',
      notes: ['***', 'b'],
      fault: { ...fault, message: '***', hint: 'a ***' },
    })
  })

  it('never leaves a secret standing, whatever is around it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 4, maxLength: 20 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.string(), { maxLength: 5 }),
        (secrets, around) => {
          // A secret made of stars is what the others are replaced by.
          const real = secrets.filter(secret => !secret.includes('*') && secret.trim().length >= 4)
          const hideAll = hider(real.map(secret => new Secret(secret)))
          for (const secret of real) {
            const text = hideAll(around.join(secret))
            for (const other of real) expect(text).not.toContain(other)
          }
        },
      ),
    )
  })
})

describe('hiding finds a secret as others have encoded it', () => {
  const secret = `it's4me|pw <b>&"c"/ÿ\\d😀+e`
  const hide = hider([new Secret(secret), new Secret('line one\nline two')])
  const address = new URL(`http://h/?k=${encodeURIComponent(secret)}`).search
  const lower = encodeURIComponent(secret).replace(/%../g, code => code.toLowerCase())
  const page = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
  const json = JSON.stringify(secret).slice(1, -1)
  const base64 = (before: string, after: string, how: 'base64' | 'base64url' = 'base64') =>
    Buffer.from(before + secret + after).toString(how)

  it.each([
    ['an address', address],
    ['a path', new URL(`http://h/${encodeURIComponent(secret)}`).pathname],
    ['encodeURI', encodeURI(secret)],
    ['lower case', lower],
    ['a form', new URLSearchParams({ k: secret }).toString()],
    ['a page', page],
    ['a page, in hex', page.replace('&#39;', '&#x27;')],
    ['JSON', json],
    [
      'JSON for a page',
      json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003E').replaceAll('&', '\\u0026'),
    ],
    ['JSON of PHP', json.replaceAll('/', '\\/').replace('ÿ', '\\u00ff').replace('😀', '\\ud83d\\uDE00')],
    ['a log', secret.replace('ÿ', '\\xFF').replace('\\d', '\\\\d')],
  ])('%s', (_where, text) => {
    const shown = hide(`before ${text} after`)
    expect(shown).toMatch(/^before .{0,4}\*\*\* after$/)
    expect(shown).not.toContain('4me')
  })

  it.each([
    ['alone', base64('', '')],
    ['of Basic auth', base64('u:', '')],
    ['after three', base64('abc', 'z')],
    ['after one', base64('a', 'yz')],
    ['for addresses', base64('u:', 'z', 'base64url')],
    ['in an address', encodeURIComponent(base64('a', ''))],
    ['in JSON of PHP', base64('ab', '').replaceAll('/', '\\/')],
  ])('base64 %s', (_where, text) => {
    expect(hide(`Basic ${text}.`)).toMatch(/^Basic .{0,4}\*\*\*.{0,4}\.$/)
  })

  it('line by line, and however long it is', () => {
    expect(hide('it says line+two and line%20one')).toBe('it says *** and ***')
    const long = Array.from({ length: 2000 }, (_, at) => `${at}é/"+ `).join('')
    const shown = hider([new Secret(long)])(`a ${encodeURIComponent(long)} b`)
    expect(shown).toMatch(/^a (\*\*\*)+ b$/)
  })

  it('in time, whatever comes back', () => {
    const runs = hider(
      ['\\'.repeat(60), '+ '.repeat(40), '%25'.repeat(30)].map(text => new Secret(`${text}x`)),
    )
    const hostile = ['\\', '+', '%25', 'A', '%5c'].map(text => text.repeat(20_000)).join('')
    const start = performance.now()
    expect(runs(hostile)).toBe(hostile)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
