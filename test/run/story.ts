/** The real conduct over a fleet in memory, told as a story. */
import type { Clock } from '../../src/core/clock.ts'
import { fault, HandoverError } from '../../src/core/fault.ts'
import type { ProbeResult } from '../../src/health/probe.ts'
import { systemClock } from '../../src/health/system-clock.ts'
import type { WatchedCheck } from '../../src/health/watch.ts'
import type { Entry, EntryBody, EntryType, Interruption } from '../../src/journal/entry.ts'
import { createJournal, type Journal } from '../../src/journal/journal.ts'
import { createRunDirectory, journalFile, readJournal } from '../../src/journal/run-directory.ts'
import { conduct } from '../../src/run/conduct.ts'
import type { Helm } from '../../src/run/helm.ts'
import type { Limits, RunState } from '../../src/run/state.ts'
import type { Fleet } from './fake-host.ts'

export const runId = '20261120-091501-4f2a11'

export const opening: Extract<EntryBody, { type: 'run.started' }> = {
  type: 'run.started',
  name: 'nginx',
  playbook: 'nginx.yml',
  fingerprint: 'f',
  tool: '0.1.0',
  who: 'me',
  from: 'here',
  pid: 1,
  identity: '1',
  artifact: { path: '/a', sha256: 'b'.repeat(64), bytes: 1 },
  stages: [],
}

export interface Story {
  readonly ended: Promise<RunState>
  interrupt(signal?: Interruption): void
  readonly helm: Helm
  entries(): Entry[]
  /** Resolves when an entry of that type is in the journal. */
  told(type: EntryType): Promise<void>
}

export interface Setting {
  readonly leaseMs?: number
  readonly clock?: Clock
  /** Null: as long as its lease runs, and 10 s. */
  readonly patienceMs?: number | null
  readonly forks?: number
  /** Turns an entry away. */
  readonly broken?: (body: EntryBody) => boolean
  /** Of the controllers before this one. */
  readonly past?: readonly EntryBody[]
}

export const resumed: Extract<EntryBody, { type: 'run.resumed' }> = {
  type: 'run.resumed',
  tool: '0.1.0',
  who: 'me',
  from: 'elsewhere',
  pid: 2,
  identity: '2',
  epoch: 2,
  notes: [],
}

/** The real conduct over a fleet in memory, with a real journal that a story may break. */
export async function beginStory(
  root: string,
  limits: Limits,
  fleet: Fleet,
  setting: Setting = {},
): Promise<Story> {
  await createRunDirectory(root, runId, {})
  const journal = await createJournal(journalFile(root, runId), runId)
  const heard: EntryType[] = []
  const waiting = new Map<EntryType, (() => void)[]>()
  journal.listen(entry => {
    heard.push(entry.type)
    for (const resolve of waiting.get(entry.type) ?? []) resolve()
  })
  let steered: Helm | undefined
  const ended = conduct({
    limits,
    participants: fleet.participants,
    journal: setting.broken ? breaking(journal, setting.broken) : journal,
    opening: setting.past ? resumed : opening,
    past: setting.past ?? [],
    forks: setting.forks ?? 10,
    leaseMs: setting.leaseMs ?? 60_000,
    ...(setting.clock ? { clock: setting.clock } : {}),
    ...(setting.patienceMs === null ? {} : { patienceMs: setting.patienceMs ?? 0 }),
    onHelm: helm => {
      steered = helm
    },
  }).finally(() => journal.close())
  if (!steered) throw new Error('there is no helm')
  const helm = steered
  return {
    ended,
    helm,
    interrupt: (signal = 'SIGINT') => void helm.interrupt(signal),
    entries: () => readJournal(root, runId),
    told: type =>
      new Promise(resolve => {
        if (heard.includes(type)) return resolve()
        waiting.set(type, [...(waiting.get(type) ?? []), resolve])
      }),
  }
}

/** From the first entry that it turns away, it takes no other: a disk that is full stays full. */
function breaking(journal: Journal, broken: (body: EntryBody) => boolean): Journal {
  let failed = false
  return {
    ...journal,
    append: async body => {
      failed ||= broken(body)
      if (failed) throw new HandoverError(fault('JOURNAL_FAILED', 'no space left on device'))
      return await journal.append(body)
    },
  }
}

export const words = (entries: readonly Entry[]) =>
  entries.map(entry => ('host' in entry ? `${entry.type} ${entry.host}` : entry.type))

export const finish = (entries: readonly Entry[]) => {
  const last = entries.at(-1)
  if (last?.type !== 'run.finished') throw new Error(`the last entry is ${last?.type}`)
  return last
}

export const scriptedCheck = (
  name: string,
  answer: () => ProbeResult,
  more: Partial<WatchedCheck['check']> = {},
): WatchedCheck => ({
  check: { name, intervalMs: 2, timeoutMs: 1000, healthy: 1, unhealthy: 1, deadlineMs: 5000, ...more },
  look: async () => answer(),
})

/** Its wall clock jumps when it is told to: the machine was suspended. */
export function sleepy() {
  let jumpMs = 0
  const clock = {
    ...systemClock,
    now: () => {
      const { monotonicMs, wallMs } = systemClock.now()
      return { monotonicMs, wallMs: wallMs + jumpMs }
    },
  }
  const sleep = (ms: number) => {
    jumpMs += ms
  }
  return { clock, sleep }
}
