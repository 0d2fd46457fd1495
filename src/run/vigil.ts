/**
 * Watching every switched host until the commit, not only those of the newest stage: the playbook's health checks
 * from outside, and on the host itself whether masters, workers and the file at the path are still as they were left.
 */
import { fault } from '../core/fault.ts'
import { type Watch, type WatchNews, watch } from '../health/watch.ts'
import type { Participant, Stand } from './conduct.ts'
import { guarded } from './phases.ts'

export interface Vigil {
  /** The host has just switched. */
  start(host: string): void
  stop(host: string): void
  stopAll(): void
}

/** How often the host itself is looked at, in milliseconds. */
const lookEveryMs = 1000

export function createVigil({ participant, record }: Pick<Stand, 'participant' | 'record'>): Vigil {
  const watches = new Map<string, Watch>()
  const stop = (host: string) => {
    watches.get(host)?.stop()
    watches.delete(host)
  }
  return {
    start(host) {
      if (!watches.has(host))
        watches.set(
          host,
          watchHost(host, participant(host), record, () => stop(host)),
        )
    },
    stop,
    stopAll() {
      for (const host of [...watches.keys()]) stop(host)
    },
  }
}

function watchHost(
  host: string,
  { hands, checks }: Participant,
  record: Stand['record'],
  stop: () => void,
): Watch {
  const open = new Set(checks.map(({ check }) => check.name))
  let ended = false
  const tell = (entry: Parameters<Stand['record']>[0]) => {
    // A journal that fails here has already turned the run around.
    if (!ended) void record(entry).catch(() => {})
  }
  const fail = (found: Parameters<typeof failedEntry>[1]) => {
    tell(failedEntry(host, found))
    stop()
  }
  const hear = (news: WatchNews) => {
    tell({ type: 'health.changed', host, ...news })
    if (news.verdict === 'fail') {
      return fail(fault('HEALTH_FAILED', `health check "${news.check}" failed: ${news.detail}`, { host }))
    }
    if (open.delete(news.check) && open.size === 0) tell({ type: 'host.healthy', host })
  }
  const health = watch(checks, hear)
  const daemon = repeat(lookEveryMs, async () => {
    await guarded(
      host,
      async found => fail(found),
      async () => {
        const first = await hands.look()
        // A lost connection is dialled again once before it counts: the daemon may be fine.
        const outcome = first.kind === 'unknown' ? await hands.look() : first
        if (outcome.kind !== 'pass') fail(outcome.fault)
      },
    )
  })
  if (checks.length === 0) tell({ type: 'host.healthy', host })
  return {
    stop() {
      ended = true
      health.stop()
      daemon.stop()
    },
  }
}

function failedEntry(host: string, found: ReturnType<typeof fault>) {
  return { type: 'host.failed', host, fault: found, found: null } as const
}

/** Calls again and again with a pause, the first time after one pause. */
function repeat(everyMs: number, call: () => Promise<void>): Watch {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const next = () => {
    timer = setTimeout(async () => {
      await call()
      if (!stopped) next()
    }, everyMs)
  }
  next()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
