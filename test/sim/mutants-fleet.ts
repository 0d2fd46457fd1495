/** What mutants are shown on when luck does not: three hosts in two stages, and what goes wrong there. */
import type { Story, Strike } from './story.ts'

const names = ['h0', 'h1', 'h2']
export const canary = { name: 'canary', hosts: ['h0'], concurrency: 2, bakeMs: 20_000, gate: null, gateMs: 0 }
export const rest = { name: 'rest', hosts: ['h1', 'h2'], concurrency: 2, bakeMs: 0, gate: null, gateMs: 0 }
export const small = (more: Partial<Story['limits']> = {}): Partial<Story> => ({
  hosts: names.map(name => ({
    name,
    binary: 'old',
    workers: 2,
    qualities: {},
    rate: 1,
    slowness: 1,
    clients: [],
  })),
  limits: {
    stages: [canary, rest],
    concurrency: 2,
    maxFailed: 1,
    maxUnreachable: 0,
    rollbackConcurrency: 2,
    ...more,
  },
  leaseMs: 30_000,
  drainMs: 3000,
  forks: 10,
})

type At = Extract<Strike['when'], { entry: unknown }>['entry']
export const after = (entry: At, nth: number, plusMs: number, what: Strike['what']): Strike => ({
  when: { entry, nth, plusMs },
  what,
})
export const standsStill = (ms: number) => ({ kind: 'stop', ms, isSuspended: false }) as const
export const killed = (afterMs: number) => ({ kind: 'kill', sequel: 'resume', afterMs }) as const
