import { expect, test } from 'vitest'
import { nearest } from '../../src/core/suggest.ts'

const keys = ['health', 'hosts', 'handover', 'stages', 'concurrency']

test.each([
  ['heatlh', 'health'],
  ['host', 'hosts'],
  ['HOSTS', 'hosts'],
  ['stage', 'stages'],
  ['concurency', 'concurrency'],
  ['handovers', 'handover'],
  ['health', 'health'],
  ['zzz', undefined],
  ['completely', undefined],
  ['', undefined],
  ['__proto__', undefined],
])('%s', (word, expected) => expect(nearest(word, keys)).toBe(expected))

test('a short word needs to be close', () => {
  expect(nearest('ab', ['cd'])).toBeUndefined()
  expect(nearest('db', ['dc'])).toBe('dc')
})

test('the nearest wins, the first of equals', () => {
  expect(nearest('web', ['wbe', 'web1', 'web'])).toBe('web')
  expect(nearest('wex', ['wea', 'web'])).toBe('wea')
  expect(nearest('x', [])).toBeUndefined()
})

test('ten thousand candidates take little time', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => `host${n}.example.com`)
  const begin = performance.now()
  expect(nearest('hots77.example.com', many)).toBe('host77.example.com')
  expect(performance.now() - begin).toBeLessThan(2000)
})
