import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fault, HandoverError } from '../../src/core/fault.ts'
import { faultsFrom, planOf, shown, webHosts } from './world.ts'

const stages = (...hosts: (string | number)[]) =>
  `stages: [${hosts.map((one, index) => `{ name: s${index}, hosts: "${one}" }`).join(', ')}]`

describe('how many hosts a stage gets', () => {
  it.each([
    [8, ['rest'], [8]],
    [8, ['1', '25%', 'rest'], [1, 2, 5]],
    [8, ['100%'], [8]],
    [8, ['50%', '50%'], [4, 4]],
    [7, ['50%', '50%', 'rest'], [3, 3, 1]],
    [3, ['1%', 'rest'], [1, 2]],
    [100, ['1%', '10%', 'rest'], [1, 10, 89]],
    [8, ['20', 'rest'], [8]],
    [1, ['1', '25%', 'rest'], [1]],
    [8, ['nobody', 'rest'], undefined],
    [8, ['20'], [8]],
    [8, ['web8,web2', 'rest'], [2, 6]],
    [8, ['1', 'web1,web2', 'rest'], [1, 1, 6]],
    [8, ['web8,nobody', '3', 'rest'], [1, 3, 4]],
  ])('%i hosts with %j: %j', (count, list, sizes) => {
    const act = () =>
      planOf(stages(...list), { hosts: webHosts(count) }).stages.map(stage => stage.hosts.length)
    if (sizes) expect(act()).toEqual(sizes)
    else expect(faultsFrom(act)).toMatchObject([{ code: 'PLAN_EMPTY_STAGE' }])
  })

  it('takes them in the order of the inventory, whatever order the pattern gives', () => {
    const { stages: planned, hosts } = planOf(stages('web8,web2', 2, 'rest'))
    expect(planned.map(stage => stage.hosts)).toEqual([
      ['web2', 'web8'],
      ['web1', 'web3'],
      ['web4', 'web5', 'web6', 'web7'],
    ])
    expect(hosts.map(host => [host.name, host.stage])).toEqual([
      ['web1', 1],
      ['web2', 0],
      ['web3', 1],
      ['web4', 2],
      ['web5', 2],
      ['web6', 2],
      ['web7', 2],
      ['web8', 0],
    ])
  })

  it('drops stages without hosts where that is asked for', () => {
    const plan = planOf(stages(1, '25%', 'rest'), { hosts: webHosts(1), options: { dropEmptyStages: true } })
    expect(plan.stages.map(stage => [stage.name, stage.hosts])).toEqual([['s0', ['web1']]])
    const later = planOf(stages('nobody', 'rest'), { hosts: webHosts(2), options: { dropEmptyStages: true } })
    expect(later.hosts.map(host => later.stages[host.stage]?.name)).toEqual(['s1', 's1'])
  })
})

it.each([
  ['{ name: a, hosts: 1 }', 'add a last stage that takes all others: { name: rest, hosts: rest }'],
  ['{ name: rest, hosts: 10% }', 'let the last stage take all others: { name: rest, hosts: rest }'],
  [
    '{ name: rest, hosts: 1 }, { name: a, hosts: 1 }',
    'add a last stage that takes all others: { name: others, hosts: rest }',
  ],
])('stages that leave hosts over, %s: a hint that may be followed literally', (list, hint) => {
  expect(faultsFrom(() => planOf(`stages: [${list}]`))).toMatchObject([
    { code: 'PLAN_UNCOVERED_HOSTS', hint },
  ])
})

it('a shuffle empties no stage that names its hosts, whatever the seed', () => {
  const list = stages(2, 'web1', 'web1,web2,web3', 1, 'web4', 'rest')
  const sizes = (count: number, seed: number) =>
    planOf(`${list}\norder: shuffle`, { hosts: webHosts(count), options: { seed } }).stages.map(
      ({ name, hosts }) => [name, hosts.length],
    )
  const canaries = new Set<string>()
  for (let seed = 0; seed < 100; seed++) {
    const planned = planOf(`${list}\norder: shuffle`, { options: { seed } })
    const hosts = planned.stages.flatMap(stage => stage.hosts)
    expect(hosts.toSorted()).toEqual(webHosts(8).map(host => host.name))
    expect(planned.emptyStages).toEqual([])
    for (const name of planned.stages[0]?.hosts ?? []) canaries.add(name)
  }
  // Only those that are the last of a stage are never drawn.
  expect([...canaries].toSorted()).toEqual(['web2', 'web3', 'web5', 'web6', 'web7', 'web8'])
  for (const seed of [0, 1, 2]) {
    const [fault] = faultsFrom(() => sizes(4, seed))
    expect(fault).toMatchObject({ code: 'PLAN_EMPTY_STAGE' })
    expect(fault?.message).toContain(`(order: shuffle, seed ${seed})`)
  }
})

describe('concurrency', () => {
  it.each([
    ['', undefined, 5, [5]],
    ['concurrency: 3', undefined, 3, [3]],
    ['concurrency: 50%', undefined, 4, [4]],
    ['concurrency: 1%', undefined, 1, [1]],
    ['concurrency: 3', 2, 2, [2]],
    ['concurrency: 3', 10, 3, [3]],
    ['{S}', undefined, 5, [2, 5]],
    ['{S}', 1, 1, [1, 1]],
    ['{S}', 3, 3, [2, 3]],
  ])('%s with a cap of %s: %i, in stages %j', (line, concurrencyCap, whole, each) => {
    const two = 'stages: [{ name: a, hosts: 4, concurrency: 25% }, { name: b, hosts: rest }]'
    const plan = planOf(line.replace('{S}', two), { options: { concurrencyCap } })
    expect(plan.concurrency).toBe(whole)
    expect(plan.stages.map(stage => stage.concurrency)).toEqual(each)
  })

  it('of a stage may only lower', () => {
    const faults = faultsFrom(() => planOf('stages: [{ name: a, hosts: rest, concurrency: 6 }]'))
    expect(shown(faults)).toMatchInlineSnapshot(`
      "PLAYBOOK_VALUE: stage "a": its concurrency 6 is more than the 5 of the whole run
        at 5:47
        | stages: [{ name: a, hosts: rest, concurrency: 6 }]
        |                                               ^
        hint: a stage may only lower it: raise concurrency at the top level"
    `)
  })
})

describe('why a stage has its hosts', () => {
  it('is kept: what was asked for, and how many that would have been', () => {
    const plan = planOf(stages(2, 'web2,web3', '50%', 9, 'rest'))
    expect(plan.stages.map(({ selects, asked, hosts }) => [selects, asked, hosts.length])).toEqual([
      [{ kind: 'count', value: 2 }, 2, 2],
      [{ kind: 'pattern', value: 'web2,web3' }, 2, 1],
      [{ kind: 'percent', value: 50 }, 4, 4],
      [{ kind: 'count', value: 9 }, 9, 1],
    ])
    expect(plan.emptyStages).toEqual(['s4'])
  })
})

describe('gates', () => {
  const three =
    'stages: [{ name: a, hosts: 1 }, { name: b, hosts: 2, gate: approval, gate_timeout: 2m }, { name: c, hosts: rest }]'
  const gates = (step?: boolean) =>
    planOf(three, { options: { step } }).stages.map(({ gate, gateMs }) => [gate, gateMs])

  it('stand before the stages that have one', () => {
    expect(gates()).toEqual([
      [null, 0],
      ['approval', 120_000],
      [null, 0],
    ])
  })

  it('stand before every stage with --step, and keep their own time', () => {
    expect(gates(true)).toEqual([
      ['approval', 3_600_000],
      ['approval', 120_000],
      ['approval', 3_600_000],
    ])
  })

  it('are part of the fingerprint', () => {
    const prints = [undefined, true].map(step => planOf(three, { options: { step } }).fingerprint)
    expect(new Set(prints).size).toBe(2)
  })
})

describe('tolerances', () => {
  it.each([
    ['', 0, 0, 50],
    ['max_failed: 2', 2, 0, 50],
    ['max_failed: 10%\nmax_unreachable: 30%', 0, 2, 50],
    ['max_failed: 0%\nmax_unreachable: 100%', 0, 8, 50],
    // One has to come through, or there is nobody to commit.
    ['max_failed: 8', 7, 0, 50],
    ['rollback: { concurrency: 100% }', 0, 0, 8],
    ['rollback: { concurrency: 1% }', 0, 0, 1],
  ])('%s', (line, maxFailed, maxUnreachable, rollbackConcurrency) => {
    expect(planOf(line)).toMatchObject({ maxFailed, maxUnreachable, rollbackConcurrency })
  })
})

describe('what is refused', () => {
  it('hosts in no stage, with their names and what the stages take', () => {
    expect(shown(faultsFrom(() => planOf(stages(1, '25%'))))).toMatchInlineSnapshot(`
      "PLAN_UNCOVERED_HOSTS: 5 hosts of 8 are in no stage: web[4:8] (s0 takes 1, s1 takes 2)
        at 5:9
        | stages: [{ name: s0, hosts: "1" }, { name: s1, hosts: "25%" }]
        |         ^
        hint: add a last stage that takes all others: { name: rest, hosts: rest }"
    `)
    const [many] = faultsFrom(() => planOf(stages(1), { hosts: webHosts(100) }))
    expect(many?.message).toBe('99 hosts of 100 are in no stage: web[2:100] (s0 takes 1)')
    const [one] = faultsFrom(() => planOf(stages(7)))
    expect(one?.message).toBe('1 host of 8 is in no stage: web8 (s0 takes 7)')
    const rounded = faultsFrom(() => planOf(stages('33%', '33%', '34%'), { hosts: webHosts(10) }))
    expect(rounded.map(({ message }) => message)).toEqual([
      '1 host of 10 is in no stage: web10 (s0 takes 3, s1 takes 3, s2 takes 3)',
    ])
  })

  it('a pattern that matches nobody', () => {
    expect(shown(faultsFrom(() => planOf(stages('nobody', 'rest'))))).toMatchInlineSnapshot(`
      "PLAN_EMPTY_STAGE: stage "s0" gets no host: "nobody" matches none of the 8 hosts of the run
        at 5:29
        | stages: [{ name: s0, hosts: "nobody" }, { name: s1, hosts: "rest" }]
        |                             ^
        hint: correct the pattern, or remove the stage"
    `)
  })

  it('a pattern whose hosts are all in earlier stages', () => {
    expect(
      shown(faultsFrom(() => planOf(stages('web1,web2', 2, 'web2,web4', 'rest')))),
    ).toMatchInlineSnapshot(`
      "PLAN_EMPTY_STAGE: stage "s2" gets no host: "web2,web4" matches 2 hosts, and earlier stages have all of them; 4 other hosts are left
        at 5:89
        | stages: [{ name: s0, hosts: "web1,web2" }, { name: s1, hosts: "2" }, { name: s2, hosts: "web2,web4" 
        |                                                                                         ^
        hint: remove the stage, or let earlier stages take fewer hosts"
    `)
    const [one] = faultsFrom(() => planOf(stages(1, 'web1', 'rest')))
    expect(one?.message).toContain(
      '"web1" matches 1 host, and earlier stages have it; 7 other hosts are left',
    )
  })

  it('no hosts', () => {
    expect(shown(faultsFrom(() => planOf('', { hosts: [] })))).toMatchInlineSnapshot(`
      "PLAN_NO_HOSTS: no host matches "web"
        at 2:8
        | hosts: web
        |        ^
        hint: check the pattern, the inventory and --limit"
    `)
  })

  it('a pattern that cannot be read, at its place and with other faults', () => {
    const match = (pattern: string) => {
      throw new HandoverError(fault('PLAYBOOK_VALUE', `cannot read ${pattern}`))
    }
    const faults = faultsFrom(() => planOf(stages('a:&', 'b:&', 'rest'), { match }))
    expect(faults).toMatchObject([
      { message: 'cannot read a:&', place: { line: 5, column: 29 } },
      { message: 'cannot read b:&', place: { line: 5, column: 57 } },
    ])
  })
})

it('for any stages that end with the rest: every host in exactly one, sizes as asked, order kept', () => {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 12 }).map(value => ({ text: `${value}`, of: () => value })),
    // Five of them are at most the whole run: more is refused.
    fc.integer({ min: 1, max: 20 }).map(value => ({
      text: `${value}%`,
      of: (all: number) => Math.max(1, Math.floor((all * value) / 100)),
    })),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(size, { maxLength: 5 }), (count, sizes) => {
      const hosts = webHosts(count)
      const names = hosts.map(host => host.name)
      const list = [...sizes.map(one => one.text), 'rest']
      const plan = planOf(stages(...list), { hosts, options: { dropEmptyStages: true } })
      expect(plan.stages.flatMap(stage => stage.hosts)).toEqual(names)
      let left = count
      const expected = sizes.map(one => {
        const taken = Math.min(left, one.of(count))
        left -= taken
        return taken
      })
      expect(plan.stages.map(stage => stage.hosts.length)).toEqual(
        [...expected, left].filter(taken => taken > 0),
      )
      for (const host of plan.hosts) expect(plan.stages[host.stage]?.hosts).toContain(host.name)
    }),
    { numRuns: 150 },
  )
})
