/** How a run stands: what every view shows in its own way. `fold.ts` makes it from the journal. */
import type { Fault } from '../core/fault.ts'
import type { Entry, HostFacts, StageInfo } from '../journal/entry.ts'

export type HostStep =
  | 'waiting'
  | 'inspecting'
  | 'inspected'
  | 'current'
  | 'unreachable'
  | 'refused'
  | 'left out'
  | 'preparing'
  | 'prepared'
  | 'switching'
  | 'switched'
  | 'healthy'
  | 'failed'
  | 'precommitting'
  | 'precommitted'
  | 'committing'
  | 'committed'
  | 'reverting'
  | 'reverted'
  | 'released'
  | 'in doubt'

export type Effect = 'prepare' | 'switch' | 'precommit' | 'commit' | 'revert'

export interface HostStanding {
  readonly name: string
  readonly stage: string
  step: HostStep
  /** Its switch was begun. */
  touched: boolean
  before: HostFacts | undefined
  after: HostFacts | undefined
  /** Of the binary it was prepared for; empty before that. */
  newVersion: string
  faults: readonly Fault[]
  /** Effects that were begun and have no end yet. */
  readonly open: Set<Effect>
}

export interface StageStanding {
  readonly info: StageInfo
  step: 'waiting' | 'rolling' | 'baking' | 'baked' | 'finished'
}

export interface Standing {
  opening: Extract<Entry, { type: 'run.started' }> | undefined
  readonly stages: StageStanding[]
  readonly hosts: Map<string, HostStanding>
  /** How many hosts are at each step. */
  readonly counts: Map<HostStep, number>
  decided: boolean
  rollingBack: string | undefined
  interrupted: string | undefined
  finished: Extract<Entry, { type: 'run.finished' }> | undefined
  /** Time of the newest entry, in milliseconds since 1970. */
  lastMs: number
}

export function newStanding(): Standing {
  return {
    opening: undefined,
    stages: [],
    hosts: new Map(),
    counts: new Map(),
    decided: false,
    rollingBack: undefined,
    interrupted: undefined,
    finished: undefined,
    lastMs: 0,
  }
}

/** Milliseconds from the start of the run to its newest entry. */
export function elapsedMs({ opening, lastMs }: Standing): number {
  return opening ? Math.max(0, lastMs - Date.parse(opening.at)) : 0
}

export function countAt({ counts }: Standing, ...steps: HostStep[]): number {
  return steps.reduce((sum, step) => sum + (counts.get(step) ?? 0), 0)
}

export function hostsAt({ hosts }: Standing, ...steps: HostStep[]): HostStanding[] {
  return [...hosts.values()].filter(host => steps.includes(host.step))
}
