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
  /** Another controller has taken the run over: what it has come to there is not known yet. */
  | 'unsure'
  | 'looking'

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
  /** It had failed and was proven back before another controller came: it takes no part any more. */
  wasBack: boolean
  faults: readonly Fault[]
  /** Effects that were begun and have no end yet. */
  readonly open: Set<Effect>
}

export interface StageStanding {
  readonly info: StageInfo
  step: 'waiting' | 'at gate' | 'rolling' | 'baking' | 'baked' | 'finished'
}

/** Something that ends by itself, and then takes the run back. Milliseconds since 1970. */
interface Wait {
  /** For how long at most. */
  readonly ms: number
  readonly untilMs: number
}

export interface Standing {
  opening: Extract<Entry, { type: 'run.started' }> | undefined
  readonly stages: StageStanding[]
  readonly hosts: Map<string, HostStanding>
  /** How many hosts are at each step. */
  readonly counts: Map<HostStep, number>
  /** The participants are frozen: from here any failure takes the whole fleet back. */
  precommitting: boolean
  decided: boolean
  /** Of the decision; undefined where it was only heard of from a host. */
  participants: ReadonlySet<string> | undefined
  /** A host that knew of a decision which the journal does not have. */
  decisionHeardFrom: string | undefined
  rollingBack: string | undefined
  interrupted: Extract<Entry, { type: 'run.interrupted' }> | undefined
  gate: (Wait & { readonly stage: string }) | undefined
  pause: (Wait & { readonly by: string }) | undefined
  /** Closed, and nothing more is switched until it opens again. */
  hold: { readonly opens: string | null; readonly zone: string } | undefined
  /** The controller stood still, and the hosts are heard from again. */
  stoodStill: boolean
  /** The newest controller, where it is not the one that began. */
  resumed: Extract<Entry, { type: 'run.resumed' }> | undefined
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
    precommitting: false,
    decided: false,
    participants: undefined,
    decisionHeardFrom: undefined,
    rollingBack: undefined,
    interrupted: undefined,
    gate: undefined,
    pause: undefined,
    hold: undefined,
    stoodStill: false,
    resumed: undefined,
    finished: undefined,
    lastMs: 0,
  }
}

/** Milliseconds from the start of the run to its newest entry. */
export function elapsedMs({ opening, lastMs }: Standing): number {
  return opening ? Math.max(0, lastMs - Date.parse(opening.at)) : 0
}

/** Undecided and turned around: nothing waits any more, and nobody is looked at first. */
export function isGoingBack({ decided, rollingBack }: Standing): boolean {
  return !decided && rollingBack !== undefined
}

export function moveTo({ counts }: Standing, host: HostStanding, step: HostStep): void {
  counts.set(host.step, (counts.get(host.step) ?? 0) - 1)
  counts.set(step, (counts.get(step) ?? 0) + 1)
  host.step = step
}

export function countAt({ counts }: Standing, ...steps: HostStep[]): number {
  return steps.reduce((sum, step) => sum + (counts.get(step) ?? 0), 0)
}

export function hostsAt({ hosts }: Standing, ...steps: HostStep[]): HostStanding[] {
  return [...hosts.values()].filter(host => steps.includes(host.step))
}
