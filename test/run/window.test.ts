/** Maintenance windows in decisions, and in the real conduct on a wall clock that is moved by hand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/health/system-clock.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import type { PlannedWindows } from '../../src/plan/windows.ts'
import { fakeFleet } from './fake-host.ts'
import { beginStory, finish, opening, resumed, scriptedCheck, words } from './story.ts'
import { limitsOf, oldFacts, said, stage, tale, trouble } from './world.ts'

type Policy = PlannedWindows['onClose']

const closed = (next: Policy): EntryBody => ({
  type: 'window.closed',
  next,
  opens: '2026-11-21T02:00:00.000Z',
  zone: 'UTC',
})
const opened: EntryBody = { type: 'window.opened' }

const windows = (onClose: Policy): PlannedWindows => ({
  rules: [{ kind: 'allow', cron: '0 2 * * *', timeZone: 'UTC', durationMs: 3 * 3_600_000, cutoffMs: 0 }],
  onClose,
})

describe('decisions', () => {
  const limits = limitsOf([
    stage('canary', ['a'], { bakeMs: 5 }),
    stage('rest', ['b', 'c'], { concurrency: 1 }),
  ])
  const inTheMiddle = () => tale(limits).until('switch b').hear({ type: 'host.switch.begun', host: 'b' })

  it('rollback: first whoever is in hand, then everybody', () => {
    const told = inTheMiddle().hear(closed('rollback'))
    expect(told.next()).toEqual([])
    expect(told.hear(said.switched('b')).next()).toEqual([])
    expect(told.hear(said.healthy('b')).next()).toEqual(['roll-back'])
    expect(told.until('finish rolled-back').step()).toEqual(['finish rolled-back'])
    expect(told.exit()).toBe(2)
  })

  it('rollback: a host in hand that fails is not waited for twice', () => {
    const told = inTheMiddle().hear(closed('rollback'), said.failed('b'))
    expect(told.next()).toEqual(['roll-back'])
  })

  it('rollback: also while it is paused, or waits at a gate', () => {
    const paused = tale(limits)
      .until('switch b')
      .hear({ type: 'run.paused', by: 'me', ms: 1000 }, closed('rollback'))
    expect(paused.next()).toEqual(['roll-back'])
    const gated = tale(limitsOf([stage('a', ['a']), stage('b', ['b'], { gate: 'approval', gateMs: 1000 })]))
    gated.until('wait-at-gate').step()
    expect(gated.hear(closed('rollback')).next()).toEqual(['roll-back'])
  })

  it('hold: nobody else is switched until it opens', () => {
    const told = inTheMiddle().hear(closed('hold'), said.switched('b'), said.healthy('b'))
    expect(told.next()).toEqual([])
    expect(told.hear(opened).next()).toEqual(['switch c'])
  })

  it('hold: what fails goes back, a bake goes on, a stage ends, and the next one does not begin', () => {
    const told = tale(limits).until('bake').hear(closed('hold'))
    expect(told.step()).toEqual(['bake'])
    expect(told.hear(said.baked('canary')).step()).toEqual(['finish-stage'])
    expect(told.next()).toEqual([])
    expect(told.hear(opened).next()).toEqual(['start-stage'])
    const tolerant = tale({ ...limits, maxFailed: 1 })
      .until('bake')
      .hear(closed('hold'), said.failed('a'))
    expect(tolerant.next()).toEqual(['revert a'])
  })

  it('hold: a gate may be waited at, and an approval counts at the opening', () => {
    const gated = tale(limitsOf([stage('a', ['a']), stage('b', ['b'], { gate: 'approval', gateMs: 1000 })]))
    gated.until('finish-stage').step()
    expect(gated.hear(closed('hold')).step()).toEqual(['wait-at-gate'])
    gated.hear({ type: 'gate.passed', stage: 'b', gate: 'approval', by: 'me' })
    expect(gated.next()).toEqual([])
    expect(gated.hear(opened).next()).toEqual(['start-stage'])
  })

  it('finish: as if nothing had happened', () => {
    expect(inTheMiddle().hear(closed('finish'), said.switched('b'), said.healthy('b')).next()).toEqual([
      'switch c',
    ])
  })

  it('nobody is left to switch: it bakes and commits at any time', () => {
    for (const next of ['rollback', 'hold'] as const) {
      const told = tale(limitsOf([stage('all', ['a'], { bakeMs: 5 })]))
        .until('bake')
        .hear(closed(next))
      told.until('finish committed').step()
      expect(told.exit()).toBe(0)
    }
  })

  it('nobody has begun: all are released, with exit 8', () => {
    const told = tale(limits).until('start-stage').hear(closed('rollback'))
    expect(told.step()).toEqual(['roll-back'])
    told.until('finish refused').step()
    expect(told.exit()).toBe(8)
  })

  it('a postponed host takes its turn again, and was never touched', () => {
    const told = tale(limits).until('switch a').hear({ type: 'host.switch.begun', host: 'a' })
    told.hear({ type: 'host.postponed', host: 'a' })
    expect(told.state.hosts.get('a')).toMatchObject({ phase: 'prepared', touched: false })
    expect(told.next()).toEqual(['switch a'])
    expect(told.hear(closed('rollback')).until('finish refused').step()).toEqual(['finish refused'])
    expect(told.exit()).toBe(8)
  })

  it('a host that turned around meanwhile is not postponed', () => {
    const told = inTheMiddle().hear(said.interrupted()).until('revert b')
    told.step()
    told.hear({ type: 'host.postponed', host: 'b' })
    expect(told.state.hosts.get('b')).toMatchObject({ phase: 'reverting', touched: true })
  })

  it('another controller judges it as of then', () => {
    const told = tale(limits).until('bake').hear(closed('rollback'), resumed)
    expect(told.state.window).toBe('open')
  })
})

describe('on the clock', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'handover-window-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  /** A wall clock that stands still but for jumps, by less than a sleep would take. */
  const clockAt = (time: string) => {
    let wallMs = Date.parse(`2026-11-20T${time}Z`)
    const now = () => ({ monotonicMs: systemClock.now().monotonicMs, wallMs })
    const jump = (ms: number) => {
      wallMs += ms
    }
    return { clock: { ...systemClock, now }, jump }
  }
  const limits = (onClose: Policy, hosts = ['a', 'b', 'c']) =>
    limitsOf([stage('all', hosts, { concurrency: 1 })], { windows: windows(onClose) })

  it('outside of it nobody is contacted', async () => {
    const fleet = fakeFleet().add('a').add('b').add('c')
    const { clock } = clockAt('05:00:00')
    const story = await beginStory(root, limits('finish'), fleet, { clock })
    await story.ended
    expect(fleet.calls).toEqual([])
    expect(finish(story.entries())).toMatchObject({
      exit: 8,
      outcome: 'refused',
      summary: 'the maintenance window has closed: nothing was changed on any host',
    })
  })

  it.each([
    ['rollback', 2, ['a']],
    ['finish', 0, ['a', 'b', 'c']],
  ] as const)('closed between two hosts of a stage: %s', async (onClose, exit, switched) => {
    const { clock, jump } = clockAt('04:59:57')
    const fleet = fakeFleet()
    fleet.add('a', {
      switchOver: async () => {
        jump(4000)
        return { kind: 'switched' }
      },
    })
    fleet.add('b').add('c')
    const story = await beginStory(root, limits(onClose), fleet, { clock })
    await story.ended
    expect(finish(story.entries()).exit).toBe(exit)
    const calls = fleet.calls.filter(call => call.endsWith('.switchOver'))
    expect(calls).toEqual(switched.map(host => `${host}.switchOver`))
    const told = words(story.entries())
    const begun = told.indexOf('window.closed')
    expect(begun).toBeGreaterThan(told.indexOf('host.switched a'))
    expect(told.indexOf('host.healthy a')).toBeLessThan(
      onClose === 'rollback' ? told.indexOf('run.rolling_back') : told.indexOf('host.switch.begun b'),
    )
  })

  it('closed while the checks before a switch look: it is postponed, and was not asked to switch', async () => {
    const { clock, jump } = clockAt('04:59:57')
    const fleet = fakeFleet()
    let looks = 0
    const check = scriptedCheck('up', () => {
      // The first one comes with the inspection.
      if (++looks === 2) jump(4000)
      return { pass: true, detail: 'status 200' }
    })
    fleet.add('a', {}, [check])
    const story = await beginStory(root, limits('hold', ['a']), fleet, { clock })
    await story.ended
    const told = words(story.entries())
    expect(told.slice(told.indexOf('host.switch.begun a'), -1)).toEqual([
      'host.switch.begun a',
      'host.postponed a',
      'window.closed',
      'run.rolling_back',
      'host.revert.begun a',
      'host.reverted a',
    ])
    expect(fleet.calls).not.toContain('a.switchOver')
    expect(finish(story.entries()).exit).toBe(8)
  })

  it.each([
    ['prepared', 'has never arrived there: it is postponed', 1, 8],
    ['switched', 'has arrived: it is asked for its answer', 2, 2],
  ] as const)(
    'closed while the link was lost, and a host that is %s: the request %s',
    async (at, _, asked, exit) => {
      const { clock, jump } = clockAt('04:59:57')
      const fleet = fakeFleet().add('a', {
        switchOver: async times => {
          if (times > 1) return { kind: 'switched' }
          jump(4000)
          return { kind: 'unknown', fault: trouble('a', 'HOST_LOST') }
        },
        stand: async () => ({ kind: 'stand', stand: at, held: false, found: oldFacts }),
      })
      fleet.add('b')
      const story = await beginStory(root, limits('rollback', ['a', 'b']), fleet, { clock })
      await story.ended
      expect(fleet.calls.filter(call => call === 'a.switchOver')).toHaveLength(asked)
      expect(finish(story.entries()).exit).toBe(exit)
    },
  )

  it('taken over while it is closed: whoever is switched goes back', async () => {
    const past: EntryBody[] = [
      opening,
      ...['a', 'b', 'c'].flatMap((host): EntryBody[] => [
        { type: 'host.inspect.begun', host },
        said.fit(host),
        { type: 'host.prepare.begun', host },
        said.prepared(host),
      ]),
      { type: 'stage.started', stage: 'all' },
      { type: 'host.switch.begun', host: 'a' },
      said.switched('a'),
      said.healthy('a'),
    ]
    const fleet = fakeFleet()
    for (const host of ['a', 'b', 'c']) {
      const stand = host === 'a' ? ('switched' as const) : ('prepared' as const)
      fleet.add(host, {
        stand: async () => ({ kind: 'stand', stand, held: false, found: oldFacts }),
      })
    }
    const { clock } = clockAt('05:30:00')
    const story = await beginStory(root, limits('rollback'), fleet, { clock, past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 2 })
    expect(fleet.calls.filter(call => call.endsWith('.switchOver'))).toEqual([])
  })
})
