import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideIn, hider, Secret } from '../../src/core/secret.ts'

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
    ['cut off at hunt', 'cut off at ***'],
    ['nter2 is what is left', '*** is what is left'],
    ['hun is too short', 'hun is too short'],
  ])('%j', (text, expected) => {
    expect(hide(text)).toBe(expected)
  })

  it('in JSON: quotes and backslashes of the secret', () => {
    const quoting = hider([new Secret('p"w\\d!')])
    expect(quoting(JSON.stringify({ said: 'p"w\\d!' }))).toBe('{"said":"***"}')
  })

  it('in plain data, keys included', () => {
    const found = hideIn({ a: ['hunter2', 5, null, { hunter2: true }], b: 'ok' }, hide)
    expect(found).toEqual({ a: ['***', 5, null, { '***': true }], b: 'ok' })
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
