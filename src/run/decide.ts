/**
 * What to do next, from the state of the run alone: no clock, no I/O, nothing remembered. The same state always gives
 * the same decisions, and a decision that was begun changes the state at once, so it is never given twice.
 */
import { plural } from '../core/text.ts'
import type { RunOutcome, StageInfo } from '../journal/entry.ts'
import { each } from './each.ts'
import { forward } from './forward.ts'
import { type HostPhase, hostsIn, inPhase, type RunState } from './state.ts'

export interface HostDecision {
  readonly do: 'inspect' | 'look' | 'prepare' | 'switch' | 'precommit' | 'commit' | 'revert'
  readonly host: string
}

export type Decision =
  | HostDecision
  | { readonly do: 'leave-out'; readonly host: string }
  | { readonly do: 'start-stage' | 'finish-stage' }
  | { readonly do: 'bake' | 'wait-at-gate' | 'look-again' }
  | { readonly do: 'start-precommit' }
  | { readonly do: 'decide' }
  | { readonly do: 'roll-back'; readonly reason: string }
  | { readonly do: 'finish'; readonly outcome: RunOutcome }

export function decide(state: RunState): readonly Decision[] {
  if (state.finished) return []
  if (state.decided) return forward(state)
  // Going back needs no look: a revert looks for itself, and must not wait for those who do not answer.
  if (state.rollingBack !== undefined) return goBack(state)
  if (state.interrupted) return interrupt(state)
  if (inPhase(state, 'unsure', 'looking') > 0) return each('look', hostsIn(state, 'unsure'))
  if (state.woke !== 'no') return state.woke === 'yes' ? [{ do: 'look-again' }] : []
  const turn = overBudget(state) ?? windowTurn(state)
  if (turn) return turn
  if (inPhase(state, 'waiting', 'inspecting') > 0) return each('inspect', hostsIn(state, 'waiting'))
  return unfit(state) ?? prepare(state) ?? (state.precommitting ? precommit(state) : roll(state))
}

/** Interrupted before any change there is nothing to undo, only questions to wait for. */
function interrupt(state: RunState): readonly Decision[] {
  if (inPhase(state, 'inspecting') > 0) return []
  const begun = inPhase(state, 'preparing', 'prepared', ...changed) > 0
  return begun || state.failures.size > 0
    ? [{ do: 'roll-back', reason: interruptedBy(state) }]
    : [{ do: 'finish', outcome: 'interrupted' }]
}

function interruptedBy({ interrupted }: RunState): string {
  return interrupted === 'abort' ? 'asked to go back' : `interrupted by ${interrupted}`
}

/** One unfit host stops everything before any change; unreachable ones only within max_unreachable. */
function unfit(state: RunState): readonly Decision[] | undefined {
  const refused = inPhase(state, 'refused')
  const unreachable = inPhase(state, 'unreachable')
  // Those that were left out before count, too: hosts are lost one by one while they are prepared.
  const lost = unreachable > 0 ? unreachable + leftOutBefore(state) : 0
  if (refused > 0 || lost > state.limits.maxUnreachable) {
    if (inPhase(state, 'preparing') > 0) return []
    if (inPhase(state, 'prepared', 'in-doubt', ...changed) > 0 || isTouched(state)) {
      return [{ do: 'roll-back', reason: `${plural(refused + unreachable, 'host')} cannot be changed` }]
    }
    return [{ do: 'finish', outcome: 'refused' }]
  }
  if (unreachable > 0) return each('leave-out', hostsIn(state, 'unreachable'))
  return undefined
}

/** One that failed and could not be released counts as a failure. */
function leftOutBefore({ groups, failures }: RunState): number {
  return [...(groups.get('left-out') ?? [])].filter(host => !failures.has(host)).length
}

/** All hosts are prepared before the first one switches. */
function prepare(state: RunState): readonly Decision[] | undefined {
  if (inPhase(state, 'inspected', 'preparing') > 0) return each('prepare', hostsIn(state, 'inspected'))
  const settled = inPhase(state, 'current', 'left-out')
  if (settled < state.hosts.size) return undefined
  if (inPhase(state, 'current') === 0) return [{ do: 'finish', outcome: 'refused' }]
  const outcome = inPhase(state, 'left-out') > 0 ? 'committed-with-failures' : 'nothing-to-do'
  return [{ do: 'finish', outcome }]
}

/** Failures beyond max_failed; after the participants are frozen, any failure at all. */
function overBudget(state: RunState): readonly Decision[] | undefined {
  const failed = state.failures.size
  const isParticipantLost = state.precommitting && inPhase(state, 'failing', 'in-doubt') > 0
  if (failed > state.limits.maxFailed || isParticipantLost) {
    return [{ do: 'roll-back', reason: failureReason(state) }]
  }
  return undefined
}

/** The window has closed for hosts that are left: those in hand are finished, then all go back. */
function windowTurn(state: RunState): readonly Decision[] | undefined {
  if (state.window !== 'rollback' || state.pending.every(hosts => hosts.size === 0)) return undefined
  // What was begun is finished, its health included.
  if (inPhase(state, ...inHand) > 0) return undefined
  const isHeld = state.limits.windows?.onClose === 'hold' && isTouched(state)
  const reason = `the maintenance window has closed${isHeld ? ', and does not open again within 24h' : ''}`
  return [{ do: 'roll-back', reason }]
}

/** From its switch until it is healthy or proven old again. */
const inHand: readonly HostPhase[] = ['switching', 'switched', 'failing', 'reverting']

function failureReason(state: RunState): string {
  const [first] = state.failures
  const why = first ? state.hosts.get(first)?.fault?.message : undefined
  const more = state.failures.size > 1 ? ` and ${plural(state.failures.size - 1, 'other host')}` : ''
  return `${first}${more} failed${why ? `: ${why}` : ''}`
}

/** The sliding window: a host counts from its switch until it is healthy or proven old again. */
function roll(state: RunState): readonly Decision[] {
  const stage = state.limits.stages[state.stage]
  if (!stage) return endOfStages(state)
  const reverts = each('revert', hostsIn(state, 'failing'))
  if (state.pausedMs !== undefined) return reverts
  const busy = inPhase(state, ...inHand)
  // Taken over or woken, the hosts of earlier stages are judged anew before the next one begins.
  if (state.stageStep === 'waiting') return busy > 0 ? reverts : enterStage(state, stage)
  const limit = Math.min(state.limits.concurrency, stage.concurrency)
  const pending = state.pending[state.stage] ?? new Set()
  if (pending.size > 0) {
    const free = isShut(state) ? 0 : Math.max(0, limit - busy)
    return [...reverts, ...each('switch', pending, free)]
  }
  if (busy > 0 || state.stageStep === 'baking') return reverts
  if (stage.bakeMs > 0 && state.stageStep === 'rolling') return [{ do: 'bake' }]
  return [{ do: 'finish-stage' }]
}

/** A stage that has nobody left to switch is passed over, without its gate and its bake. */
function enterStage(state: RunState, { gate }: StageInfo): readonly Decision[] {
  if ((state.pending[state.stage]?.size ?? 0) === 0) return [{ do: 'finish-stage' }]
  // An approval may come while the window is closed, and counts when it opens.
  if (gate === null || state.gate === 'passed') return isShut(state) ? [] : [{ do: 'start-stage' }]
  return state.gate === 'shut' ? [{ do: 'wait-at-gate' }] : []
}

function isShut({ window }: RunState): boolean {
  return window === 'hold' || window === 'rollback'
}

function endOfStages(state: RunState): readonly Decision[] {
  const reverts = each('revert', hostsIn(state, 'failing'))
  if (reverts.length > 0 || state.pausedMs !== undefined || inPhase(state, 'reverting', 'switched') > 0)
    return reverts
  if (inPhase(state, 'in-doubt') > 0) {
    return [
      { do: 'roll-back', reason: `${plural(inPhase(state, 'in-doubt'), 'host')} could not be proven old` },
    ]
  }
  if (inPhase(state, 'healthy') === 0) return [{ do: 'roll-back', reason: 'no host is left to commit' }]
  return [{ do: 'start-precommit' }]
}

/** Invariant 5: decided only after every participant has acknowledged. */
function precommit(state: RunState): readonly Decision[] {
  if (inPhase(state, 'healthy', 'precommitting', 'switched') > 0)
    return each('precommit', hostsIn(state, 'healthy'))
  return [{ do: 'decide' }]
}

/** What a rollback has to undo; of those that nobody has looked at yet it is not known. */
const changed: readonly HostPhase[] = [
  'unsure',
  'looking',
  'switching',
  'switched',
  'healthy',
  'failing',
  'precommitting',
  'precommitted',
]

/** Every switched host in parallel, those that serve first; no host's failure stops another's. */
function goBack(state: RunState): readonly Decision[] {
  const free = state.limits.rollbackConcurrency - inPhase(state, 'reverting')
  const doubtful = [...hostsIn(state, 'in-doubt')].filter(host => !state.retried.has(host))
  const waiting = [...hostsIn(state, ...changed), ...doubtful, ...hostsIn(state, 'prepared')]
  if (waiting.length > 0) return each('revert', waiting, Math.max(0, free))
  if (inPhase(state, 'reverting', 'preparing', 'inspecting') > 0) return []
  return [{ do: 'finish', outcome: endOfRollback(state) }]
}

function endOfRollback(state: RunState): RunOutcome {
  if (inPhase(state, 'in-doubt', 'committed') > 0) return 'in-doubt'
  if (isTouched(state)) return 'rolled-back'
  return state.interrupted ? 'interrupted' : 'refused'
}

function isTouched({ hosts }: RunState): boolean {
  for (const host of hosts.values()) if (host.touched) return true
  return false
}
