/** The entries of decisions that are nothing but an entry. */
import type { EntryBody } from '../journal/entry.ts'
import type { Decision, HostDecision } from './decide.ts'
import { finishEntry } from './ending.ts'
import type { Leases } from './leases.ts'
import type { RunState } from './state.ts'

export type Step = Exclude<Decision, HostDecision | { do: 'bake' | 'wait-at-gate' | 'look-again' | 'decide' }>

export function stepEntry(decision: Step, state: RunState): EntryBody {
  const stage = state.limits.stages[state.stage]?.name ?? ''
  switch (decision.do) {
    case 'leave-out': {
      const fault = state.hosts.get(decision.host)?.fault
      if (!fault) throw new Error(`${decision.host} is left out without a reason`)
      return { type: 'host.left_out', host: decision.host, fault }
    }
    case 'start-stage':
      return { type: 'stage.started', stage }
    case 'finish-stage':
      return { type: 'stage.finished', stage }
    case 'start-precommit':
      return { type: 'run.precommitting' }
    case 'roll-back':
      return { type: 'run.rolling_back', reason: decision.reason }
    case 'finish':
      return finishEntry(state, decision.outcome)
  }
}

export function isDecide(decision: Decision): decision is Extract<Decision, { do: 'decide' }> {
  return decision.do === 'decide'
}

/** What a maintenance window is asked about. */
export function isStart(decision: Decision): boolean {
  return decision.do === 'switch' || decision.do === 'start-stage'
}

/** Decided only while every participant still waits for it: a suspended controller must not decide on stale promises. */
export function decisionEntry(state: RunState, leases: Leases): EntryBody {
  const hosts = [...(state.groups.get('precommitted') ?? [])]
  const short = hosts.find(host => leases.leftMs(host) <= leases.decideBudgetMs())
  if (short === undefined) return { type: 'run.decided', hosts }
  const reason = `the lease of ${short} may run out before the decision reaches it (was this machine suspended?)`
  return { type: 'run.rolling_back', reason }
}
