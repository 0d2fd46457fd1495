import { describe, expect, it } from 'vitest'
import type { FaultCode } from '../../src/core/fault.ts'
import type { EntryBody, RunOutcome } from '../../src/journal/entry.ts'
import { decide } from '../../src/run/decide.ts'
import { limitsOf, said, stage, tale } from './world.ts'

const three = ['a', 'b', 'c']
const oneStage = [stage('all', three)]
const hear = (of: (host: string) => EntryBody, hosts: readonly string[] = three) => hosts.map(of)

describe('the inspection', () => {
  it('asks every host at once, and nothing else before all have answered', () => {
    const run = tale(limitsOf(oneStage))
    expect(run.step()).toEqual(['inspect a', 'inspect b', 'inspect c'])
    expect(run.hear(said.fit('a'), said.refused('b')).next()).toEqual([])
    expect(run.hear(said.fit('c')).next()).toEqual(['finish refused'])
  })

  const stories: {
    story: string
    maxUnreachable: number
    answers: Record<string, (host: string) => EntryBody>
    next: string[]
  }[] = [
    {
      story: 'all fit',
      maxUnreachable: 0,
      answers: {},
      next: ['prepare a', 'prepare b', 'prepare c'],
    },
    {
      story: 'one refused',
      maxUnreachable: 3,
      answers: { b: said.refused },
      next: ['finish refused'],
    },
    {
      story: 'one unreachable, none allowed',
      maxUnreachable: 0,
      answers: { b: said.unreachable },
      next: ['finish refused'],
    },
    {
      story: 'one unreachable, one allowed',
      maxUnreachable: 1,
      answers: { b: said.unreachable },
      next: ['leave-out b'],
    },
    {
      story: 'two unreachable, one allowed',
      maxUnreachable: 1,
      answers: { a: said.unreachable, b: said.unreachable },
      next: ['finish refused'],
    },
    {
      story: 'one unreachable within the limit, another refused',
      maxUnreachable: 1,
      answers: { a: said.unreachable, b: said.refused },
      next: ['finish refused'],
    },
    {
      story: 'one current',
      maxUnreachable: 0,
      answers: { b: said.current },
      next: ['prepare a', 'prepare c'],
    },
  ]
  it.each(stories)('$story', ({ maxUnreachable, answers, next }) => {
    const run = tale(limitsOf(oneStage, { maxUnreachable }))
    run.step()
    for (const host of three) run.hear((answers[host] ?? said.fit)(host))
    expect(run.next()).toEqual(next)
  })

  it('goes on without the host that was left out', () => {
    const run = tale(limitsOf(oneStage, { maxUnreachable: 1 }))
    run.step()
    run.hear(said.fit('a'), said.unreachable('b'), said.fit('c'))
    expect(run.step()).toEqual(['leave-out b'])
    run.until('decide')
    expect(run.state.groups.get('precommitted')).toEqual(new Set(['a', 'c']))
    run.until('finish committed-with-failures').step()
    expect(run.exit()).toBe(9)
  })

  it('has nothing to do when every host runs the wanted binary', () => {
    const run = tale(limitsOf(oneStage))
    run.step()
    expect(run.hear(...hear(said.current)).step()).toEqual(['finish nothing-to-do'])
    expect(run.exit()).toBe(0)
    expect(run.next()).toEqual([])
  })

  it('does not call it nothing to do when a host was left out', () => {
    const run = tale(limitsOf(oneStage, { maxUnreachable: 1 }))
    run.step()
    run.hear(said.current('a'), said.unreachable('b'), said.current('c')).step()
    expect(run.step()).toEqual(['finish committed-with-failures'])
    expect(run.exit()).toBe(9)
  })

  const exits: [string, FaultCode[], number][] = [
    ['a plain refusal is 6', ['HOST_UNFIT'], 6],
    ['a lock is 7', ['HOST_LOCKED'], 7],
    ['a lock wins over a refusal, whatever the order', ['HOST_UNFIT', 'HOST_LOCKED'], 7],
    ['and also when it comes first', ['HOST_LOCKED', 'HOST_UNFIT'], 7],
    ['a health check that fails before anything is 6', ['HEALTH_BASELINE'], 6],
  ]
  it.each(exits)('%s', (_, codes, exit) => {
    const run = tale(limitsOf(oneStage))
    run.step()
    for (const [index, host] of three.entries()) {
      const code = codes[index]
      run.hear(code ? said.refused(host, code) : said.fit(host))
    }
    run.step()
    expect(run.exit()).toBe(exit)
  })

  it('a host that does not answer before any change is 6, although its own fault says 3', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 3 }))
    run.step()
    run.hear(said.unreachable('a'), said.fit('b'), said.fit('c')).step()
    expect(run.exit()).toBe(6)
  })
})

describe('the preparation', () => {
  it('is complete on every host before the first one switches', () => {
    const run = tale(limitsOf([stage('one', ['a']), stage('two', ['b', 'c'])]))
    run.until('prepare a').step()
    expect(run.hear(said.prepared('a'), said.prepared('b')).next()).toEqual([])
    run.hear(said.prepared('c'))
    expect(run.step()).toEqual(['start-stage'])
    expect(run.next()).toEqual(['switch a'])
  })

  it('refused on one host, releases those that are prepared, when the last has answered', () => {
    const run = tale(limitsOf(oneStage))
    run.until('prepare a').step()
    run.hear(said.prepared('a'), said.refused('b', 'ARTIFACT_REFUSED'))
    expect(run.next()).toEqual([])
    run.hear(said.prepared('c'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['revert a', 'revert c'])
    run.hear(said.reverted('a'), said.leftOut('c'))
    expect(run.step()).toEqual(['finish refused'])
    expect(run.exit()).toBe(6)
  })

  it('refused on every host, there is nothing to release', () => {
    const run = tale(limitsOf(oneStage))
    run.until('prepare a').step()
    run.hear(...hear(host => said.refused(host)))
    expect(run.next()).toEqual(['finish refused'])
  })

  it('lost on one host counts as unreachable', () => {
    const run = tale(limitsOf(oneStage, { maxUnreachable: 1 }))
    run.until('prepare a').step()
    run.hear(said.prepared('a'), said.prepared('b'), said.unreachable('c'))
    expect(run.step()).toEqual(['leave-out c'])
    expect(run.step()).toEqual(['start-stage'])
    expect(run.next()).toEqual(['switch a', 'switch b'])
  })
})

describe('the sliding window', () => {
  const many = ['a', 'b', 'c', 'd', 'e']
  it.each([
    { run: 2, ofStage: 9, first: ['switch a', 'switch b'] },
    { run: 9, ofStage: 3, first: ['switch a', 'switch b', 'switch c'] },
    { run: 1, ofStage: 1, first: ['switch a'] },
    { run: 9, ofStage: 9, first: many.map(host => `switch ${host}`) },
  ])('run $run, stage $ofStage', ({ run, ofStage, first }) => {
    const story = tale(limitsOf([stage('all', many, { concurrency: ofStage })], { concurrency: run }))
    expect(story.until('switch a').next()).toEqual(first)
  })

  it('refills as soon as one host is healthy, not when its slice is done', () => {
    const run = tale(limitsOf([stage('all', many)], { concurrency: 2 }))
    expect(run.until('switch a').step()).toEqual(['switch a', 'switch b'])
    expect(run.hear(said.switched('a'), said.switched('b')).step()).toEqual([])
    expect(run.hear(said.healthy('b')).step()).toEqual(['switch c'])
    expect(run.step()).toEqual([])
    expect(run.hear(said.healthy('a')).step()).toEqual(['switch d'])
  })

  it('counts a failed host until it is proven old', () => {
    const run = tale(limitsOf([stage('all', many)], { concurrency: 2, maxFailed: 5 }))
    run.until('switch a').step()
    expect(run.hear(said.failed('a')).step()).toEqual(['revert a'])
    expect(run.step()).toEqual([])
    expect(run.hear(said.reverted('a')).step()).toEqual(['switch c'])
  })

  it('frees the place of a host that failed and is proven old at once', () => {
    const run = tale(limitsOf([stage('all', many)], { concurrency: 1, maxFailed: 5 }))
    run.until('switch a').step()
    expect(run.hear(said.failedProvenOld('a')).step()).toEqual(['switch b'])
  })
})

describe('the stages', () => {
  it('run one after the other, in order, with their bakes', () => {
    const run = tale(limitsOf([stage('canary', ['a'], { bakeMs: 5 }), stage('rest', ['b'])]))
    run.until('start-stage')
    expect(run.step()).toEqual(['start-stage'])
    expect(run.step()).toEqual(['switch a'])
    expect(run.step()).toEqual([])
    expect(run.hear(said.switched('a'), said.healthy('a')).step()).toEqual(['bake'])
    expect(run.state.bakeMs).toBe(5)
    expect(run.step()).toEqual([])
    expect(run.hear(said.baked('canary')).step()).toEqual(['finish-stage'])
    expect(run.step()).toEqual(['start-stage'])
    expect(run.step()).toEqual(['switch b'])
    run.hear(said.switched('b'), said.healthy('b'))
    expect(run.step()).toEqual(['finish-stage'])
    expect(run.step()).toEqual(['start-precommit'])
  })

  it('without hosts left to switch are passed over, bake and all', () => {
    const stages = [
      stage('gone', ['a'], { bakeMs: 5 }),
      stage('empty', [], { bakeMs: 5 }),
      stage('rest', ['b']),
    ]
    const run = tale(limitsOf(stages))
    run.step()
    run.hear(said.current('a'), said.fit('b')).step()
    run.hear(said.prepared('b'))
    expect(run.step()).toEqual(['finish-stage'])
    expect(run.step()).toEqual(['finish-stage'])
    expect(run.step()).toEqual(['start-stage'])
    expect(run.step()).toEqual(['switch b'])
  })

  it('a failure within the budget during the bake is reverted before the next stage', () => {
    const run = tale(
      limitsOf([stage('one', ['a', 'b'], { bakeMs: 5 }), stage('two', ['c'])], { maxFailed: 1 }),
    )
    run.until('bake').step()
    expect(run.hear(said.failed('a')).step()).toEqual(['revert a'])
    expect(run.hear(said.baked('one')).step()).toEqual([])
    expect(run.hear(said.reverted('a')).step()).toEqual(['finish-stage'])
  })
})

describe('the failure budget', () => {
  it.each([
    { maxFailed: 0, failures: [said.failed], next: ['roll-back'] },
    { maxFailed: 0, failures: [said.failedProvenOld], next: ['roll-back'] },
    { maxFailed: 1, failures: [said.failed], next: ['revert a'] },
    { maxFailed: 1, failures: [said.failedProvenOld], next: [] },
    { maxFailed: 1, failures: [said.failedProvenOld, said.failedProvenOld], next: ['roll-back'] },
    { maxFailed: 1, failures: [said.failed, said.failedProvenOld], next: ['roll-back'] },
    { maxFailed: 2, failures: [said.failed, said.failed], next: ['revert a', 'revert b'] },
  ])('max_failed $maxFailed, $failures.length failures, then $next', ({ maxFailed, failures, next }) => {
    const run = tale(limitsOf(oneStage, { maxFailed }))
    run.until('switch a').step()
    for (const [index, failure] of failures.entries()) run.hear(failure(three[index] ?? ''))
    expect(run.next()).toEqual(next)
  })

  it('a host counts once, however often it is said to have failed', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failed('a')).step()
    expect(run.hear(said.failed('a'), said.reverted('a'), said.failed('a')).next()).toEqual([])
  })

  it('within it the rest commits, and the exit code says so', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failedProvenOld('a'), said.switched('b'), said.healthy('b'))
    run.hear(said.switched('c'), said.healthy('c'))
    run.until('decide')
    expect(run.state.groups.get('precommitted')).toEqual(new Set(['b', 'c']))
    run.until('finish committed-with-failures').step()
    expect(run.exit()).toBe(9)
  })

  it('a host in doubt is no host left out: at the end of the stages the fleet goes back', () => {
    const run = tale(limitsOf([stage('one', ['a', 'b']), stage('two', ['c'])], { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failed('a')).step()
    run.hear(said.inDoubt('a'), said.switched('b'), said.healthy('b'))
    run.until('roll-back').step()
    expect(run.state.rollingBack).toContain('could not be proven old')
    expect(run.state.hosts.get('c')?.phase).toBe('healthy')
    expect(run.step()).toEqual(['revert b', 'revert c', 'revert a'])
  })

  it('a revert that is under way at the end of the stages is waited for', () => {
    const run = tale(limitsOf([stage('one', ['a', 'b'])], { maxFailed: 1 }))
    run.until('start-precommit').hear(said.failed('a'))
    expect(run.step()).toEqual(['revert a'])
    expect(run.step()).toEqual([])
    expect(run.hear(said.reverted('a')).step()).toEqual(['start-precommit'])
  })

  it('with nobody left to commit the run is rolled back, not done', () => {
    const run = tale(limitsOf([stage('one', ['a'])], { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failedProvenOld('a'))
    run.until('roll-back').until('finish rolled-back').step()
    expect(run.exit()).toBe(2)
  })
})

describe('the precommit', () => {
  it('needs the acknowledgement of every participant', () => {
    const run = tale(limitsOf(oneStage))
    run.until('start-precommit').step()
    expect(run.step()).toEqual(['precommit a', 'precommit b', 'precommit c'])
    expect(run.hear(said.precommitted('a'), said.precommitted('c')).step()).toEqual([])
    expect(run.hear(said.precommitted('b')).step()).toEqual(['decide'])
  })

  it.each([
    'the host that has not answered',
    'a host that has acknowledged',
    'a host whose turn has not come',
  ])('%s fails: back, whatever max_failed says', who => {
    const run = tale(limitsOf(oneStage, { maxFailed: 3 }))
    run.until('start-precommit').step()
    if (who !== 'a host whose turn has not come') run.step()
    if (who === 'a host that has acknowledged') run.hear(...hear(said.precommitted))
    expect(run.hear(said.failed('b')).step()).toEqual(['roll-back'])
    expect(run.step().sort()).toEqual(['revert a', 'revert b', 'revert c'])
  })

  it('a proven failure after it began sends the fleet back too', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 3 }))
    run.until('precommit a').step()
    expect(run.hear(said.failedProvenOld('b')).next()).toEqual(['roll-back'])
  })

  it('failures before it stay within the budget', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failedProvenOld('a'), said.switched('b'), said.healthy('b'))
    run.hear(said.switched('c'), said.healthy('c'))
    expect(run.until('start-precommit').step()).toEqual(['start-precommit'])
    expect(run.next()).toEqual(['precommit b', 'precommit c'])
  })
})

describe('decided', () => {
  const decided = () => {
    const run = tale(limitsOf(oneStage))
    run.until('decide').step()
    return run
  }

  it('is forward only: a failure or an interrupt changes nothing', () => {
    const run = decided().hear(said.failed('a'), said.interrupted())
    expect(run.step()).toEqual(['commit a', 'commit b', 'commit c'])
    run.hear(said.failed('b'), said.interrupted('SIGTERM'), ...hear(said.committed))
    expect(run.step()).toEqual(['finish committed'])
    expect(run.exit()).toBe(0)
    expect(run.state.failures.size).toBe(0)
  })

  it('waits for every commit', () => {
    const run = decided()
    run.step()
    expect(run.hear(said.committed('a'), said.committed('b')).step()).toEqual([])
    expect(run.hear(said.committed('c')).step()).toEqual(['finish committed'])
  })

  it('a commit that is held is in doubt, and the others are not taken back', () => {
    const run = decided()
    run.step()
    run.hear(said.committed('a'), said.inDoubt('b'))
    expect(run.step()).toEqual([])
    expect(run.hear(said.committed('c')).step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })
})

describe('the rollback', () => {
  it('never stops at a failed one', () => {
    const run = tale(limitsOf(oneStage, { rollbackConcurrency: 1 }))
    run.until('start-precommit').hear(said.failed('c')).step()
    expect(run.step()).toHaveLength(1)
    const order: string[] = []
    for (let turn = 0; turn < 6; turn++) {
      for (const host of run.state.groups.get('reverting') ?? []) {
        order.push(host)
        run.hear(said.inDoubt(host))
      }
      run.step()
    }
    expect(new Set(order)).toEqual(new Set(three))
    expect(run.state.finished).toBe('in-doubt')
    expect(run.exit()).toBe(3)
  })

  it('respects its own concurrency and refills', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e']
    const run = tale(limitsOf([stage('all', hosts)], { rollbackConcurrency: 2 }))
    run.until('start-precommit').hear(said.failed('e')).step()
    expect(run.step()).toEqual(['revert a', 'revert b'])
    expect(run.step()).toEqual([])
    expect(run.hear(said.reverted('b')).step()).toEqual(['revert c'])
    expect(run.hear(said.reverted('a'), said.reverted('c')).step()).toEqual(['revert d', 'revert e'])
  })

  it('takes back hosts in every phase, serving ones before those only prepared', () => {
    const stages = [stage('one', ['a', 'b', 'c', 'd']), stage('two', ['e'])]
    const run = tale(limitsOf(stages, { concurrency: 3 }))
    run.until('switch a').step()
    run.hear(said.switched('a'), said.healthy('a'), said.switched('b'), said.failed('c'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['revert b', 'revert a', 'revert c', 'revert d', 'revert e'])
    run.hear(...['a', 'b', 'c', 'd', 'e'].map(said.reverted))
    expect(run.step()).toEqual(['finish rolled-back'])
    expect(run.exit()).toBe(2)
  })

  it('gives a host in doubt one more try, and only one', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failed('a')).step()
    run.hear(said.inDoubt('a'), said.failed('b')).step()
    expect(run.step()).toEqual(['revert c', 'revert b', 'revert a'])
    run.hear(said.reverted('b'), said.reverted('c'), said.inDoubt('a'))
    expect(run.step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })

  it('is clean when the second try proves the host old', () => {
    const run = tale(limitsOf(oneStage, { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failed('a')).step()
    run.hear(said.inDoubt('a'), said.failed('b')).step()
    run.step()
    expect(run.hear(...hear(said.reverted)).step()).toEqual(['finish rolled-back'])
    expect(run.exit()).toBe(2)
  })

  it('ignores late news of a phase that was overtaken by the revert', () => {
    const run = tale(limitsOf(oneStage))
    run.until('switch a').step()
    run.hear(said.interrupted()).step()
    expect(run.step()).toEqual(['revert a', 'revert b', 'revert c'])
    run.hear(said.switched('a'), said.healthy('a'), said.failed('b'), said.precommitted('c'))
    expect(three.map(host => run.state.hosts.get(host)?.phase)).toEqual([
      'reverting',
      'reverting',
      'reverting',
    ])
    expect(run.next()).toEqual([])
    run.hear(...hear(said.reverted), said.switched('a'), said.failed('b'))
    expect(run.step()).toEqual(['finish rolled-back'])
  })

  it('names the first failure and how many others there were', () => {
    const run = tale(limitsOf(oneStage))
    run.until('switch a').step()
    run.hear(said.failed('b'), said.failed('a')).step()
    expect(run.state.rollingBack).toBe('b and 1 other host failed: it broke')
  })
})

describe('an interrupt', () => {
  type Story = { when: string; until: string; begin: boolean; outcome: RunOutcome; exit: [number, number] }
  const stories: Story[] = [
    {
      when: 'before anything',
      until: 'inspect a',
      begin: false,
      outcome: 'interrupted',
      exit: [130, 143],
    },
    {
      when: 'when all are inspected',
      until: 'prepare a',
      begin: false,
      outcome: 'interrupted',
      exit: [130, 143],
    },
    {
      when: 'when all are prepared',
      until: 'start-stage',
      begin: false,
      outcome: 'interrupted',
      exit: [130, 143],
    },
    { when: 'during the switch', until: 'switch a', begin: true, outcome: 'rolled-back', exit: [2, 2] },
    { when: 'during the bake', until: 'bake', begin: true, outcome: 'rolled-back', exit: [2, 2] },
    {
      when: 'before the precommit',
      until: 'start-precommit',
      begin: false,
      outcome: 'rolled-back',
      exit: [2, 2],
    },
    {
      when: 'during the precommit',
      until: 'precommit a',
      begin: true,
      outcome: 'rolled-back',
      exit: [2, 2],
    },
    {
      when: 'when every acknowledgement is there',
      until: 'decide',
      begin: false,
      outcome: 'rolled-back',
      exit: [2, 2],
    },
  ]
  for (const [index, signal] of (['SIGINT', 'SIGTERM'] as const).entries()) {
    it.each(stories)(`${signal} $when: $outcome`, ({ until, begin, outcome, exit }) => {
      const run = tale(limitsOf([stage('all', three, { bakeMs: 5 })]))
      run.until(until)
      if (begin) run.step()
      run.hear(said.interrupted(signal))
      run.until(`finish ${outcome}`).step()
      expect(run.exit()).toBe(exit[index])
    })
  }

  it('during the inspection waits for the answers, and changes nothing', () => {
    const run = tale(limitsOf(oneStage))
    run.step()
    expect(run.hear(said.interrupted()).step()).toEqual([])
    expect(run.hear(said.fit('a'), said.refused('b')).step()).toEqual([])
    expect(run.hear(said.fit('c')).step()).toEqual(['finish interrupted'])
    expect(run.exit()).toBe(130)
  })

  it('during the preparation releases what is prepared, as it becomes prepared', () => {
    const run = tale(limitsOf(oneStage))
    run.until('prepare a').step()
    run.hear(said.prepared('a'), said.interrupted('SIGTERM'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['revert a'])
    run.hear(said.reverted('a'), said.prepared('b'), said.refused('c'))
    expect(run.step()).toEqual(['revert b'])
    expect(run.hear(said.reverted('b')).step()).toEqual(['finish interrupted'])
    expect(run.exit()).toBe(143)
  })

  it('starts no further switch', () => {
    const run = tale(limitsOf(oneStage, { concurrency: 1 }))
    run.until('switch a').step()
    run.hear(said.interrupted(), said.switched('a'), said.healthy('a'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['revert a', 'revert b', 'revert c'])
  })

  it('after a host was proven reverted is still a rollback', () => {
    const run = tale(limitsOf([stage('one', ['a']), stage('two', ['b'])], { maxFailed: 1 }))
    run.until('switch a').step()
    run.hear(said.failedProvenOld('a'), said.interrupted())
    run.until('finish rolled-back').step()
    expect(run.exit()).toBe(2)
  })

  it('with a host that cannot be taken back needs a human', () => {
    const run = tale(limitsOf(oneStage))
    run.until('switch a').step()
    run.hear(said.interrupted()).step()
    run.step()
    run.hear(said.reverted('a'), said.inDoubt('b'), said.reverted('c'))
    // The one more try is that of the rollback itself, which has just been used.
    expect(run.step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })

  it('the first signal counts', () => {
    const run = tale(limitsOf(oneStage))
    run.hear(said.interrupted('SIGTERM'), said.interrupted('SIGINT'))
    run.step()
    expect(run.exit()).toBe(143)
  })
})

describe('a finished run', () => {
  it('decides nothing more', () => {
    const run = tale(limitsOf(oneStage))
    run.until('finish committed').step()
    expect(run.state.finished).toBe('committed')
    expect(decide(run.state)).toEqual([])
    expect(run.hear(said.interrupted(), said.failed('a')).next()).toEqual([])
  })
})
