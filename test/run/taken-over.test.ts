/** The real conduct when a run is taken over, steered from outside, or was asleep. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EntryBody } from '../../src/journal/entry.ts'
import type { Limits } from '../../src/run/state.ts'
import { type Fleet, fakeFleet, foundNew, foundOld } from './fake-host.ts'
import { beginStory, finish, opening, type Setting, scriptedCheck, sleepy, words } from './story.ts'
import { limitsOf, oldFacts, said, stage, trouble } from './world.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'handover-taken-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const begin = (limits: Limits, fleet: Fleet, setting: Setting = {}) =>
  beginStory(root, limits, fleet, setting)

const lost = { kind: 'unknown' as const, fault: trouble('a', 'HOST_LOST') }
const found = { held: false, found: oldFacts, kind: 'stand' as const }

/** The entries of a run of `hosts` in one stage, cut off right after the last of them. */
function pastOf(hosts: readonly string[], ...types: EntryBody[]): EntryBody[] {
  return [opening, ...hosts.flatMap(host => [said.fit(host), said.prepared(host)]), ...types]
}
const begun = (what: 'switch' | 'precommit' | 'commit', host: string): EntryBody => ({
  type: `host.${what}.begun`,
  host,
})
const two = limitsOf([stage('all', ['a', 'b'])])

describe('a run that is taken over', () => {
  it('asks where it stands before it does anything, renews the leases, and goes on', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => ({ ...found, stand: 'switched' }) })
      .add('b', { stand: async () => ({ ...found, stand: 'prepared' }) })
    const past = pastOf(['a', 'b'], { type: 'stage.started', stage: 'all' }, begun('switch', 'a'))
    const story = await begin(two, fleet, { past, leaseMs: 1000 })
    const state = await story.ended
    expect(state.finished).toBe('committed')
    // A renewal first: from then on the host obeys no older controller, and what is found stays so.
    const of = (host: string) => fleet.calls.filter(call => call.startsWith(host)).slice(0, 2)
    expect([of('a'), of('b')]).toEqual([
      ['a.renew', 'a.stand'],
      ['b.renew', 'b.stand'],
    ])
    expect(fleet.calls).not.toContain('a.switchOver')
    expect(fleet.calls).toContain('b.switchOver')
    const [entry] = story.entries()
    expect(entry).toMatchObject({ type: 'run.resumed', seq: 0, epoch: 2 })
  })

  it('keeps on asking a host that does not answer, as long as its lease may run', async () => {
    const fleet = fakeFleet().add('a', {
      stand: async times => (times < 3 ? lost : { ...found, stand: 'switched' }),
    })
    const limits = limitsOf([stage('all', ['a'])])
    const story = await begin(limits, fleet, { past: pastOf(['a'], begun('switch', 'a')), patienceMs: 5000 })
    expect((await story.ended).finished).toBe('committed')
    expect(fleet.calls.filter(call => call === 'a.stand')).toHaveLength(3)
  })

  it('gives it up after that, and takes the others back', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => lost, revert: async () => lost })
      .add('b', { stand: async () => ({ ...found, stand: 'switched' }) })
    const past = pastOf(['a', 'b'], begun('switch', 'a'), begun('switch', 'b'))
    const story = await begin(two, fleet, { past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 3,
      hosts: { a: { end: 'in-doubt' }, b: { end: 'reverted' } },
    })
  })

  it('does not wait for it when it is told to go back', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => lost })
      .add('b', { stand: async () => ({ ...found, stand: 'switched' }) })
    const past = pastOf(['a', 'b'], begun('switch', 'a'), begun('switch', 'b'))
    const story = await begin(two, fleet, { past, patienceMs: 60_000 })
    await fleet.called('a.stand')
    story.interrupt()
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 2, outcome: 'rolled-back' })
  })

  it('decided, it tells everybody, also those who went back: they are brought forward with their health', async () => {
    let looks = 0
    const check = scriptedCheck('up', () => {
      looks++
      return { pass: true, detail: 'status 200' }
    })
    const fleet = fakeFleet()
      .add('a', { stand: async () => ({ ...found, stand: 'reverted' }) }, [check])
      .add('b', { stand: async () => ({ ...found, stand: 'precommitted' }) })
    const past = pastOf(
      ['a', 'b'],
      begun('switch', 'a'),
      begun('switch', 'b'),
      { type: 'run.precommitting' },
      begun('precommit', 'a'),
      begun('precommit', 'b'),
      { type: 'run.decided', hosts: ['a', 'b'] },
    )
    const story = await begin(two, fleet, { past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 0,
      hosts: { a: { end: 'committed' }, b: { end: 'committed' } },
    })
    const a = fleet.calls.filter(call => call.startsWith('a.') && call !== 'a.renew')
    expect(a).toEqual(['a.stand', 'a.inspect', 'a.prepare', 'a.switchOver', 'a.precommit', 'a.commit'])
    // Before the switch twice, after it once at least.
    expect(looks).toBeGreaterThanOrEqual(3)
  })

  it('decided, an interrupt does not stop those who are brought forward', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => ({ ...found, stand: 'reverted' }) })
      .add('b', { stand: async () => ({ ...found, stand: 'decided' }) })
    const past = pastOf(['a', 'b'], begun('switch', 'a'), begun('switch', 'b'), {
      type: 'run.decided',
      hosts: ['a', 'b'],
    })
    const story = await begin(two, fleet, { past })
    expect(story.helm.interrupt('SIGINT')).toContain('only goes forward')
    expect((await story.ended).finished).toBe('committed')
  })

  it('in doubt at its end, it is looked at once more and repaired', async () => {
    const fleet = fakeFleet().add('a', {
      stand: async () => ({ ...found, stand: 'decided' }),
      commit: async () => ({ kind: 'committed', found: foundNew, oldLeft: 0, cut: 0 }),
    })
    const past = pastOf(
      ['a'],
      begun('switch', 'a'),
      { type: 'run.decided', hosts: ['a'] },
      said.inDoubt('a'),
      { type: 'run.finished', exit: 3, outcome: 'in-doubt', summary: '', hosts: {} },
    )
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet, { past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 0, outcome: 'committed' })
  })
})

describe('a decided run whose journal is lost', () => {
  const decidedPast = pastOf(['a', 'b'], begun('switch', 'a'), begun('switch', 'b'), {
    type: 'run.decided',
    hosts: ['a', 'b'],
  })

  it.each(['host.prepare.begun', 'host.switch.begun', 'host.precommit.begun', 'host.prepared'] as const)(
    'at %s of a host that is brought forward: that host goes back, the others stay, and a human is told',
    async type => {
      const fleet = fakeFleet()
        .add('a', { stand: async () => ({ ...found, stand: 'reverted' }) })
        .add('b', { stand: async () => ({ ...found, stand: 'decided' }) })
      const heard: EntryBody[] = []
      const broken = (body: EntryBody) => {
        heard.push(body)
        return body.type === type
      }
      const story = await begin(two, fleet, { past: decidedPast, broken })
      const state = await story.ended
      expect([state.finished, state.exit]).toEqual(['in-doubt', 3])
      expect(state.hosts.get('a')?.phase).toBe('reverted')
      expect(state.hosts.get('b')?.phase).toBe('committed')
      // What was refused by the journal was not done.
      const call = { prepare: 'a.prepare', switch: 'a.switchOver', precommit: 'a.precommit' } as const
      const refused = /^host\.(\w+)\.begun$/.exec(type)?.[1] as keyof typeof call | undefined
      if (refused) expect(fleet.calls).not.toContain(call[refused])
    },
  )
})

describe('steering', () => {
  const gated = (gateMs: number) =>
    limitsOf([stage('first', ['a']), stage('rest', ['b'], { gate: 'approval', gateMs })])

  it('a stage waits for its approval, and the health of the others goes on', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const story = await begin(gated(60_000), fleet, { leaseMs: 400 })
    await story.told('gate.waiting')
    expect(fleet.calls).not.toContain('b.switchOver')
    const before = fleet.calls.filter(call => call === 'a.renew').length
    await expect.poll(() => fleet.calls.filter(call => call === 'a.renew').length).toBeGreaterThan(before + 1)
    expect(story.helm.approve('me', 'other')).toBe('the stage that waits is rest')
    expect(story.helm.approve('me')).toBeUndefined()
    expect((await story.ended).finished).toBe('committed')
    expect(words(story.entries())).toContain('gate.passed')
    expect(story.helm.approve('me')).toBe('the run has ended')
  })

  it('not approved in time, the fleet goes back', async () => {
    const story = await begin(gated(50), fakeFleet().add('a').add('b'))
    const state = await story.ended
    expect(state.rollingBack).toBe('nobody approved the stage rest within 50ms')
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('paused, nothing more is switched; continued, it goes on', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const limits = limitsOf([stage('first', ['a'], { bakeMs: 50 }), stage('rest', ['b'])])
    const story = await begin(limits, fleet)
    await story.told('stage.baking')
    expect(story.helm.pause('me', 60_000)).toBeUndefined()
    expect(story.helm.pause('me', 60_000)).toBe('the run is paused already')
    await story.told('stage.baked')
    expect(fleet.calls).not.toContain('b.switchOver')
    expect(story.helm.proceed('me')).toBeUndefined()
    expect((await story.ended).finished).toBe('committed')
  })

  it('paused for too long, the fleet goes back', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const limits = limitsOf([stage('first', ['a'], { bakeMs: 20 }), stage('rest', ['b'])])
    const story = await begin(limits, fleet)
    await story.told('stage.baking')
    story.helm.pause('me', 100)
    expect((await story.ended).rollingBack).toBe('paused, and not continued within 100ms')
  })

  it('continued in time, the end of that pause means nothing any more', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const limits = limitsOf([stage('first', ['a'], { bakeMs: 200 }), stage('rest', ['b'])])
    const story = await begin(limits, fleet)
    await story.told('stage.baking')
    story.helm.pause('me', 60)
    expect(story.helm.proceed('me')).toBeUndefined()
    expect((await story.ended).finished).toBe('committed')
  })

  it('aborted from another terminal it goes back, and the entry says who asked', async () => {
    const story = await begin(gated(60_000), fakeFleet().add('a').add('b'))
    await story.told('gate.waiting')
    expect(story.helm.interrupt('abort', 'ops@there')).toBeUndefined()
    await story.ended
    expect(story.entries()).toContainEqual(
      expect.objectContaining({ type: 'run.interrupted', signal: 'abort', by: 'ops@there' }),
    )
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('a run that goes back takes no other request', async () => {
    const fleet = fakeFleet().add('a', {
      switchOver: async () => ({ kind: 'failed', fault: trouble('a') }),
      revert: async () => {
        await expect.poll(() => story.helm.pause('me', 1)).toBe('the run is going back')
        return { kind: 'reverted', found: foundOld }
      },
    })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    await story.ended
    expect(finish(story.entries()).exit).toBe(2)
  })
})

describe('a controller that stood still', () => {
  const limits = limitsOf([stage('first', ['a'], { bakeMs: 1500 }), stage('rest', ['b'])])

  it('hears from every host before it begins anything', async () => {
    const { clock, sleep } = sleepy()
    const fleet = fakeFleet().add('a').add('b')
    const story = await begin(limits, fleet, { clock, leaseMs: 3_600_000 })
    await story.told('stage.baking')
    sleep(60_000)
    await story.ended
    const told = words(story.entries())
    expect(told).toContain('run.woke')
    expect(told.indexOf('run.looked_again')).toBeLessThan(told.indexOf('host.switch.begun b'))
    expect(fleet.calls.indexOf('b.renew')).toBeLessThan(fleet.calls.indexOf('b.switchOver'))
    expect(finish(story.entries()).exit).toBe(0)
  })

  it('goes back when one of them has gone back by itself', async () => {
    const { clock, sleep } = sleepy()
    let isAsleep = false
    const fleet = fakeFleet()
      .add('a', {
        renew: async () =>
          isAsleep
            ? { kind: 'failed', fault: trouble('a', 'LEASE_LOST', 'its lease ran out') }
            : { kind: 'pass' },
      })
      .add('b')
    const story = await begin(limits, fleet, { clock, leaseMs: 3_600_000 })
    await story.told('stage.baking')
    isAsleep = true
    sleep(60_000)
    expect((await story.ended).rollingBack).toBe('a failed: its lease ran out')
    expect(fleet.calls).not.toContain('b.switchOver')
  })

  it('judges its hosts anew, and bakes anew: what failed while nobody watched is seen', async () => {
    const { clock, sleep } = sleepy()
    let isIll = false
    // It looks so seldom that only a new judgement can see it in time.
    const check = scriptedCheck('up', () => ({ pass: !isIll, detail: isIll ? 'status 500' : 'status 200' }), {
      intervalMs: 60_000,
    })
    const fleet = fakeFleet().add('a', {}, [check]).add('b')
    const story = await begin(limits, fleet, { clock, leaseMs: 3_600_000 })
    await story.told('stage.baking')
    isIll = true
    sleep(60_000)
    expect((await story.ended).rollingBack).toContain('health check "up" failed: status 500')
    expect(fleet.calls).not.toContain('b.switchOver')
  })

  it('bakes anew with its whole time', async () => {
    const { clock, sleep } = sleepy()
    const story = await begin(limits, fakeFleet().add('a').add('b'), { clock, leaseMs: 3_600_000 })
    await story.told('stage.baking')
    sleep(60_000)
    await story.ended
    expect(words(story.entries()).filter(type => type === 'stage.baking')).toHaveLength(2)
    expect(finish(story.entries()).exit).toBe(0)
  })
})

describe('a request', () => {
  it('holds only when it is on disk', async () => {
    const broken = (body: EntryBody) => body.type === 'run.paused'
    const limits = limitsOf([stage('first', ['a'], { bakeMs: 60_000 }), stage('rest', ['b'])])
    const story = await begin(limits, fakeFleet().add('a').add('b'), { broken })
    await story.told('stage.baking')
    expect(await story.helm.written()).toBe(true)
    expect(story.helm.pause('me', 60_000)).toBeUndefined()
    expect(await story.helm.written()).toBe(false)
    expect((await story.ended).rollingBack).toContain('no space left')
  })
})
