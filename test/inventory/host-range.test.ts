import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandHosts } from '../../src/inventory/host-range.ts'

test.each([
  ['web', ['web'], undefined],
  ['web:22', ['web'], '22'],
  ['web[1:3]', ['web1', 'web2', 'web3'], undefined],
  ['web[01:05:2]', ['web01', 'web03', 'web05'], undefined],
  ['web[08:11]', ['web08', 'web09', 'web10', 'web11'], undefined],
  ['web[:2]', ['web0', 'web1', 'web2'], undefined],
  ['web[0:2]', ['web0', 'web1', 'web2'], undefined],
  ['db-[a:c].example:5432', ['db-a.example', 'db-b.example', 'db-c.example'], '5432'],
  ['[y:B]', ['y', 'z', 'A', 'B'], undefined],
  ['r[1:2]n[a:b]', ['r1na', 'r1nb', 'r2na', 'r2nb'], undefined],
  ['10.0.[0:1].[254:255]', ['10.0.0.254', '10.0.0.255', '10.0.1.254', '10.0.1.255'], undefined],
  ['[::1]:22', ['::1'], '22'],
  ['::1', ['::1'], undefined],
])('%s', (written, names, port) => {
  expect(expandHosts(written)).toEqual({ ok: true, mention: { names, port } })
})

test.each([
  ['w[3:1]', 'INVENTORY_BAD_RANGE', /backwards/],
  ['w[01:100]', 'INVENTORY_BAD_RANGE', /same length/],
  ['w[1:]', 'INVENTORY_BAD_RANGE', /no end/],
  ['w[1]', 'INVENTORY_BAD_RANGE', /not a range/],
  ['w[1:2:3:4]', 'INVENTORY_BAD_RANGE', /not a range/],
  ['w[1:9:0]', 'INVENTORY_BAD_RANGE', /step/],
  ['w[1:9:-1]', 'INVENTORY_BAD_RANGE', /step/],
  ['w[1:c]', 'INVENTORY_BAD_RANGE', /two numbers or two letters/],
  ['w[a:9]', 'INVENTORY_BAD_RANGE', /two numbers or two letters/],
  ['w[c:a]', 'INVENTORY_BAD_RANGE', /backwards/],
  ['w[1:5', 'INVENTORY_BAD_RANGE', /closing bracket/],
  ['w[1:100001]', 'INVENTORY_TOO_LARGE', /100000/],
  ['w[0:999]-[0:999]', 'INVENTORY_TOO_LARGE', /100000/],
  ['w[0:999999999999]', 'INVENTORY_TOO_LARGE', /100000/],
])('%s is refused', (written, code, message) => {
  expect(expandHosts(written)).toEqual({ ok: false, code, message: expect.stringMatching(message) })
})

test('exactly as many as the bound are allowed', () => {
  const expansion = expandHosts('w[1:100000]')
  expect(expansion.ok && expansion.mention.names.length).toBe(100_000)
})

test('a numeric range has the names one would count', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(60), fc.integer({ min: 1, max: 9 }), (begin, more, step) => {
      const expected: string[] = []
      for (let n = begin; n <= begin + more; n += step) expected.push(`a${n}b`)
      const expansion = expandHosts(`a[${begin}:${begin + more}:${step}]b`)
      expect(expansion).toEqual({ ok: true, mention: { names: expected, port: undefined } })
    }),
  )
})
