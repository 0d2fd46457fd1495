import { describe, expect, it } from 'vitest'
import { createLeases } from '../../src/run/leases.ts'

/** Two clocks that are moved by hand. */
function leasesAt(leaseMs: number) {
  const clocks = { monotonicMs: 1000, wallMs: 1_000_000 }
  const now = () => ({ ...clocks })
  const leases = createLeases(leaseMs, { now, after: () => () => {} })
  return {
    leases,
    now,
    pass(ms: number) {
      clocks.monotonicMs += ms
      clocks.wallMs += ms
    },
    /** The machine sleeps: its monotonic clock stands still. */
    sleep(ms: number) {
      clocks.wallMs += ms
    },
    setBack(ms: number) {
      clocks.wallMs -= ms
    },
  }
}

describe('what is left of a lease', () => {
  it('counts from when its request was sent, not from the answer', () => {
    const { leases, now, pass } = leasesAt(5000)
    const sent = now()
    pass(800)
    leases.granted('a', sent, 5000)
    expect(leases.leftMs('a')).toBe(4200)
    pass(4300)
    expect(leases.leftMs('a')).toBe(-100)
    expect(leases.leftMs('b')).toBe(0)
  })

  it('shrinks while the machine sleeps, and does not grow when its clock is set back', () => {
    const { leases, now, sleep, setBack } = leasesAt(5000)
    leases.granted('a', now(), 5000)
    leases.granted('b', now(), 5000)
    sleep(60_000)
    expect(leases.leftMs('a')).toBe(-55_000)
    setBack(3_600_000)
    expect(leases.leftMs('b')).toBe(5000)
  })

  it('is never shortened by an answer that comes late', () => {
    const { leases, now, pass } = leasesAt(5000)
    const first = now()
    pass(100)
    leases.granted('a', now(), 60_000)
    leases.granted('a', first, 5000)
    expect(leases.leftMs('a')).toBe(60_000)
  })
})

describe('frozen participants', () => {
  it('are asked for a minute at least, for the lease where that is longer, and for five times the fan-out', () => {
    const short = leasesAt(2000)
    expect(short.leases.lengthMs()).toBe(2000)
    short.leases.freeze()
    expect(short.leases.lengthMs()).toBe(60_000)
    short.pass(20_000)
    short.leases.freeze()
    expect(short.leases.lengthMs()).toBe(100_000)
    const long = leasesAt(120_000)
    long.leases.freeze()
    expect(long.leases.lengthMs()).toBe(120_000)
  })

  it('need more left for the decision the longer the fan-out takes', () => {
    const { leases, pass } = leasesAt(2000)
    expect(leases.decideBudgetMs()).toBe(10_000)
    leases.freeze()
    pass(2000)
    expect(leases.decideBudgetMs()).toBe(10_000)
    pass(18_000)
    expect(leases.decideBudgetMs()).toBe(40_000)
  })
})

describe('what may be left at most', () => {
  it('counts from the end of a request, also of one whose answer was lost', async () => {
    const { leases, pass } = leasesAt(5000)
    await leases.ask('a', async () => {
      pass(800)
      return { kind: 'unknown' }
    })
    expect([leases.leftMs('a'), leases.mayLastMs('a')]).toEqual([0, 5000])
    pass(6000)
    expect(leases.mayLastMs('a')).toBe(0)
  })

  it('is that of the longest request, and none of one that was refused', async () => {
    const { leases } = leasesAt(5000)
    await leases.ask('a', async () => ({ kind: 'pass' }))
    leases.freeze()
    await leases.ask('a', async () => ({ kind: 'unknown' }))
    await leases.ask('b', async () => ({ kind: 'pass' }))
    await leases.ask('c', async () => ({ kind: 'failed' }))
    expect(leases.mayLastMs('a')).toBe(60_000)
    expect(leases.leftMs('a')).toBe(5000)
    // Nobody here knows: another controller may have asked for it.
    expect(leases.mayLastMs('c')).toBe(60_000)
  })
})
