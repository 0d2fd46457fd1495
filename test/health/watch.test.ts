import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ProbeResult, probe } from '../../src/health/probe.ts'
import {
  type CheckSpec,
  count,
  freshTally,
  type Tally,
  type Verdict,
  type Watch,
  type WatchedCheck,
  watch,
} from '../../src/health/watch.ts'
import { type Answer, ear, hang, noFooting, type Scripted, scriptedServer, status, until } from './world.ts'

const check = (more: Partial<CheckSpec> = {}): CheckSpec => ({
  name: 'answers',
  intervalMs: 3,
  timeoutMs: 1000,
  healthy: 1,
  unhealthy: 1,
  deadlineMs: 30_000,
  ...more,
})

/** `+` a pass, `-` a failure. */
const tallyOf = (looks: string, spec: CheckSpec, from: Tally = freshTally) =>
  [...looks].reduce((tally, look) => count(tally, look === '+', spec), from)

describe('counting', () => {
  it.each<[string, number, number, Verdict]>([
    ['', 1, 1, 'inconclusive'],
    ['+', 1, 1, 'pass'],
    ['-', 1, 1, 'fail'],
    ['++', 3, 2, 'inconclusive'],
    ['+++', 3, 2, 'pass'],
    ['++-++', 3, 2, 'inconclusive'],
    ['++-+++', 3, 2, 'pass'],
    ['-', 3, 2, 'inconclusive'],
    ['--', 3, 2, 'fail'],
    ['-+-+-+', 3, 2, 'inconclusive'],
    ['+++-', 3, 2, 'pass'],
    ['+++-+-+-', 3, 2, 'pass'],
    ['+++--', 3, 2, 'fail'],
    ['--++', 3, 2, 'fail'],
    ['--+++', 3, 2, 'pass'],
  ])('%s with %i and %i: %s', (looks, healthy, unhealthy, verdict) => {
    expect(tallyOf(looks, check({ healthy, unhealthy })).verdict).toBe(verdict)
  })

  const specs = fc
    .record({ healthy: fc.integer({ min: 1, max: 4 }), unhealthy: fc.integer({ min: 1, max: 4 }) })
    .map(check)
  const looks = fc.string({ unit: fc.constantFrom('+', '-'), maxLength: 30 })

  it('the verdict is that of the last row that was long enough', () => {
    fc.assert(
      fc.property(specs, looks, (spec, text) => {
        let expected: Verdict = 'inconclusive'
        for (let end = 1; end <= text.length; end++) {
          if (text.slice(0, end).endsWith('+'.repeat(spec.healthy))) expected = 'pass'
          if (text.slice(0, end).endsWith('-'.repeat(spec.unhealthy))) expected = 'fail'
        }
        expect(tallyOf(text, spec).verdict).toBe(expected)
      }),
    )
  })

  it('one of the two rows is always empty, and the tally that was given is left alone', () => {
    fc.assert(
      fc.property(specs, looks, fc.boolean(), (spec, text, pass) => {
        const before = tallyOf(text, spec)
        const kept = { ...before }
        const after = count(before, pass, spec)
        expect(before).toEqual(kept)
        expect(Math.min(after.passes, after.failures)).toBe(0)
        expect(after.passes + after.failures).toBeGreaterThan(0)
      }),
    )
  })
})

describe('watching a server', () => {
  const open: { stop?: () => void; close?: () => Promise<void> }[] = []
  afterEach(async () => {
    for (const each of open.splice(0)) {
      each.stop?.()
      await each.close?.()
    }
  })

  const serve = async (...answers: Answer[]) => {
    const server = await scriptedServer(...answers)
    open.push(server)
    return server
  }
  const asking = (server: Scripted, spec: CheckSpec): WatchedCheck => ({
    check: spec,
    look: () =>
      probe(
        { kind: 'http', url: server.url, status: 200, body: 'ok', from: 'controller' },
        spec.timeoutMs,
        noFooting,
      ),
  })
  const start = (checks: readonly WatchedCheck[], tell: Parameters<typeof watch>[1]): Watch => {
    const started = watch(checks, tell)
    open.push(started)
    return started
  }
  const good = status(200, 'ok')
  const bad = status(500, 'ok')

  it('is healthy after so many good answers in a row, and not before', async () => {
    const server = await serve(good, good, bad, good)
    let asked = 0
    const listener = ear(() => {
      asked = server.requests.length
    })
    start([asking(server, check({ healthy: 3, unhealthy: 2 }))], listener.tell)
    expect(await listener.heard('pass')).toEqual({ check: 'answers', verdict: 'pass', detail: 'status 200' })
    expect(asked).toBe(6)
    expect(listener.news).toHaveLength(1)
  })

  it('fails after so many bad ones in a row; one bad answer between good ones is no news', async () => {
    const server = await serve(good, bad, good, bad, good, bad, bad)
    let asked = 0
    const listener = ear(() => {
      asked = server.requests.length
    })
    start([asking(server, check({ unhealthy: 2 }))], listener.tell)
    expect((await listener.heard('fail')).detail).toBe('status 500, expected 200')
    expect(asked).toBe(7)
    expect(listener.verdicts()).toEqual(['pass', 'fail'])
  })

  it('tells when a check that had failed is healthy again', async () => {
    const server = await serve(bad, good)
    const listener = ear()
    start([asking(server, check())], listener.tell)
    await listener.heard('pass')
    expect(listener.verdicts()).toEqual(['fail', 'pass'])
  })

  it('fails one that flaps until its deadline, with what was seen last', async () => {
    const flaps: Answer[] = Array.from({ length: 2000 }, (_, index) => (index % 2 ? bad : good))
    const server = await serve(...flaps)
    const listener = ear()
    start([asking(server, check({ healthy: 2, unhealthy: 2, deadlineMs: 80 }))], listener.tell)
    expect((await listener.heard('fail')).detail).toMatch(
      /^not healthy within its deadline; status (200|500)/,
    )
    expect(server.requests.length).toBeGreaterThan(2)
    expect(listener.news).toHaveLength(1)
  })

  it('fails one that hangs at its deadline, however many failures it may have', async () => {
    const server = await serve(hang)
    const listener = ear()
    start([asking(server, check({ timeoutMs: 20, unhealthy: 1000, deadlineMs: 70 }))], listener.tell)
    expect((await listener.heard('fail')).detail).toBe(
      'not healthy within its deadline; no answer within 20 ms',
    )
  })

  it('fails one that has not answered even once by its deadline', async () => {
    const server = await serve(hang)
    const listener = ear()
    start([asking(server, check({ timeoutMs: 500, deadlineMs: 20 }))], listener.tell)
    expect((await listener.heard('fail')).detail).toBe(
      'not healthy within its deadline; it has not answered yet',
    )
  })

  it('knows no deadline once it is healthy', async () => {
    const server = await serve(good)
    const listener = ear()
    const began = performance.now()
    start([asking(server, check({ deadlineMs: 30 }))], listener.tell)
    await listener.heard('pass')
    await until(() => performance.now() - began > 60)
    expect(listener.verdicts()).toEqual(['pass'])
  })

  it('watches each check by itself', async () => {
    const [well, ill] = [await serve(good), await serve(bad)]
    const listener = ear()
    const checks = [asking(well, check({ name: 'well' })), asking(ill, check({ name: 'ill' }))]
    start(checks, listener.tell)
    await Promise.all([listener.heard('pass'), listener.heard('fail')])
    expect(listener.news.map(each => `${each.check} ${each.verdict}`).sort()).toEqual([
      'ill fail',
      'well pass',
    ])
  })

  it('asks no more when it is stopped', async () => {
    const [stopped, other] = [await serve(good), await serve(good)]
    const listener = ear(() => first.stop())
    const first = start([asking(stopped, check())], listener.tell)
    await listener.heard('pass')
    start([asking(other, check())], () => {})
    await until(() => other.requests.length > 10)
    expect(stopped.requests).toHaveLength(1)
  })

  it('says nothing of an answer or a deadline that comes after the stop', async () => {
    let answer: (result: ProbeResult) => void = () => {}
    const look = () =>
      new Promise<ProbeResult>(resolve => {
        answer = resolve
      })
    const listener = ear()
    const began = performance.now()
    const stopping = start([{ check: check({ deadlineMs: 20 }), look }], listener.tell)
    stopping.stop()
    answer({ pass: false, detail: 'late' })
    await until(() => performance.now() - began > 40)
    expect(listener.news).toEqual([])
  })

  it('leaves no timer behind that would keep the program alive', async () => {
    vi.useFakeTimers()
    try {
      const stopping = watch([{ check: check(), look: async () => ({ pass: true, detail: '' }) }], () => {})
      await vi.advanceTimersByTimeAsync(1)
      expect(vi.getTimerCount()).toBe(2)
      stopping.stop()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('never asks again before the answer is there', async () => {
    let [asking, most, looks] = [0, 0, 0]
    const look = async (): Promise<ProbeResult> => {
      most = Math.max(most, ++asking)
      await new Promise(resolve => setTimeout(resolve, 8))
      asking--
      looks++
      return { pass: true, detail: '' }
    }
    start([{ check: check({ intervalMs: 1 }), look }], () => {})
    await until(() => looks >= 4)
    expect(most).toBe(1)
  })
})
