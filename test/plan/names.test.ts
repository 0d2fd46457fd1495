import fc from 'fast-check'
import { expect, it } from 'vitest'
import { foldNames, namesText } from '../../src/plan/names.ts'

it.each([
  [[], []],
  [['web1'], ['web1']],
  [
    ['web1', 'web2'],
    ['web1', 'web2'],
  ],
  [['web1', 'web2', 'web3'], ['web[1:3]']],
  [['web8', 'web9', 'web10', 'web11'], ['web[8:11]']],
  [['web08', 'web09', 'web10'], ['web[08:10]']],
  [
    ['web09', 'web10', 'web011'],
    ['web09', 'web10', 'web011'],
  ],
  [['web99', 'web100', 'web101'], ['web[99:101]']],
  [
    ['web3', 'web2', 'web1', 'db'],
    ['web[3:1]', 'db'],
  ],
  [
    ['a1.x', 'a2.x', 'a3.x', 'a3.y'],
    ['a[1:3].x', 'a3.y'],
  ],
  [['10.0.0.8', '10.0.0.9', '10.0.0.10'], ['10.0.0.[8:10]']],
  [
    ['a1b1', 'a1b2', 'a2b2', 'a2b3', 'a2b4'],
    ['a1b1', 'a1b2', 'a2b[2:4]'],
  ],
  [
    ['web1', 'web3', 'web5'],
    ['web1', 'web3', 'web5'],
  ],
  [
    ['web1', 'web2', 'web1'],
    ['web1', 'web2', 'web1'],
  ],
  [['1', '2', '3'], ['[1:3]']],
])('%j becomes %j', (names, wanted) => {
  expect(foldNames(names).map(({ text }) => text)).toEqual(wanted)
})

it('says how many are not named', () => {
  const names = ['a', 'web1', 'web2', 'web3', 'b', 'c', 'x1', 'x2', 'x3', 'x4']
  expect(namesText(names, 2)).toBe('a, web[1:3] and 6 more')
  expect(namesText(names)).toBe('a, web[1:3], b, c, x[1:4]')
})

it('stands for the very names it was made of, in their order', () => {
  const name = fc.tuple(fc.constantFrom('web', 'db'), fc.integer({ min: 1, max: 12 }), fc.boolean())
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), parts => {
      const names = parts.map(([prefix, n, padded]) => `${prefix}${padded ? String(n).padStart(2, '0') : n}`)
      expect(foldNames(names).flatMap(({ text }) => unfold(text))).toEqual(names)
    }),
  )
})

function unfold(text: string): string[] {
  const match = /^(.*)\[(\d+):(\d+)\](.*)$/.exec(text)
  if (!match) return [text]
  const [, before = '', first = '', last = '', after = ''] = match
  const step = Number(first) < Number(last) ? 1 : -1
  const count = Math.abs(Number(last) - Number(first)) + 1
  // Padded where the first is as long as the last and one of them has a zero in front.
  const width = first.startsWith('0') || last.startsWith('0') ? first.length : 0
  return Array.from(
    { length: count },
    (_, at) => `${before}${String(Number(first) + at * step).padStart(width, '0')}${after}`,
  )
}

it('folds a hundred thousand names without looking at any twice', () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `web${index}`)
  expect(foldNames(names)).toEqual([{ text: 'web[0:99999]', hosts: 100_000 }])
})
