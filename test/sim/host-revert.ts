/** A controller asks a simulated host to go back. After src/host/revert.sh. */
import type { RevertOutcome } from '../../src/driver/hands.ts'
import { foundOn, stuckFault } from './host-answers.ts'
import { goBack } from './host-back.ts'
import {
  becomesNewest,
  dropEffect,
  type Hand,
  holdEffect,
  isOvertaken,
  moment,
  uncancel,
} from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { isOldParked } from './host-processes.ts'

export function* revert(hand: Hand, drainMs: number): Steps<RevertOutcome> {
  const { host, run } = hand
  const stuck = (code: string): RevertOutcome => ({
    kind: code === 'DECIDED' ? 'decided' : 'stuck',
    fault: stuckFault(host.traits.name, code),
  })
  if (!becomesNewest(hand) && isOvertaken(hand)) return stuck('FENCED')
  host.disk.set('cancelled', [...host.disk.now.cancelled, run])
  yield moment(host)
  if (!isOurs(hand)) return untouched(hand)
  const isDecided = () => host.disk.now.outcome?.run === run && host.disk.now.outcome.outcome === 'decided'
  if (!(yield* holdEffect(hand, 1000)) && (isDecided() || !(yield* holdEffect(hand, 90_000))))
    return stuck(isDecided() ? 'DECIDED' : 'EFFECT_HELD')
  const way = yield* goBackLocked(hand, drainMs)
  dropEffect(hand)
  if (way === 'untouched') return untouched(hand)
  return way === 'reverted' ? { kind: 'reverted', found: foundOn(host) } : stuck(way)
}

function* goBackLocked(hand: Hand, drainMs: number): Steps<string> {
  // Another run may have taken the host over while we waited: what is there now is not ours to undo.
  if (!isOurs(hand)) return 'untouched'
  if (isOvertaken(hand) && !hand.host.disk.now.cancelled.includes(hand.run)) return 'FENCED'
  return yield* goBack(hand, drainMs)
}

function isOurs({ host, run }: Hand): boolean {
  return host.disk.now.record?.run === run || host.disk.now.lock?.run === run
}

/** Neither lock nor record are of this run. */
function untouched(hand: Hand): RevertOutcome {
  const { host } = hand
  uncancel(hand)
  const isKnown = host.disk.now.lock !== undefined || host.disk.now.record !== undefined
  if (!isKnown && isOldParked(host))
    return { kind: 'stuck', fault: stuckFault(host.traits.name, 'STATE_DIR') }
  return { kind: 'reverted', found: foundOn(host) }
}
