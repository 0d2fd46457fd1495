/**
 * Watching hosts from the preparation to the commit. Every lease is renewed; on switched hosts, not only those of the
 * newest stage, the same request asks whether masters, workers and the file at the path are still as they were left,
 * and the playbook's health checks look from outside.
 */
import { type Clock, sleep } from '../core/clock.ts'
import { fault } from '../core/fault.ts'
import type { LookOutcome } from '../driver/hands.ts'
import { type Watch, type WatchNews, watch } from '../health/watch.ts'
import type { Stand } from './conduct.ts'
import { guarded } from './phases.ts'

export interface Vigil {
  /** The host has been prepared: from here it has a lease. */
  keep(host: string): void
  /** The host has just switched. */
  start(host: string): void
  stop(host: string): void
  stopAll(): void
  /** Every lease is renewed now; resolves when all have answered, those that fail as `host.failed`. */
  hearAll(): Promise<void>
  /** The health of every switched host counts from nothing. */
  judgeAnew(): void
}

/** How often a switched host is looked at, and how seldom at most one that is only prepared is heard from. */
const lookEveryMs = 1000
const renewEveryMs = 30_000
/** After a lost connection, each after the one before it. */
const redialAfterMs = [0, 500, 1500]
/** Renewals that fit into a lease: three may be lost. */
const renewalsPerLease = 4

type Scene = Pick<Stand, 'participant' | 'record' | 'leases' | 'state' | 'clock'>

interface Renewals extends Watch {
  now(): Promise<void>
}

interface Kept {
  readonly renewals: Renewals
  health?: Watch
}

export function createVigil(scene: Scene): Vigil {
  const kept = new Map<string, Kept>()
  const stop = (host: string) => {
    const one = kept.get(host)
    kept.delete(host)
    one?.renewals.stop()
    one?.health?.stop()
  }
  const fail = (host: string, found: ReturnType<typeof fault>) => {
    if (!kept.has(host)) return
    stop(host)
    // A journal that fails here has already turned the run around.
    scene.record({ type: 'host.failed', host, fault: found, found: null }).catch(() => {})
  }
  const keep = (host: string) => {
    if (!kept.has(host)) kept.set(host, { renewals: keepLease(host, scene, found => fail(host, found)) })
  }
  return {
    keep,
    start(host) {
      keep(host)
      const one = kept.get(host)
      if (one) one.health ??= watchHealth(host, scene, found => fail(host, found))
    },
    stop,
    stopAll() {
      for (const host of [...kept.keys()]) stop(host)
    },
    judgeAnew() {
      for (const [host, one] of kept) {
        if (!one.health) continue
        one.health.stop()
        one.health = watchHealth(host, scene, found => fail(host, found))
      }
    },
    async hearAll() {
      await Promise.all([...kept.values()].map(({ renewals }) => renewals.now()))
    },
  }
}

function keepLease(
  host: string,
  { participant, leases, state, clock }: Scene,
  fail: (found: ReturnType<typeof fault>) => void,
): Renewals {
  const { hands } = participant(host)
  const phase = () => state.hosts.get(host)?.phase
  const renew = () => leases.ask(host, ms => hands.renew(ms))
  const every = () => {
    const pauseMs = leases.lengthMs() / renewalsPerLease
    const isParked = phase() !== 'prepared' && phase() !== 'switching'
    // The first one at once where the preparation took a good part of the first lease.
    if (leases.leftMs(host) < 2 * pauseMs) return Math.min(pauseMs, 250)
    return Math.min(pauseMs, isParked ? lookEveryMs : renewEveryMs)
  }
  const call = async () => {
    await guarded(
      host,
      async found => fail(found),
      async () => {
        const first = await renew()
        // A switch in hand tells by itself what became of it.
        if (first.kind === 'pass' || phase() === 'switching') return
        if (phase() === 'prepared') {
          // Nothing is at stake there yet, so a lost connection has until the end of the lease.
          if (first.kind === 'failed' || leases.leftMs(host) <= 0) fail(first.fault)
          return
        }
        // A lost connection is dialled again before it counts: the daemon may be fine, and sshd may be starting anew.
        let outcome: LookOutcome = first
        for (const pauseMs of redialAfterMs) {
          if (outcome.kind !== 'unknown') break
          await sleep(clock, pauseMs)
          outcome = await renew()
        }
        if (outcome.kind !== 'pass') fail(outcome.fault)
      },
    )
  }
  return { ...repeat(clock, every, call), now: call }
}

function watchHealth(
  host: string,
  { participant, record, clock }: Scene,
  fail: (found: ReturnType<typeof fault>) => void,
): Watch {
  const { checks } = participant(host)
  const open = new Set(checks.map(({ check }) => check.name))
  let ended = false
  const tell = (entry: Parameters<Stand['record']>[0]) => {
    // A journal that fails here has already turned the run around.
    if (!ended) void record(entry).catch(() => {})
  }
  const hear = (news: WatchNews) => {
    tell({ type: 'health.changed', host, ...news })
    if (news.verdict === 'fail') {
      return fail(fault('HEALTH_FAILED', `health check "${news.check}" failed: ${news.detail}`, { host }))
    }
    if (open.delete(news.check) && open.size === 0) tell({ type: 'host.healthy', host })
  }
  const health = watch(checks, hear, clock)
  if (checks.length === 0) tell({ type: 'host.healthy', host })
  return {
    stop() {
      ended = true
      health.stop()
    },
  }
}

/** Calls again and again with a pause in milliseconds, the first time after one pause. */
function repeat(clock: Clock, everyMs: () => number, call: () => Promise<void>): Watch {
  let stopped = false
  let callOff = () => {}
  const next = () => {
    callOff = clock.after(everyMs(), async () => {
      await call()
      if (!stopped) next()
    })
  }
  next()
  return {
    stop() {
      stopped = true
      callOff()
    },
  }
}
