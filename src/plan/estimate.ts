/** What a plan bounds: how many hosts at once, and how long at least and at most. Pure arithmetic on the plan. */
import type { Plan, PlannedCheck } from './plan.ts'

export interface StageEstimate {
  readonly stage: string
  /** Most of its hosts being changed at one time. */
  readonly mostAtOnce: number
  /** Turns it takes when every place is used: hosts over `mostAtOnce`, rounded up. */
  readonly turns: number
  readonly leastMs: number
  readonly mostMs: number
}

export interface Estimate {
  /** Most hosts being changed at one time, over the whole run; stages follow each other. */
  readonly mostAtOnce: number
  /** From its switch until a host can be healthy at the earliest. */
  readonly hostLeastMs: number
  /** The longest that one host may take by its own limits: the look before the switch, `start_timeout`, the longest `deadline`. */
  readonly hostMostMs: number
  /**
   * A lower bound when every host has to be changed and every approval comes at once: passes in a row and bakes alone.
   * Connecting, uploading and switching come on top.
   */
  readonly leastMs: number
  /** Every limit used up: also gates and, after the commit, `drain_timeout`. Connecting, uploading, pauses and going back come on top. */
  readonly mostMs: number
  readonly stages: readonly StageEstimate[]
}

export function estimate({ hosts, stages }: Plan): Estimate {
  const checks = hosts[0]?.health ?? []
  const hostLeastMs = Math.max(0, ...checks.map(passesMs))
  const lookMs = Math.max(0, ...checks.map(check => check.timeoutMs))
  const deadlineMs = Math.max(0, ...checks.map(check => check.deadlineMs))
  const hostMostMs = lookMs + (hosts[0]?.handover.startTimeoutMs ?? 0) + deadlineMs
  const each = stages.map((stage): StageEstimate => {
    const mostAtOnce = Math.min(stage.concurrency, stage.hosts.length)
    const turns = Math.ceil(stage.hosts.length / mostAtOnce)
    return {
      stage: stage.name,
      mostAtOnce,
      turns,
      leastMs: turns * hostLeastMs + stage.bakeMs,
      mostMs: stage.gateMs + turns * hostMostMs + stage.bakeMs,
    }
  })
  const drainMs = hosts[0]?.handover.drainTimeoutMs ?? 0
  return {
    mostAtOnce: Math.max(...each.map(stage => stage.mostAtOnce)),
    hostLeastMs,
    hostMostMs,
    leastMs: each.reduce((sum, stage) => sum + stage.leastMs, 0),
    mostMs: each.reduce((sum, stage) => sum + stage.mostMs, drainMs),
    stages: each,
  }
}

/** The first look comes right behind the switch, so of n passes in a row n - 1 intervals are waited for. */
export function passesMs({ healthy, intervalMs }: PlannedCheck): number {
  return (healthy - 1) * intervalMs
}
