/** Maintenance windows in virtual time. A story begins at 22:13:20 UTC, on a Tuesday; the window closes 40 s later, and opens at 22:15. */
import { describe, expect, it } from 'vitest'
import type { EntryBody } from '../../src/journal/entry.ts'
import type { PlannedWindows } from '../../src/plan/windows.ts'
import { play } from './play.ts'
import type { Story, Strike } from './story.ts'
import { plainStory } from './sweep.ts'

const everyOtherMinute = '1-59/2 * * * *'
const tuesdays = '13 22 * * tue'

const windows = (
  onClose: PlannedWindows['onClose'],
  cron = everyOtherMinute,
  cutoffMs = 0,
): PlannedWindows => ({
  rules: [{ kind: 'allow', cron, timeZone: 'UTC', durationMs: 60_000, cutoffMs }],
  onClose,
})

interface Setting {
  readonly windows: PlannedWindows
  /** Of the first stage, of one host; the second has two. */
  readonly bakeMs?: number
  readonly lastBakeMs?: number
  readonly gateMs?: number
  readonly isOneByOne?: boolean
  readonly strikes?: readonly Strike[]
  readonly more?: Partial<Story>
}

async function tell({
  windows,
  bakeMs = 60_000,
  lastBakeMs = 0,
  gateMs = 0,
  isOneByOne = false,
  strikes = [],
  more = {},
}: Setting) {
  const plain = plainStory(3)
  const [canary, rest] = plain.limits.stages
  if (!canary || !rest) throw new Error('two stages are needed')
  const gate = gateMs > 0 ? ('approval' as const) : null
  const stages = [
    { ...canary, bakeMs },
    { ...rest, bakeMs: lastBakeMs, gate, gateMs, concurrency: isOneByOne ? 1 : 2 },
  ]
  const story = { ...plain, ...more, strikes, limits: { ...plain.limits, stages, windows } }
  const { violations, finish, sheet } = await play(story)
  expect(violations).toEqual([])
  const all = sheet.entries.map(({ body, atMs }) => ({ ...body, atMs }))
  const of = (type: EntryBody['type'], host?: string) =>
    all.filter(one => one.type === type && (host === undefined || ('host' in one && one.host === host)))
  return {
    exit: finish?.exit,
    of,
    /** Seconds since the story began. */
    at: (type: EntryBody['type'], host?: string) =>
      of(type, host).map(({ atMs }) => Math.floor((atMs + 1) / 1000)),
  }
}

const approveAfter = (entry: 'gate.waiting' | 'window.closed', plusMs: number): Strike => ({
  when: { entry, nth: 1, plusMs },
  what: { kind: 'approve' },
})

describe('a window that closes while a stage bakes', () => {
  it('rollback: the whole fleet goes back, and nobody else has switched', async () => {
    const { exit, at, of } = await tell({ windows: windows('rollback') })
    expect(exit).toBe(2)
    expect(at('window.closed')).toEqual([40])
    expect(of('run.rolling_back')).toMatchObject([{ reason: 'the maintenance window has closed' }])
    expect(at('run.rolling_back')).toEqual([40])
    expect(of('host.switch.begun', 'h1')).toEqual([])
  })

  it('hold: the bake goes on, leases are renewed, and the rest begins when it opens', async () => {
    const { exit, at, of } = await tell({ windows: windows('hold') })
    expect(exit).toBe(0)
    expect(of('window.closed')).toMatchObject([
      { next: 'hold', opens: '2023-11-14T22:15:00.000Z', zone: 'UTC' },
    ])
    expect(at('stage.baked')[0]).toBeLessThan(70)
    expect(at('window.opened')).toEqual([100])
    expect(at('host.switch.begun', 'h1')).toEqual([100])
  })

  it('hold: goes back at once when it does not open again within a day', async () => {
    const { exit, at, of } = await tell({ windows: windows('hold', tuesdays) })
    expect(exit).toBe(2)
    expect(of('window.closed')).toMatchObject([{ next: 'rollback', opens: '2023-11-21T22:13:00.000Z' }])
    expect(of('run.rolling_back')).toMatchObject([
      { reason: 'the maintenance window has closed, and does not open again within 24h' },
    ])
    expect(at('run.rolling_back')).toEqual([40])
  })

  it('finish: says so, and goes on to the end', async () => {
    const { exit, at, of } = await tell({ windows: windows('finish', tuesdays) })
    expect(exit).toBe(0)
    expect(of('window.closed')).toMatchObject([{ next: 'finish' }])
    expect(at('host.switch.begun', 'h1')[0]).toBeLessThan(70)
  })

  it('closes at the cutoff', async () => {
    const { at } = await tell({ windows: windows('rollback', everyOtherMinute, 25_000) })
    expect(at('window.closed')).toEqual([15])
  })
})

describe('a window that closes', () => {
  it('makes no difference once everybody is switched', async () => {
    const { exit, of } = await tell({ windows: windows('rollback'), bakeMs: 0, lastBakeMs: 90_000 })
    expect(exit).toBe(0)
    expect(of('window.closed')).toEqual([])
  })

  it('lets hosts in hand become healthy before the fleet goes back', async () => {
    const one = (onClose: PlannedWindows['onClose'], cutoffMs: number) => {
      const more = { hasChecks: true, leaseMs: 200_000 }
      return tell({
        windows: windows(onClose, everyOtherMinute, cutoffMs),
        bakeMs: 0,
        isOneByOne: true,
        more,
      })
    }
    const plain = await one('finish', 0)
    const [begun, healthy] = [plain.of('host.switched', 'h1')[0], plain.of('host.healthy', 'h1')[0]]
    // It closes between the two.
    const closesMs = ((begun?.atMs ?? Number.NaN) + (healthy?.atMs ?? Number.NaN)) / 2
    const { exit, of } = await one('rollback', Math.round(40_000 - closesMs))
    expect(exit).toBe(2)
    expect(of('host.healthy', 'h1')).toHaveLength(1)
    expect(of('run.rolling_back')[0]?.atMs).toBeGreaterThanOrEqual(of('host.healthy', 'h1')[0]?.atMs ?? 0)
    expect(of('host.switch.begun', 'h2')).toEqual([])
  })

  it('ends a run that has switched nobody with exit 8, and all are released', async () => {
    const stop: Strike = {
      when: { entry: 'host.prepared', nth: 2, plusMs: 0 },
      what: { kind: 'stop', ms: 45_000, isSuspended: false },
    }
    for (const onClose of ['finish', 'hold', 'rollback'] as const) {
      const { exit, of } = await tell({
        windows: windows(onClose),
        strikes: [stop],
        more: { leaseMs: 200_000 },
      })
      expect([onClose, exit]).toEqual([onClose, 8])
      expect(of('host.switch.begun')).toEqual([])
      expect(of('host.reverted')).toHaveLength(3)
    }
  })

  it('postpones a switch that was begun before the controller fell asleep', async () => {
    const stop: Strike = {
      when: { entry: 'host.switch.begun', nth: 1, plusMs: 1 },
      what: { kind: 'stop', ms: 45_000, isSuspended: true },
    }
    const more = { leaseMs: 200_000, hasChecks: true }
    const { exit, of } = await tell({ windows: windows('finish'), strikes: [stop], more })
    expect(of('host.postponed')).toMatchObject([{ host: 'h0' }])
    expect(of('host.switched')).toEqual([])
    expect(exit).toBe(8)
  })
})

describe('while it holds', () => {
  const hold = windows('hold')

  it('an approval counts when the window opens', async () => {
    const { exit, at } = await tell({
      windows: hold,
      bakeMs: 0,
      gateMs: 45_000,
      strikes: [approveAfter('window.closed', 20_000)],
    })
    expect(exit).toBe(0)
    expect(at('gate.passed')).toEqual([60])
    expect(at('stage.started')[1]).toBe(100)
  })

  it('nobody is given up on; who does not come after the opening is', async () => {
    const { exit, at, of } = await tell({ windows: hold, bakeMs: 0, gateMs: 45_000 })
    expect(exit).toBe(2)
    expect(of('run.rolling_back')).toMatchObject([{ reason: 'nobody approved the stage rest within 45s' }])
    expect(at('run.rolling_back')).toEqual([105])
  })

  it('a gate that is longer than every opening is given up on, after so much open time', async () => {
    const { exit, of, at } = await tell({ windows: hold, bakeMs: 0, gateMs: 61_000 })
    expect(exit).toBe(2)
    expect(of('run.rolling_back')).toMatchObject([{ reason: 'nobody approved the stage rest within 1m 01s' }])
    expect(at('run.rolling_back')[0]).toBeLessThan(240)
  })

  it('it can be interrupted', async () => {
    const stop: Strike = {
      when: { entry: 'window.closed', nth: 1, plusMs: 5000 },
      what: { kind: 'interrupt', signal: 'SIGINT' },
    }
    const { exit, at } = await tell({ windows: hold, strikes: [stop] })
    expect([exit, at('run.rolling_back')]).toEqual([2, [45]])
  })

  it('it can be paused, and then holds until both are over', async () => {
    const strikes: Strike[] = [
      { when: { entry: 'window.closed', nth: 1, plusMs: 5000 }, what: { kind: 'pause', ms: 600_000 } },
      { when: { entry: 'window.opened', nth: 1, plusMs: 10_000 }, what: { kind: 'proceed' } },
    ]
    const { exit, at } = await tell({ windows: hold, strikes })
    expect([exit, at('window.opened'), at('host.switch.begun', 'h1')]).toEqual([0, [100], [110]])
  })

  it('a machine that slept through the opening waits for the next one', async () => {
    const stop: Strike = { when: { ms: 50_000 }, what: { kind: 'stop', ms: 135_000, isSuspended: true } }
    const { exit, at, of } = await tell({ windows: hold, strikes: [stop], more: { leaseMs: 500_000 } })
    expect(exit).toBe(0)
    expect(of('run.woke')).toHaveLength(1)
    expect(of('window.closed')).toMatchObject([
      { opens: '2023-11-14T22:15:00.000Z' },
      { opens: '2023-11-14T22:17:00.000Z' },
    ])
    expect(at('host.switch.begun', 'h1')[0]).toBeGreaterThanOrEqual(220)
  })
})

describe('a run that is resumed while its window is closed', () => {
  const kill: Strike = { when: { ms: 10_000 }, what: { kind: 'kill', sequel: 'resume', afterMs: 40_000 } }

  it.each([
    ['rollback', 2, []],
    ['hold', 0, [100]],
    ['finish', 0, []],
  ] as const)('%s', async (onClose, exit, opened) => {
    const told = await tell({ windows: windows(onClose), strikes: [kill], more: { leaseMs: 200_000 } })
    expect([told.exit, told.at('window.opened')]).toEqual([exit, opened])
    expect(told.of('window.closed')).toMatchObject([{ next: onClose }])
    expect(told.at('window.closed')[0]).toBeGreaterThanOrEqual(50)
  })

  it('brings everybody forward after the decision, whatever the time', async () => {
    let late = 0
    for (let plusMs = 1; plusMs < 12; plusMs++) {
      const kill: Strike = {
        when: { entry: 'run.decided', nth: 1, plusMs },
        what: { kind: 'kill', sequel: 'resume', afterMs: 90_000 },
      }
      const setting = { bakeMs: 0, strikes: [kill] }
      const { of, at } = await tell({ windows: windows('rollback', tuesdays), ...setting })
      expect(of('window.closed')).toEqual([])
      late += at('host.switch.begun').filter(second => second > 40).length
    }
    expect(late).toBeGreaterThan(0)
  })
})
