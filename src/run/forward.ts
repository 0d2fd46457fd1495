/**
 * After the decision: only forward. Participants commit; a host that went back before it heard of the decision is
 * brought forward through every phase, its health included. One that fails on the way goes back alone.
 */
import type { RunOutcome } from '../journal/entry.ts'
import type { Decision } from './decide.ts'
import { each } from './each.ts'
import { hostsIn, inPhase, type RunState } from './state.ts'

export function forward(state: RunState): readonly Decision[] {
  const busy = inPhase(state, 'switching', 'switched', 'failing', 'reverting')
  const next = [
    ...each('commit', hostsIn(state, 'precommitted')),
    ...each('precommit', hostsIn(state, 'healthy')),
    ...each('revert', hostsIn(state, 'failing')),
    ...each('switch', hostsIn(state, 'prepared'), Math.max(0, state.limits.concurrency - busy)),
    ...each('prepare', hostsIn(state, 'inspected')),
    ...each('inspect', hostsIn(state, 'waiting')),
    ...each('look', hostsIn(state, 'unsure')),
  ]
  const busyToo = ['looking', 'inspecting', 'preparing', 'prepared', 'precommitting', 'committing'] as const
  return next.length > 0 || busy + inPhase(state, ...busyToo) > 0
    ? next
    : [{ do: 'finish', outcome: outcomeOf(state) }]
}

function outcomeOf(state: RunState): RunOutcome {
  if (inPhase(state, 'in-doubt') > 0 || state.failures.size > state.limits.maxFailed) return 'in-doubt'
  const short = state.failures.size + inPhase(state, 'left-out')
  return short > 0 ? 'committed-with-failures' : 'committed'
}
