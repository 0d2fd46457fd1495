/**
 * After the decision: only forward. Participants commit; a host that went back before it heard of the decision is
 * brought forward through every phase, its health included. One that fails on the way goes back alone.
 */
import type { RunOutcome } from '../journal/entry.ts'
import type { Decision } from './decide.ts'
import { each } from './each.ts'
import { hostsIn, inPhase, type RunState } from './state.ts'

export function forward(state: RunState): readonly Decision[] {
  const next: Decision[] = [
    ...each('commit', hostsIn(state, 'precommitted')),
    ...each('look', hostsIn(state, 'unsure')),
  ]
  // Those whose health nobody has watched are watched anew.
  if (state.woke === 'yes') next.push({ do: 'look-again' })
  // Whoever hears of it first makes it true; until then a decision of which no host knows binds nobody.
  if (!isHeardOf(state)) return next.length > 0 || inPhase(state, 'looking') > 0 ? next : [unheard(state)]
  next.push(...(state.journalLost ? giveUp(state) : bringForward(state)))
  const busy = [
    ...underWay,
    'looking',
    'inspecting',
    'preparing',
    'prepared',
    'precommitting',
    'committing',
  ] as const
  return next.length > 0 || inPhase(state, ...busy) > 0 ? next : [{ do: 'finish', outcome: outcomeOf(state) }]
}

const underWay = ['switching', 'switched', 'failing', 'reverting'] as const

function isHeardOf(state: RunState): boolean {
  return state.heard || inPhase(state, 'precommitted', 'committing', 'committed') > 0
}

/** All hosts are proven old and none has decided: then the run has gone back. One that cannot be seen may have decided. */
function unheard(state: RunState): Decision {
  if (inPhase(state, 'in-doubt') > 0) return { do: 'finish', outcome: 'in-doubt' }
  return { do: 'roll-back', reason: 'every host went back before it heard of the decision' }
}

function bringForward(state: RunState): readonly Decision[] {
  const free = state.limits.concurrency - inPhase(state, ...underWay)
  return [
    ...each('precommit', hostsIn(state, 'healthy')),
    ...each('revert', hostsIn(state, 'failing')),
    ...each('switch', hostsIn(state, 'prepared'), Math.max(0, free)),
    ...each('prepare', hostsIn(state, 'inspected')),
    ...each('inspect', hostsIn(state, 'waiting')),
  ]
}

/** Without a journal nothing new may be begun: who has not committed by now goes back. */
function giveUp(state: RunState): readonly Decision[] {
  const begun = ['switching', 'switched', 'healthy', 'failing', 'precommitting'] as const
  return each('revert', hostsIn(state, ...begun, 'prepared', 'inspected', 'waiting'))
}

function outcomeOf(state: RunState): RunOutcome {
  const left = state.failures.size + inPhase(state, 'reverted')
  if (inPhase(state, 'in-doubt') > 0 || left > state.limits.maxFailed) return 'in-doubt'
  return left + inPhase(state, 'left-out') > 0 ? 'committed-with-failures' : 'committed'
}
