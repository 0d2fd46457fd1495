import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inOrder, largestSeed, type Order } from '../../src/plan/order.ts'
import { faultsFrom, hostNamed, planOf, webHosts } from './world.ts'

const names = (order: Order, seed: number | null = null) =>
  inOrder(
    ['web10', 'web2', 'db', 'Web1'].map(name => ({ name })),
    order,
    seed,
  ).map(({ name }) => name)

it.each([
  ['inventory', ['web10', 'web2', 'db', 'Web1']],
  ['reverse', ['Web1', 'db', 'web2', 'web10']],
  ['sorted', ['Web1', 'db', 'web10', 'web2']],
] as const)('%s: %j', (order, wanted) => {
  expect(names(order)).toEqual(wanted)
})

it('shuffles alike on every machine and in every version: plans are repeated by their seed', () => {
  const shuffled = (seed: number) =>
    inOrder(webHosts(8), 'shuffle', seed)
      .map(({ name }) => name.slice(3))
      .join('')
  expect([0, 1, 2, 7, largestSeed].map(shuffled)).toMatchInlineSnapshot(`
    [
      "26438175",
      "65432871",
      "21853467",
      "74265138",
      "62143758",
    ]
  `)
})

it('shuffles to every order, each about as often', () => {
  const counts = new Map<string, number>()
  const hosts = ['a', 'b', 'c'].map(name => ({ name }))
  for (let seed = 0; seed < 6000; seed++) {
    const order = inOrder(hosts, 'shuffle', seed)
      .map(({ name }) => name)
      .join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  for (const [order, count] of counts) expect(Math.abs(count - 1000), order).toBeLessThan(150)
})

it('loses nobody and takes nobody twice', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 0, max: largestSeed }),
      fc.constantFrom<Order>('inventory', 'sorted', 'reverse', 'shuffle'),
      (count, seed, order) => {
        const hosts = webHosts(count)
        expect(new Set(inOrder(hosts, order, seed))).toEqual(new Set(hosts))
      },
    ),
  )
})

it('decides who is the canary, and is part of the fingerprint', () => {
  const stages = 'stages: [{ name: canary, hosts: 1 }, { name: rest, hosts: rest }]'
  const plans = (['inventory', 'sorted', 'reverse', 'shuffle'] as const).map(order =>
    planOf(`order: ${order}\n${stages}`, {
      hosts: ['c', 'a', 'b', 'd'].map(name => hostNamed(name)),
      options: { seed: 3 },
    }),
  )
  expect(plans.map(({ stages, hosts }) => [stages[0]?.hosts, hosts.map(host => host.name)])).toEqual([
    [['c'], ['c', 'a', 'b', 'd']],
    [['a'], ['a', 'b', 'c', 'd']],
    [['d'], ['d', 'b', 'a', 'c']],
    [
      [plans[3]?.hosts[0]?.name],
      inOrder(
        ['c', 'a', 'b', 'd'].map(name => ({ name })),
        'shuffle',
        3,
      ).map(host => host.name),
    ],
  ])
  expect(plans.map(({ order, seed }) => [order, seed])).toEqual([
    ['inventory', null],
    ['sorted', null],
    ['reverse', null],
    ['shuffle', 3],
  ])
  expect(new Set(plans.map(plan => plan.fingerprint)).size).toBe(4)
})

it('is refused when it is none', () => {
  expect(faultsFrom(() => planOf('order: random'))).toMatchObject([
    { code: 'PLAYBOOK_VALUE', place: { line: 5, column: 8 } },
  ])
})
