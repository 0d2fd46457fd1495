/**
 * Small fleets, one fault: every kind of it, at every step of a run that would go well, at every host. In `npm test` the
 * controller is killed at every step, and a part of the rest is played; with SIM_SWEEP=all all of it.
 */
import { expect, it } from 'vitest'
import { play } from './play.ts'
import { figures, report, search } from './search.ts'
import { type Story, type Strike, type Trouble, theOld } from './story.ts'

/** Of the faults that are not played at every step, one in so many. */
const stride = process.env.SIM_SWEEP === 'all' ? 1 : 23

export function sweep(size: number): void {
  it(`at every step of ${size} hosts: every fault is survived`, async () => {
    const started = Date.now()
    const plain = plainStory(size)
    const { steps, finish, violations } = await play(plain)
    expect([finish?.outcome, violations]).toEqual(['committed', []])
    const tally = await search(strikes(plain, steps))
    console.log(
      `sweep of ${size} hosts, ${steps} steps: ${figures(tally)}; ${((Date.now() - started) / 1000).toFixed(1)} s`,
    )
    expect(await report(tally)).toBe('')
  }, 3_600_000)
}

export function plainStory(size: number): Story {
  const names = Array.from({ length: size }, (_, index) => `h${index}`)
  const stage = (name: string, hosts: readonly string[]) => ({
    name,
    hosts,
    concurrency: 2,
    bakeMs: 0,
    gate: null,
    gateMs: 0,
  })
  return {
    seed: 7,
    hosts: names.map(name => ({
      name,
      binary: theOld,
      workers: 2,
      qualities: {},
      rate: 1,
      slowness: 1,
      clients: [],
    })),
    limits: {
      stages: [stage('canary', names.slice(0, 1)), stage('rest', names.slice(1))],
      concurrency: 2,
      maxFailed: 0,
      maxUnreachable: 0,
      rollbackConcurrency: 2,
    },
    leaseMs: 15_000,
    drainMs: 3000,
    forks: 10,
    hasChecks: false,
    strikes: [],
  }
}

function* strikes(plain: Story, steps: number): Generator<Story> {
  let count = 0
  const at = (step: number, what: Trouble): Story => {
    const strike: Strike = { when: { step }, what }
    return { ...plain, strikes: [strike] }
  }
  const names = plain.hosts.map(({ name }) => name)
  for (let step = 1; step <= steps; step++) {
    for (const what of kills) yield at(step, what)
    for (const what of [...forRun, ...names.flatMap(forHost)])
      if (count++ % stride === 0) yield at(step, what)
  }
}

const kills: readonly Trouble[] = [
  { kind: 'kill', sequel: 'resume', afterMs: 10 },
  { kind: 'kill', sequel: 'resume', afterMs: 90_000 },
  { kind: 'kill', sequel: 'back', afterMs: 10 },
  { kind: 'kill', sequel: 'nothing', afterMs: 0 },
]

const forRun: readonly Trouble[] = [
  { kind: 'kill', sequel: 'back', afterMs: 90_000 },
  { kind: 'journal', isKept: false },
  { kind: 'stop', ms: 90_000, isSuspended: false },
  { kind: 'stop', ms: 90_000, isSuspended: true },
  { kind: 'wall-clock', byMs: 3_600_000 },
  { kind: 'interrupt', signal: 'SIGINT' },
  { kind: 'pause', ms: 5000 },
  { kind: 'second-run' },
]

const forHost = (host: string): readonly Trouble[] => [
  { kind: 'lose-request', host, times: 1 },
  { kind: 'lose-request', host, times: 3 },
  { kind: 'lose-answer', host, times: 1 },
  { kind: 'double', host, times: 1 },
  { kind: 'late', host, times: 1, ms: 2000 },
  { kind: 'late', host, times: 1, ms: 40_000 },
  { kind: 'cut', host },
  { kind: 'partition', hosts: [host], ms: 5000 },
  { kind: 'partition', hosts: [host], ms: 100_000 },
  { kind: 'partition', hosts: [host], ms: null },
  { kind: 'reboot', host, isPowerCut: false },
  { kind: 'reboot', host, isPowerCut: true },
  { kind: 'disk-full', host, ms: 100 },
  { kind: 'disk-full', host, ms: 100_000 },
  { kind: 'dead-man-dies', host },
  { kind: 'intruder', host, deed: 'quit-old' },
  { kind: 'intruder', host, deed: 'kill-old' },
  { kind: 'intruder', host, deed: 'quit-new' },
  { kind: 'intruder', host, deed: 'kill-new' },
  { kind: 'intruder', host, deed: 'kill-worker' },
  { kind: 'intruder', host, deed: 'third-binary' },
  { kind: 'intruder', host, deed: 'reload' },
]
