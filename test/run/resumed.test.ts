/** Another controller takes a run over: what the journal knows, what is looked at, and which way it goes on. */
import { describe, expect, it } from 'vitest'
import type { RunStand } from '../../src/core/run-stand.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import { limitsOf, oldFacts, said, stage, type Tale, tale } from './world.ts'

const resumed: EntryBody = {
  type: 'run.resumed',
  tool: '0.1.0',
  who: 'me',
  from: 'elsewhere',
  pid: 2,
  identity: '2',
  epoch: 2,
  notes: [],
}
const found = (host: string, stand: RunStand): EntryBody => ({
  type: 'host.found',
  host,
  stand,
  found: oldFacts,
})

const limits = limitsOf([stage('first', ['a']), stage('rest', ['b', 'c'])])

/** Told until `what` is decided, then taken over by another controller. */
function cutOffAt(what: string, more = limits): Tale {
  return tale(more).until(what).hear(resumed)
}

/** Begins the looks and answers them. */
function look(run: Tale, stands: Readonly<Record<string, RunStand>>): Tale {
  const names = Object.keys(stands)
  expect(run.step()).toEqual(names.map(name => `look ${name}`))
  expect(run.next()).toEqual([])
  return run.hear(...names.map(name => found(name, stands[name] ?? 'none')))
}

describe('before anything was changed', () => {
  it('the run begins anew; every host is asked first, because the journal may have lost its end', () => {
    const run = look(cutOffAt('inspect a'), { a: 'none', b: 'none', c: 'none' })
    expect(run.next()).toEqual(['inspect a', 'inspect b', 'inspect c'])
  })

  it('what is found switched although the journal does not know of it goes on, and goes back with the others', () => {
    const run = look(cutOffAt('inspect a'), { a: 'switched', b: 'none', c: 'none' })
    expect(run.step()).toEqual(['inspect b', 'inspect c'])
    run.hear(said.fit('b'), said.refused('c'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['revert a'])
    run.hear(said.reverted('a'))
    run.step()
    expect(run.exit()).toBe(2)
  })

  it('told to go back, every host proves it', () => {
    const run = cutOffAt('inspect a').hear(said.interrupted())
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step().toSorted()).toEqual(['revert a', 'revert b', 'revert c'])
  })

  it('what was refused or unreachable is asked again', () => {
    const run = tale(limits)
    run.step()
    run.hear(said.fit('a'), said.refused('b'), said.unreachable('c'), resumed)
    look(run, { a: 'none', b: 'none', c: 'none' })
    expect(run.next()).toEqual(['inspect a', 'inspect b', 'inspect c'])
  })

  it('a preparation that may or may not have arrived is looked at', () => {
    const run = tale(limits)
    run.step()
    run.hear(said.fit('a'), said.fit('b'), said.fit('c'))
    run.step()
    run.hear(said.prepared('a'), resumed)
    look(run, { a: 'prepared', b: 'prepared', c: 'none' })
    expect(run.step()).toEqual(['inspect c'])
    expect(run.hear(said.fit('c')).step()).toEqual(['prepare c'])
    expect(run.hear(said.prepared('c')).next()).toEqual(['start-stage'])
  })

  it('one that has been given back is prepared again', () => {
    const run = look(cutOffAt('start-stage'), { a: 'reverted', b: 'prepared', c: 'prepared' })
    expect(run.step()).toEqual(['inspect a'])
    run.hear(said.fit('a'))
    expect(run.step()).toEqual(['prepare a'])
  })
})

describe('in the middle of the stages', () => {
  it('a host that is switched is judged by its health anew, and the run goes on where it was', () => {
    const run = look(cutOffAt('start-precommit', limitsOf([stage('all', ['a', 'b'])])), {
      a: 'switched',
      b: 'switched',
    })
    expect(run.next()).toEqual([])
    expect(run.hear(said.healthy('a')).next()).toEqual([])
    expect(run.hear(said.healthy('b')).next()).toEqual(['start-precommit'])
  })

  it('a switch that did not arrive is made, in its stage', () => {
    const run = tale(limits).until('switch b')
    run.step()
    run.hear(resumed)
    look(run, { a: 'switched', b: 'prepared', c: 'switched' })
    expect(run.hear(said.healthy('a'), said.healthy('c')).step()).toEqual(['switch b'])
  })

  it('a bake begins anew', () => {
    const run = tale(limitsOf([stage('all', ['a'], { bakeMs: 1000 })])).until('bake')
    run.step()
    run.hear(resumed)
    look(run, { a: 'switched' })
    expect(run.hear(said.healthy('a')).next()).toEqual(['bake'])
  })

  it.each(['reverted', 'switching', 'reverting', 'none'] as const)(
    'a switched host that is found %s takes the fleet back',
    stand => {
      const run = look(cutOffAt('start-precommit'), { a: stand, b: 'switched', c: 'switched' })
      expect(run.step()).toEqual(['roll-back'])
      expect(run.next().toSorted()).toEqual(
        ['revert b', 'revert c', ...(stand === 'reverted' ? [] : ['revert a'])].toSorted(),
      )
    },
  )

  it('beyond max_failed it goes back at once: nobody is inspected or prepared for a run that cannot go on', () => {
    const run = look(cutOffAt('switch b'), { a: 'reverted', b: 'reverted', c: 'prepared' })
    expect(run.step()).toEqual(['roll-back'])
  })

  it('within max_failed it only fails by itself', () => {
    const run = look(cutOffAt('start-precommit', { ...limits, maxFailed: 1 }), {
      a: 'reverted',
      b: 'switched',
      c: 'switched',
    })
    expect(run.hear(said.healthy('b'), said.healthy('c')).next()).toEqual(['start-precommit'])
  })

  it('a host that does not answer takes the fleet back, and is tried once more', () => {
    const run = cutOffAt('start-precommit')
    run.step()
    run.hear(found('a', 'switched'), found('b', 'switched'), said.inDoubt('c'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step().toSorted()).toEqual(['revert a', 'revert b', 'revert c'])
    run.hear(said.reverted('a'), said.reverted('b'), said.inDoubt('c'))
    expect(run.step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })

  it('a host that is no longer fit takes the fleet back when others have been changed', () => {
    const run = look(cutOffAt('switch b'), { a: 'switched', b: 'reverted', c: 'prepared' })
    expect(run.step()).toEqual(['inspect b'])
    expect(run.hear(said.refused('b')).next()).toEqual(['roll-back'])
  })
})

describe('the other way', () => {
  it('a run that went back goes on going back, without waiting for a look', () => {
    const run = tale(limits).until('start-precommit').hear(said.failed('b'))
    expect(run.step()).toEqual(['roll-back'])
    run.hear(said.interrupted())
    run.step()
    run.hear(said.reverted('a'), resumed)
    // Whoever was back has given its lock away since, so it is asked once more.
    expect(run.step().toSorted()).toEqual(['revert a', 'revert b', 'revert c'])
    run.hear(said.reverted('a'), said.reverted('b'), said.reverted('c'))
    run.step()
    expect(run.exit()).toBe(2)
  })

  it('an interrupt that was only written down counts', () => {
    const run = tale(limits).until('start-precommit').hear(said.interrupted(), resumed)
    expect(run.step()).toEqual(['roll-back'])
  })

  it('asked to go back during the looks, it does so at once; what is found then is no news', () => {
    const run = cutOffAt('start-precommit')
    run.step()
    run.hear({ type: 'run.rolling_back', reason: 'asked for' }, found('a', 'switched'))
    expect(run.step().toSorted()).toEqual(['revert a', 'revert b', 'revert c'])
    run.hear(found('b', 'switched'), said.reverted('a'), said.reverted('b'), said.reverted('c'))
    run.step()
    expect(run.exit()).toBe(2)
  })
})

describe('frozen', () => {
  it('participants are asked for their acknowledgement again, when they are healthy', () => {
    const run = look(cutOffAt('decide'), { a: 'precommitted', b: 'precommitted', c: 'switched' })
    expect(run.next()).toEqual([])
    run.hear(said.healthy('a'), said.healthy('b'))
    expect(run.step()).toEqual(['precommit a', 'precommit b'])
    run.hear(said.precommitted('a'), said.precommitted('b'), said.healthy('c'))
    expect(run.step()).toEqual(['precommit c'])
    expect(run.hear(said.precommitted('c')).next()).toEqual(['decide'])
  })

  it.each(['reverting', 'reverted'] as const)(
    'one found %s takes the others back, also within max_failed',
    stand => {
      const run = look(cutOffAt('decide', { ...limits, maxFailed: 1 }), {
        a: stand,
        b: 'precommitted',
        c: 'precommitted',
      })
      expect(run.next()).toEqual(['roll-back'])
    },
  )
})

describe('decided', () => {
  const decided = () => cutOffAt('commit a')

  it('only forward: who waits commits at once, whatever the others are', () => {
    const run = decided()
    expect(run.step()).toEqual(['look a', 'look b', 'look c'])
    run.hear(found('a', 'precommitted'))
    expect(run.step()).toEqual(['commit a'])
    run.hear(found('b', 'committed'), found('c', 'decided'))
    expect(run.step()).toEqual(['commit b', 'commit c'])
    run.hear(said.committed('a'), said.committed('b'), said.committed('c'))
    expect(run.step()).toEqual(['finish committed'])
    expect(run.exit()).toBe(0)
  })

  it('who went back is brought forward through every phase, its health included', () => {
    const run = decided()
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'committed'), found('c', 'reverted'))
    expect(run.step().toSorted()).toEqual(['commit b', 'inspect a', 'inspect c'])
    run.hear(said.committed('b'), said.fit('a'), said.fit('c'))
    expect(run.step()).toEqual(['prepare a', 'prepare c'])
    run.hear(said.prepared('a'), said.prepared('c'))
    expect(run.step()).toEqual(['switch a', 'switch c'])
    run.hear(said.switched('a'), said.switched('c'))
    expect(run.next()).toEqual([])
    run.hear(said.healthy('a'), said.healthy('c'))
    expect(run.step()).toEqual(['precommit a', 'precommit c'])
    run.hear(said.precommitted('a'), said.precommitted('c'))
    expect(run.step()).toEqual(['commit a', 'commit c'])
    run.hear(said.committed('a'), said.committed('c'))
    run.step()
    expect(run.exit()).toBe(0)
  })

  it('that no host has heard of binds nobody: all are old, and stay so', () => {
    const run = decided()
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'reverted'))
    // One of them may still have heard of it.
    expect(run.next()).toEqual([])
    run.hear(found('c', 'reverted'))
    expect(run.step()).toEqual(['roll-back'])
    expect(run.step()).toEqual(['finish rolled-back'])
    expect(run.exit()).toBe(2)
    expect([...run.state.hosts.values()].map(({ phase }) => phase)).toEqual([
      'reverted',
      'reverted',
      'reverted',
    ])
  })

  it('that only one may have heard of, which cannot be seen: nothing more is done', () => {
    const run = decided()
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'reverted'), said.inDoubt('c'))
    expect(run.step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })

  it('no more of them at one time than the run allows', () => {
    const run = cutOffAt('commit a', { ...limits, concurrency: 1 })
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'reverted'), found('c', 'committed'))
    run.step()
    run.hear(said.committed('c'), said.fit('a'), said.fit('b'))
    run.step()
    run.hear(said.prepared('a'), said.prepared('b'))
    expect(run.step()).toEqual(['switch a'])
    expect(run.hear(said.switched('a')).next()).toEqual([])
    expect(run.hear(said.healthy('a')).next()).toEqual(['precommit a', 'switch b'])
  })

  it.each([
    ['is refused', [said.refused('a')]],
    ['is not reached', [said.unreachable('a')]],
  ] as const)('one that %s then stays old, and a human is told', (_, answers) => {
    const run = decided()
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'committed'), found('c', 'committed'))
    run.step()
    run.hear(said.committed('b'), said.committed('c'), ...answers)
    expect(run.step()).toEqual(['finish in-doubt'])
    expect(run.exit()).toBe(3)
  })

  it('one that fails its health goes back alone', () => {
    const run = decided()
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'committed'), found('c', 'committed'))
    run.step()
    run.hear(said.committed('b'), said.committed('c'), said.fit('a'))
    run.step()
    run.hear(said.prepared('a'))
    run.step()
    run.hear(said.switched('a'), said.failed('a'))
    expect(run.step()).toEqual(['revert a'])
    expect(run.hear(said.reverted('a')).step()).toEqual(['finish in-doubt'])
  })

  it('one that does not answer is in doubt, and the others are not kept waiting', () => {
    const run = decided()
    run.step()
    run.hear(said.inDoubt('a'), found('b', 'precommitted'), found('c', 'precommitted'))
    expect(run.step()).toEqual(['commit b', 'commit c'])
    run.hear(said.committed('b'), said.committed('c'))
    expect(run.step()).toEqual(['finish in-doubt'])
  })

  it('a run that ended in doubt is taken up once more, and comes to its end', () => {
    const run = tale(limits).until('commit a')
    run.step()
    run.hear(said.committed('a'), said.inDoubt('b'), said.committed('c'))
    run.step()
    expect(run.exit()).toBe(3)
    run.hear(resumed)
    // With its end it has given its locks back, so nothing is proven any more.
    look(run, { a: 'committed', b: 'committed', c: 'committed' })
    expect(run.step()).toEqual(['commit a', 'commit b', 'commit c'])
    run.hear(said.committed('a'), said.committed('b'), said.committed('c'))
    run.step()
    expect(run.exit()).toBe(0)
  })

  it('who failed to come forward may try again with the next controller; who failed before the decision does not', () => {
    const run = tale({ ...limits, maxFailed: 1 })
      .until('start-precommit')
      .hear(said.failed('a'))
    run.step()
    run.hear(said.reverted('a')).until('commit b').hear(resumed)
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'committed'), found('c', 'reverted'))
    run.step()
    run.hear(said.committed('b'), said.refused('c'))
    expect(run.step()).toEqual(['finish in-doubt'])
    run.hear(resumed)
    look(run, { a: 'reverted', b: 'committed', c: 'reverted' })
    expect(run.step().toSorted()).toEqual(['commit b', 'inspect c'])
    expect(run.state.hosts.get('a')?.phase).toBe('failed')
  })

  it('heard of while the others go back: from then on only forward', () => {
    const run = tale(limits).until('start-precommit').hear(said.interrupted(), resumed)
    run.step()
    expect(run.step().toSorted()).toEqual(['revert a', 'revert b', 'revert c'])
    run.hear(said.reverted('b'), found('a', 'committed'))
    expect(run.step().toSorted()).toEqual(['commit a', 'inspect b'])
    expect(run.hear(said.reverted('c')).step()).toEqual(['inspect c'])
    run.hear(said.committed('a'), said.fit('b'), said.fit('c'))
    expect(run.step()).toEqual(['prepare b', 'prepare c'])
  })

  it('without the journal it is learnt from one host, and those that went back before that are brought forward', () => {
    const run = tale(limits)
    run.step()
    run.hear(said.fit('a'), said.fit('b'), said.fit('c'))
    run.step()
    run.hear(resumed)
    run.step()
    run.hear(found('a', 'reverted'), found('b', 'committed'), found('c', 'precommitted'))
    expect(run.step()).toEqual(['commit b', 'commit c', 'inspect a'])
  })
})

describe('a controller that stood still', () => {
  it('lets no bake pass that nobody has watched', () => {
    const run = tale(limitsOf([stage('all', ['a'], { bakeMs: 1000 })])).until('bake')
    run.step()
    run.hear({ type: 'run.woke', ms: 60_000 }, { type: 'run.looked_again' })
    expect(run.next()).toEqual([])
    expect(run.hear(said.healthy('a')).next()).toEqual(['bake'])
  })

  it('asks for every acknowledgement again before it decides', () => {
    const run = tale(limits).until('decide').hear({ type: 'run.woke', ms: 60_000 }, said.precommitted('a'))
    run.step()
    run.hear({ type: 'run.looked_again' }, said.healthy('a'), said.healthy('b'))
    expect(run.step()).toEqual(['precommit a', 'precommit b'])
    run.hear(said.precommitted('a'), said.precommitted('b'))
    expect(run.next()).toEqual([])
    expect(run.hear(said.healthy('c')).step()).toEqual(['precommit c'])
    expect(run.hear(said.precommitted('c')).next()).toEqual(['decide'])
  })
})

describe('gates and pauses', () => {
  const gated = limitsOf([stage('first', ['a']), stage('rest', ['b'], { gate: 'approval', gateMs: 1000 })])

  it('a stage waits at its gate, once, and begins when it is passed', () => {
    const run = tale(gated).until('wait-at-gate')
    expect(run.step()).toEqual(['wait-at-gate'])
    expect(run.next()).toEqual([])
    run.hear({ type: 'gate.passed', stage: 'rest', gate: 'approval', by: 'me' })
    expect(run.step()).toEqual(['start-stage'])
    expect(run.next()).toEqual(['switch b'])
  })

  it('a failure while it waits takes the fleet back', () => {
    const run = tale(gated).until('wait-at-gate')
    run.step()
    expect(run.hear(said.failed('a')).next()).toEqual(['roll-back'])
  })

  it('another controller waits there anew; what was approved stays so', () => {
    const waiting = tale(gated).until('wait-at-gate')
    waiting.step()
    look(waiting.hear(resumed), { a: 'switched', b: 'prepared' })
    expect(waiting.hear(said.healthy('a')).next()).toEqual(['wait-at-gate'])
    waiting.step()
    waiting.hear({ type: 'gate.passed', stage: 'rest', gate: 'approval', by: 'me' }, resumed)
    look(waiting, { a: 'switched', b: 'prepared' })
    expect(waiting.hear(said.healthy('a')).next()).toEqual(['start-stage'])
  })

  it('a stage without hosts is passed over with its gate', () => {
    const run = tale(gated)
    run.step()
    run.hear(said.fit('a'), said.current('b'))
    expect(run.until('start-precommit').state.gate).toBe('shut')
  })

  it('paused, nothing is begun but what must go back; continued, it goes on', () => {
    const run = tale(limitsOf([stage('all', ['a', 'b', 'c'], { concurrency: 1 })], { maxFailed: 1 }))
    run.until('switch a')
    run.step()
    run.hear({ type: 'run.paused', by: 'me', ms: 1000 }, said.switched('a'), said.healthy('a'))
    expect(run.next()).toEqual([])
    expect(run.hear(said.failed('a')).step()).toEqual(['revert a'])
    run.hear(said.reverted('a'))
    expect(run.next()).toEqual([])
    expect(run.hear({ type: 'run.continued', by: 'me' }).next()).toEqual(['switch b'])
  })

  it('paused at the end of the stages, the commit waits', () => {
    const run = tale(limits).until('start-precommit').hear({ type: 'run.paused', by: 'me', ms: 1000 })
    expect(run.next()).toEqual([])
  })

  it('a controller that stood still begins nothing before every host was heard from', () => {
    const run = tale(limits).until('switch b').hear({ type: 'run.woke', ms: 60_000 })
    expect(run.next()).toEqual(['look-again'])
    // Nobody has watched: what was healthy is judged anew.
    expect(run.state.hosts.get('a')?.phase).toBe('switched')
    expect(run.hear(said.failed('a'), { type: 'run.looked_again' }).next()).toEqual(['roll-back'])
  })
})
