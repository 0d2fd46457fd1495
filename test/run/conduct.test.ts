import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProbeResult } from '../../src/health/probe.ts'
import { systemClock } from '../../src/health/system-clock.ts'
import type { WatchedCheck } from '../../src/health/watch.ts'
import type { EntryBody, EntryType } from '../../src/journal/entry.ts'
import { readJournal } from '../../src/journal/run-directory.ts'
import type { Limits } from '../../src/run/state.ts'
import { type Call, deferred, type Fleet, fakeFleet, foundNew, foundOld, inspection } from './fake-host.ts'
import { beginStory, finish, runId, type Setting, scriptedCheck, words } from './story.ts'
import { limitsOf, stage, trouble } from './world.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'handover-conduct-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const begin = (limits: Limits, fleet: Fleet, setting: Setting = {}) =>
  beginStory(root, limits, fleet, setting)

const isBegun = (type: EntryType, host: string) => (entry: EntryBody) =>
  entry.type === type && 'host' in entry && entry.host === host

describe('hosts that are unhealthy already, where that is allowed', () => {
  const fleetThat = (recovers: boolean, isAllowed = true) => {
    const fleet = fakeFleet()
    const answer = () => ({ pass: recovers && fleet.calls.includes('a.switchOver'), detail: 'status 503' })
    const [participant] = fleet.add('a', {}, [scriptedCheck('up', answer)]).participants.values()
    if (!participant) throw new Error('no participant')
    return isAllowed ? { ...fleet, participants: new Map([['a', { ...participant, baseline: [] }]]) } : fleet
  }
  const limits = () => limitsOf([stage('all', ['a'])])

  it('are refused where it is not', async () => {
    const { ended } = await begin(limits(), fleetThat(true, false))
    expect((await ended).finished).toBe('refused')
  })

  it('are switched, and committed when that makes them healthy', async () => {
    const { ended } = await begin(limits(), fleetThat(true))
    expect((await ended).finished).toBe('committed')
  })

  it('go back when they stay unhealthy', async () => {
    const { ended } = await begin(limits(), fleetThat(false))
    expect((await ended).finished).toBe('rolled-back')
  })
})

describe('a run that goes well', () => {
  it('writes every step in order', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const story = await begin(limitsOf([stage('canary', ['a'], { bakeMs: 5 }), stage('rest', ['b'])]), fleet)
    const state = await story.ended
    expect(state.finished).toBe('committed')
    expect(words(story.entries())).toEqual([
      'run.started',
      'host.inspect.begun a',
      'host.inspect.begun b',
      'host.inspected a',
      'host.inspected b',
      'host.prepare.begun a',
      'host.prepare.begun b',
      'host.prepared a',
      'host.prepared b',
      'stage.started',
      'host.switch.begun a',
      'host.switched a',
      'host.healthy a',
      'stage.baking',
      'stage.baked',
      'stage.finished',
      'stage.started',
      'host.switch.begun b',
      'host.switched b',
      'host.healthy b',
      'stage.finished',
      'run.precommitting',
      'host.precommit.begun a',
      'host.precommit.begun b',
      'host.precommitted a',
      'host.precommitted b',
      'run.decided',
      'host.commit.begun a',
      'host.commit.begun b',
      'host.committed a',
      'host.committed b',
      'run.finished',
    ])
    const last = finish(story.entries())
    expect([last.exit, last.outcome]).toEqual([0, 'committed'])
    expect(last.hosts).toEqual({
      a: { end: 'committed', before: '1.26.2', after: '1.26.3', fault: null },
      b: { end: 'committed', before: '1.26.2', after: '1.26.3', fault: null },
    })
  })

  it('has the intent of every effect in the file at the moment of the effect', async () => {
    const missing: Call[] = []
    const checked: Call[] = []
    const intent = {
      inspect: 'inspect',
      prepare: 'prepare',
      switchOver: 'switch',
      precommit: 'precommit',
      commit: 'commit',
      revert: 'revert',
    }
    const fleet = fakeFleet(call => {
      const [host = '', verb = ''] = call.split('.')
      if (!(verb in intent)) return
      checked.push(call)
      const type = `host.${intent[verb as keyof typeof intent]}.begun`
      if (!words(readJournal(root, runId)).includes(`${type} ${host}`)) missing.push(call)
    })
    fleet
      .add('a')
      .add('b')
      .add('c', { switchOver: async () => ({ kind: 'failed', fault: trouble('c') }) })
    const story = await begin(limitsOf([stage('all', ['a', 'b', 'c'])], { maxFailed: 1 }), fleet)
    expect((await story.ended).finished).toBe('committed-with-failures')
    expect(checked).toHaveLength(14)
    expect(missing).toEqual([])
  })

  it('tells no host of the commit before the decision is in the file', async () => {
    const early: Call[] = []
    const fleet = fakeFleet(call => {
      if (call.endsWith('.commit') && !words(readJournal(root, runId)).includes('run.decided'))
        early.push(call)
    })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet.add('a').add('b'))
    await story.ended
    expect(fleet.calls.filter(call => call.endsWith('.commit'))).toHaveLength(2)
    expect(early).toEqual([])
  })

  it.each(['committed', 'rolled-back'])('%s, it leaves no watch and no timer behind', async outcome => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const check = scriptedCheck('answers', () => ({ pass: true, detail: 'status 200' }))
      const fleet = fakeFleet().add('a', {}, [check])
      if (outcome === 'rolled-back') {
        fleet.add('b', { precommit: async () => ({ kind: 'failed', fault: trouble('b') }) }, [check])
      }
      const hosts = [...fleet.participants.keys()]
      const story = await begin(limitsOf([stage('all', hosts)]), fleet)
      expect((await story.ended).finished).toBe(outcome)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('bounds connections and read-only work by forks, changes by the plan', async () => {
    let [asked, most] = [0, 0]
    const busy = async <T>(answer: T): Promise<T> => {
      most = Math.max(most, ++asked)
      await new Promise(resolve => setImmediate(resolve))
      asked--
      return answer
    }
    const names = ['a', 'b', 'c', 'd', 'e']
    const fleet = fakeFleet()
    for (const name of names) {
      fleet.add(name, { prepare: () => busy({ kind: 'prepared', version: foundNew.version }) })
    }
    const story = await begin(limitsOf([stage('all', names)]), fleet, { forks: 2 })
    expect((await story.ended).finished).toBe('committed')
    expect(most).toBe(2)
  })

  it('looks at every check before it prepares, and refuses a host that is ill already', async () => {
    const fleet = fakeFleet()
      .add('a')
      .add('b', {}, [scriptedCheck('answers', () => ({ pass: false, detail: 'status 500' }))])
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet)
    const state = await story.ended
    expect(state.finished).toBe('refused')
    expect(state.hosts.get('b')?.fault?.message).toBe(
      'health check "answers" fails before anything was changed: status 500',
    )
    expect(fleet.calls).toEqual(['a.inspect', 'b.inspect'])
  })

  it('refuses one machine under two names: it would be changed by two hands', async () => {
    const twin = async () => ({ kind: 'pass' as const, inspection: { ...inspection, identity: 'a' } })
    const fleet = fakeFleet().add('a').add('b', { inspect: twin })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet)
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(JSON.stringify(story.entries())).toContain('the same machine and binary as')
    expect(fleet.calls).not.toContain('a.prepare')
  })

  it('asks a host again whose connection was cut, before it takes the fleet back', async () => {
    const lost = { kind: 'unknown' as const, fault: trouble('a') }
    const fleet = fakeFleet().add('a', {
      switchOver: async times => (times === 1 ? lost : { kind: 'switched' }),
      precommit: async times => (times === 1 ? lost : { kind: 'pass' }),
    })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 0, outcome: 'committed' })
  })

  it('that reaches nobody is refused, however many may be left out', async () => {
    const gone = async () => ({ kind: 'unreachable' as const, fault: trouble('a') })
    const fleet = fakeFleet().add('a', { inspect: gone })
    const story = await begin(limitsOf([stage('all', ['a'])], { maxUnreachable: 1 }), fleet)
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 6, outcome: 'refused' })
  })

  it('does not switch a host that has fallen ill since', async () => {
    let looks = 0
    const check = scriptedCheck('answers', () => ({ pass: ++looks === 1, detail: `look ${looks}` }))
    const fleet = fakeFleet().add('a', {}, [check])
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    const state = await story.ended
    expect(fleet.calls).toEqual(['a.inspect', 'a.prepare', 'a.revert'])
    expect(state.hosts.get('a')?.fault?.message).toContain('right before the switch: look 2')
    expect(finish(story.entries()).exit).toBe(2)
  })
})

describe('an interrupt', () => {
  it('while a switch is pending reverts at once, without waiting for the switch', async () => {
    const slow = deferred<{ kind: 'switched' }>()
    const fleet = fakeFleet()
      .add('a', { switchOver: () => slow.promise })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'])], { concurrency: 1 }), fleet)
    await fleet.called('a.switchOver')
    story.interrupt()
    await fleet.called('a.revert')
    await story.told('run.finished')
    // Late news changes nothing any more, and the end stays the last entry.
    slow.resolve({ kind: 'switched' })
    const state = await story.ended
    expect([state.finished, state.hosts.get('a')?.phase]).toEqual(['rolled-back', 'reverted'])
    expect(fleet.calls).not.toContain('b.switchOver')
    expect(fleet.calls).toContain('b.revert')
    expect(words(story.entries())).not.toContain('host.switched a')
    expect(story.entries().at(-1)?.type).toBe('run.finished')
    expect(story.entries().find(entry => entry.type === 'run.finished')).toMatchObject({ exit: 2 })
  })

  it('before any change ends with nothing touched', async () => {
    const slow = deferred<{ kind: 'prepared'; version: string }>()
    const fleet = fakeFleet()
      .add('a', { prepare: () => slow.promise })
      .add('b')
      .add('c')
    const story = await begin(limitsOf([stage('all', ['a', 'b', 'c'])]), fleet, { forks: 1 })
    await fleet.called('a.prepare')
    story.interrupt('SIGTERM')
    await story.told('run.rolling_back')
    slow.resolve({ kind: 'prepared', version: '1.26.3' })
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 143, outcome: 'interrupted' })
    // Those that waited for their turn are never asked to prepare, and released like the rest.
    expect(fleet.calls.filter(call => call.endsWith('.prepare'))).toEqual(['a.prepare'])
    expect(fleet.calls.filter(call => call.endsWith('.switchOver'))).toEqual([])
    expect(fleet.calls).toContain('a.revert')
  })

  it('ends a long bake at once', async () => {
    const fleet = fakeFleet().add('a')
    const story = await begin(limitsOf([stage('all', ['a'], { bakeMs: 3_600_000 })]), fleet)
    await story.told('stage.baking')
    story.interrupt()
    expect((await story.ended).finished).toBe('rolled-back')
    expect(words(story.entries())).not.toContain('stage.baked')
  })

  it('after the decision is only written down', async () => {
    const slow = deferred<{ kind: 'committed'; found: typeof foundNew; oldLeft: number; cut: number }>()
    const fleet = fakeFleet().add('a', { commit: () => slow.promise })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    await fleet.called('a.commit')
    story.interrupt()
    await story.told('run.interrupted')
    slow.resolve({ kind: 'committed', found: foundNew, oldLeft: 0, cut: 0 })
    await story.ended
    expect(finish(story.entries()).exit).toBe(0)
    expect(fleet.calls).not.toContain('a.revert')
  })

  it('lets no host switch that was still looking at its health, also when its revert has to wait', async () => {
    const looking = deferred<ProbeResult>()
    const going = deferred<{ kind: 'reverted'; found: typeof foundOld }>()
    const asked = deferred<void>()
    let looks = 0
    const check: WatchedCheck = {
      ...scriptedCheck('answers', () => ({ pass: true, detail: '' })),
      look: () => {
        if (++looks === 1) return Promise.resolve({ pass: true, detail: '' })
        asked.resolve()
        return looking.promise
      },
    }
    const fleet = fakeFleet()
      .add('a', { revert: () => going.promise })
      .add('b', {}, [check])
    const story = await begin(limitsOf([stage('all', ['a', 'b'])], { rollbackConcurrency: 1 }), fleet)
    await asked.promise
    story.interrupt()
    await fleet.called('a.revert')
    looking.resolve({ pass: true, detail: '' })
    // Enough turns for the phase of b to go on, if it would.
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    going.resolve({ kind: 'reverted', found: foundOld })
    expect((await story.ended).finished).toBe('rolled-back')
    expect(fleet.calls).not.toContain('b.switchOver')
    expect(fleet.calls).toContain('b.revert')
  })
})

describe('an answer that never came', () => {
  const lost = (host: string) =>
    ({ kind: 'unknown', fault: trouble(host, 'HOST_LOST', 'the connection was lost') }) as const

  it('of a switch: the host is asked to revert', async () => {
    const fleet = fakeFleet().add('a', { switchOver: async () => lost('a') })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    await story.ended
    expect(fleet.calls.slice(-2)).toEqual(['a.switchOver', 'a.revert'])
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('of a revert: asked again within the patience', async () => {
    const fleet = fakeFleet().add('a', {
      switchOver: async () => ({ kind: 'failed', fault: trouble('a') }),
      revert: async times => (times < 2 ? lost('a') : { kind: 'reverted', found: foundOld }),
    })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet, { patienceMs: 5000 })
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.revert')).toHaveLength(2)
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('of a revert: in doubt when the patience ends, and a human is needed', async () => {
    const fleet = fakeFleet().add('a', {
      switchOver: async () => ({ kind: 'failed', fault: trouble('a') }),
      revert: async () => lost('a'),
    })
    fleet.add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet, { patienceMs: 300 })
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.revert').length).toBeGreaterThan(1)
    const last = finish(story.entries())
    expect([last.exit, last.outcome]).toEqual([3, 'in-doubt'])
    expect(last.hosts.a).toMatchObject({ end: 'in-doubt', fault: { code: 'HOST_LOST' } })
    expect(last.hosts.b).toMatchObject({ end: 'reverted', after: '1.26.2' })
  })

  it('of a commit: asked again, then committed', async () => {
    const fleet = fakeFleet().add('a', {
      commit: async times =>
        times < 2 ? lost('a') : { kind: 'committed', found: foundNew, oldLeft: 0, cut: 0 },
    })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet, { patienceMs: 5000 })
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.commit')).toHaveLength(2)
    expect(finish(story.entries()).exit).toBe(0)
  })

  it('of a commit, ever: in doubt, nothing is taken back', async () => {
    const fleet = fakeFleet()
      .add('a', { commit: async () => lost('a') })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet)
    await story.ended
    expect(finish(story.entries()).exit).toBe(3)
    expect(fleet.calls.filter(call => call.endsWith('.revert'))).toEqual([])
  })

  it('of the release of a host that was only prepared: nobody waits for it', async () => {
    const fleet = fakeFleet()
      .add('a', { revert: async () => lost('a') })
      .add('b', { prepare: async () => ({ kind: 'refused', faults: [trouble('b', 'ARTIFACT_REFUSED')] }) })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet, { patienceMs: 3_600_000 })
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.revert')).toHaveLength(1)
    expect(finish(story.entries())).toMatchObject({ exit: 6, outcome: 'refused' })
  })
})

describe('a failure', () => {
  it('of a commit that is held: both are kept, a human is needed', async () => {
    const held = trouble('a', 'COMMIT_HELD', 'the new master lost a worker')
    const fleet = fakeFleet()
      .add('a', { commit: async () => ({ kind: 'held', fault: held }) })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet)
    await story.ended
    const last = finish(story.entries())
    expect([last.exit, last.hosts.a?.end, last.hosts.b?.end]).toEqual([3, 'in-doubt', 'committed'])
  })

  it('of a precommit takes the fleet back, whatever max_failed says', async () => {
    const fleet = fakeFleet()
      .add('a')
      .add('b', { precommit: async () => ({ kind: 'failed', fault: trouble('b', 'HOST_CHANGED') }) })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])], { maxFailed: 2 }), fleet)
    await story.ended
    expect(fleet.calls.filter(call => call.endsWith('.commit'))).toEqual([])
    expect(fleet.calls.filter(call => call.endsWith('.revert')).sort()).toEqual(['a.revert', 'b.revert'])
    expect(words(story.entries())).not.toContain('run.decided')
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('of a precommit that nobody answered takes the fleet back too', async () => {
    const fleet = fakeFleet().add('a', {
      precommit: async () => ({ kind: 'unknown', fault: trouble('a', 'HOST_LOST') }),
    })
    const story = await begin(limitsOf([stage('all', ['a'])], { maxFailed: 1 }), fleet)
    await story.ended
    expect(fleet.calls.slice(-2)).toEqual(['a.precommit', 'a.revert'])
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('that the host has proven reverted is not reverted once more', async () => {
    const fleet = fakeFleet().add('a', {
      switchOver: async () => ({ kind: 'reverted', fault: trouble('a'), found: foundOld }),
    })
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet)
    await story.ended
    expect(fleet.calls.at(-1)).toBe('a.switchOver')
    expect(finish(story.entries())).toMatchObject({
      exit: 2,
      hosts: { a: { end: 'reverted', after: '1.26.2' } },
    })
  })

  it('of a health check during the bake of a later stage takes all hosts back', async () => {
    let baking = false
    const fragile = scriptedCheck('answers', () => ({
      pass: !baking,
      detail: baking ? 'status 500' : 'status 200',
    }))
    const fleet = fakeFleet().add('a', {}, [fragile]).add('b')
    const stages = [stage('canary', ['a']), stage('rest', ['b'], { bakeMs: 3_600_000 })]
    const story = await begin(limitsOf(stages), fleet)
    await story.told('stage.baking')
    baking = true
    const state = await story.ended
    expect(state.rollingBack).toBe('a failed: health check "answers" failed: status 500')
    expect(['a', 'b'].map(host => state.hosts.get(host)?.phase)).toEqual(['failed', 'reverted'])
    const changes = story.entries().filter(entry => entry.type === 'health.changed')
    expect(changes.map(entry => entry.verdict)).toEqual(['pass', 'fail'])
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('of the daemon itself during a bake is seen by looking, and told by the host', async () => {
    const gone = trouble('a', 'HOST_CHANGED', 'a worker died')
    const fleet = fakeFleet()
      .add('a', { renew: async () => ({ kind: 'failed', fault: gone }) })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'], { bakeMs: 3_600_000 })]), fleet)
    const state = await story.ended
    expect(state.rollingBack).toBe('a failed: a worker died')
    expect(fleet.calls.filter(call => call === 'a.renew')).toHaveLength(1)
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('of a look counts only when those after it are not answered either', async () => {
    const lost = { kind: 'unknown', fault: trouble('a', 'HOST_LOST', 'the connection was lost') } as const
    const fleet = fakeFleet().add('a', {
      renew: async times => (times === 1 || times > 2 ? lost : { kind: 'pass' }),
    })
    const story = await begin(limitsOf([stage('all', ['a'], { bakeMs: 3_600_000 })]), fleet)
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.renew')).toHaveLength(6)
  })
})

describe('leases', () => {
  const lost = { kind: 'unknown', fault: trouble('a', 'HOST_LOST', 'the connection was lost') } as const

  it('of prepared hosts are renewed while an earlier stage bakes', async () => {
    const fleet = fakeFleet().add('a').add('b')
    const stages = [stage('canary', ['a'], { bakeMs: 700 }), stage('rest', ['b'])]
    const story = await begin(limitsOf(stages), fleet, { leaseMs: 400 })
    await story.ended
    expect(finish(story.entries()).exit).toBe(0)
    const switched = fleet.calls.indexOf('b.switchOver')
    const renewed = fleet.calls.slice(0, switched).filter(call => call === 'b.renew')
    expect(renewed.length).toBeGreaterThan(2)
  })

  it('of a prepared host may miss renewals, but not until their end', async () => {
    const once = fakeFleet()
      .add('a')
      .add('b', { renew: async times => (times % 2 ? lost : { kind: 'pass' }) })
    const stages = [stage('canary', ['a'], { bakeMs: 900 }), stage('rest', ['b'])]
    const first = await begin(limitsOf(stages), once, { leaseMs: 1000 })
    await first.ended
    expect(finish(first.entries()).exit).toBe(0)
    rmSync(join(root, runId), { recursive: true })
    const always = fakeFleet()
      .add('a')
      .add('b', { renew: async () => lost })
    const baking = [stage('canary', ['a'], { bakeMs: 3_600_000 }), stage('rest', ['b'])]
    const second = await begin(limitsOf(baking), always, { leaseMs: 1000 })
    await second.ended
    expect(finish(second.entries()).exit).toBe(2)
    expect(always.calls.filter(call => call === 'b.renew').length).toBeGreaterThan(2)
    expect(always.calls).not.toContain('b.switchOver')
  })

  it('that are lost take the fleet back, and the report says why', async () => {
    const gone = trouble('a', 'LEASE_LOST', 'its lease ran out')
    const fleet = fakeFleet()
      .add('a', { renew: async () => ({ kind: 'failed', fault: gone }) })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'], { bakeMs: 3_600_000 })]), fleet)
    const state = await story.ended
    expect(state.rollingBack).toBe('a failed: its lease ran out')
    expect(finish(story.entries())).toMatchObject({
      exit: 2,
      hosts: { a: { fault: { code: 'LEASE_LOST' } } },
    })
  })

  it('that may have run out while the machine slept forbid the decision', async () => {
    const clocks = { monotonicMs: 0, wallMs: 0 }
    const fleet = fakeFleet()
      .add('a')
      .add('b', {
        precommit: async () => {
          clocks.wallMs += 55_000
          return { kind: 'pass' }
        },
      })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet, {
      clock: { ...systemClock, now: () => ({ ...clocks }) },
    })
    const state = await story.ended
    expect(state.decided).toBe(false)
    expect(state.rollingBack).toContain('may run out before the decision reaches it')
    expect(fleet.calls.filter(call => call.endsWith('.commit'))).toEqual([])
    expect(finish(story.entries()).exit).toBe(2)
  })

  it('are waited for before a host that does not answer is given up', async () => {
    const clocks = { monotonicMs: 0, wallMs: 0 }
    const fleet = fakeFleet().add('a', {
      switchOver: async () => ({ kind: 'failed', fault: trouble('a') }),
      revert: async times => {
        // It does not answer until its dead-man has done the work.
        clocks.monotonicMs += 20_000
        return times < 3 ? lost : { kind: 'reverted', found: foundOld }
      },
    })
    const setting = { patienceMs: null, clock: { ...systemClock, now: () => ({ ...clocks }) } }
    const story = await begin(limitsOf([stage('all', ['a'])]), fleet, setting)
    await story.ended
    expect(fleet.calls.filter(call => call === 'a.revert')).toHaveLength(3)
    expect(finish(story.entries()).exit).toBe(2)
  })
})

describe('a bug in the hands of one host', () => {
  const bug = async () => {
    throw new TypeError('undefined is not a function')
  }
  const stories = [
    { verb: 'inspect', exit: 6, end: 'untouched' },
    { verb: 'prepare', exit: 6, end: 'untouched' },
    { verb: 'switchOver', exit: 2, end: 'reverted' },
    { verb: 'renew', exit: 2, end: 'reverted' },
    { verb: 'precommit', exit: 2, end: 'reverted' },
    { verb: 'commit', exit: 3, end: 'in-doubt' },
  ] as const
  it.each(stories)('in $verb is the failure of that host: exit $exit', async ({ verb, exit, end }) => {
    const bakeMs = verb === 'renew' ? 3_600_000 : 0
    const fleet = fakeFleet()
      .add('a', { [verb]: bug })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'], { bakeMs })]), fleet)
    await story.ended
    const last = finish(story.entries())
    expect([last.exit, last.hosts.a?.end]).toEqual([exit, end])
    expect(last.hosts.a?.fault).toMatchObject({ code: 'UNEXPECTED', host: 'a' })
    expect(last.hosts.a?.fault?.message).toContain('undefined is not a function')
  })

  it('in revert stops no other revert', async () => {
    const fleet = fakeFleet()
      .add('a', { revert: bug })
      .add('b', { switchOver: async () => ({ kind: 'failed', fault: trouble('b') }) })
    const story = await begin(limitsOf([stage('all', ['a', 'b'])], { rollbackConcurrency: 1 }), fleet)
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 3,
      hosts: { a: { end: 'in-doubt' }, b: { end: 'reverted' } },
    })
  })
})

describe('a journal that cannot be written', () => {
  const two = () => fakeFleet().add('a').add('b')
  const plan = (more: Partial<Omit<Limits, 'stages'>> = {}) => limitsOf([stage('all', ['a', 'b'])], more)
  const of = (fleet: Fleet, verb: string) => fleet.calls.filter(call => call.endsWith(`.${verb}`))

  it('from the start: nothing is begun', async () => {
    const fleet = two()
    const story = await begin(plan(), fleet, { broken: () => true })
    await expect(story.ended).rejects.toMatchObject({ faults: [{ code: 'JOURNAL_FAILED' }] })
    expect(fleet.calls).toEqual([])
  })

  it.each([1, 10])('before the inspection, with forks %i: no host is touched, the run ends', async forks => {
    const fleet = two()
    const story = await begin(plan(), fleet, { forks, broken: isBegun('host.inspect.begun', 'a') })
    const state = await story.ended
    expect(state.finished).toBe('refused')
    expect(fleet.calls).toEqual([])
  })

  it.each([1, 10])('before a preparation, with forks %i: nobody prepares, and the run ends', async forks => {
    const fleet = two()
    const story = await begin(plan(), fleet, { forks, broken: isBegun('host.prepare.begun', 'a') })
    const state = await story.ended
    expect(state.finished).toBe('refused')
    expect(of(fleet, 'prepare')).toEqual([])
    expect(of(fleet, 'switchOver')).toEqual([])
  })

  it('before a switch: no switch happens, and prepared hosts are released', async () => {
    const fleet = two()
    const story = await begin(plan({ concurrency: 1 }), fleet, { broken: isBegun('host.switch.begun', 'a') })
    const state = await story.ended
    expect(state.rollingBack).toContain('no space left on device')
    expect(of(fleet, 'switchOver')).toEqual([])
    expect(of(fleet, 'revert').sort()).toEqual(['a.revert', 'b.revert'])
    expect(state.finished).toBe('rolled-back')
  })

  it('after a switch: what was switched goes back', async () => {
    const fleet = two()
    const story = await begin(plan(), fleet, { broken: entry => entry.type === 'host.switched' })
    const state = await story.ended
    expect(of(fleet, 'revert').sort()).toEqual(['a.revert', 'b.revert'])
    expect(of(fleet, 'precommit')).toEqual([])
    expect(state.finished).toBe('rolled-back')
  })

  it('at the decision: what is not on disk is not decided, and the fleet goes back', async () => {
    const fleet = two()
    const story = await begin(plan(), fleet, { broken: entry => entry.type === 'run.decided' })
    const state = await story.ended
    expect(of(fleet, 'commit')).toEqual([])
    expect(of(fleet, 'revert').sort()).toEqual(['a.revert', 'b.revert'])
    expect(state.finished).toBe('rolled-back')
  })

  it('after the decision: every host commits all the same', async () => {
    const fleet = two()
    const story = await begin(plan(), fleet, { broken: isBegun('host.commit.begun', 'a') })
    const state = await story.ended
    expect(of(fleet, 'commit').sort()).toEqual(['a.commit', 'b.commit'])
    expect(state.finished).toBe('committed')
  })

  it('while going back: every revert is made all the same', async () => {
    const fleet = fakeFleet()
      .add('a')
      .add('b', { switchOver: async () => ({ kind: 'failed', fault: trouble('b') }) })
    const story = await begin(plan(), fleet, { broken: isBegun('host.revert.begun', 'a') })
    const state = await story.ended
    expect(of(fleet, 'revert').sort()).toEqual(['a.revert', 'b.revert'])
    expect(state.finished).toBe('rolled-back')
  })
})

describe('a host that says there is nothing to undo', () => {
  it.each([
    ['and has what another run put there', foundNew],
    ['and whose master runs another file', { ...foundOld, runsPath: false }],
    ['and cannot say what it has', { ...foundOld, version: '', sha256: '', runsPath: false, masters: 0 }],
  ])('%s: it is not proven old, so exit 3', async (_, found) => {
    const fleet = fakeFleet()
      .add('a', {
        switchOver: async () => ({ kind: 'failed', fault: trouble('a') }),
        revert: async () => ({ kind: 'reverted', found }),
      })
      .add('b')
    const story = await begin(limitsOf([stage('all', ['a', 'b'])]), fleet)
    await story.ended
    const last = story.entries().at(-1)
    expect(last).toMatchObject({
      exit: 3,
      outcome: 'in-doubt',
      hosts: { a: { end: 'in-doubt', fault: { code: 'REVERT_FAILED' } }, b: { end: 'reverted' } },
    })
  })
})
