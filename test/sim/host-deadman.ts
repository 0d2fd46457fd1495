/** The dead-man of a simulated host. After src/host/{deadman,settle}.sh. */
import {
  dropEffect,
  goingOnStates,
  type Hand,
  holdEffect,
  isDeadManAlive,
  isIn,
  isLeasePast,
  moment,
} from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { bringToEnd } from './host-settle.ts'

/** Starts it and proves that it is alive (invariant 6). */
export function* arm(hand: Hand): Steps<boolean> {
  const { host, run } = hand
  if (host.deadMan) host.deadMan.isAlive = false
  host.deadMan = undefined
  yield host.dice.between(2, 40)
  if (!isIn(hand, ...goingOnStates)) return false
  host.deadMan = host.start('dead-man', task => watch({ host, run, epoch: 0, session: 0, task }))
  return isDeadManAlive(host)
}

const longestSleepMs = 5000
const mostFires = 30

function* watch(hand: Hand): Steps<void> {
  const { host, run } = hand
  let fired = 0
  // The record may be replaced under it.
  yield moment(host)
  while (isIn(hand, ...goingOnStates)) {
    let sleepMs = 2000
    if (isLeasePast(host, run)) {
      if (yield* fire(hand)) fired++
      if (fired >= mostFires) return
    } else {
      const { lease } = host.disk.now
      sleepMs = Math.min(longestSleepMs, Math.max(1, (lease?.until ?? 0) - host.uptimeMs()))
    }
    if (!isIn(hand, ...goingOnStates)) return
    yield sleepMs / host.traits.slowness + 1
  }
}

/** The one hand on this host becomes the dead-man's; a renewal that came before that wins. */
function* fire(hand: Hand): Steps<boolean> {
  const { host, run } = hand
  if (!(yield* wrestEffect(hand))) return false
  if (isLeasePast(host, run) && isIn(hand, ...goingOnStates)) yield* bringToEnd(hand)
  dropEffect(hand)
  return true
}

/** A phase that does not let go within a second is ended; one that goes back or commits does what we would do. */
export function* wrestEffect(hand: Hand): Steps<boolean> {
  const { host } = hand
  if (yield* holdEffect(hand, 1000)) return true
  if (!isIn(hand, 'prepared', 'switching', 'switched', 'precommitted')) return false
  if (host.effect) host.effect.isAlive = false
  return yield* holdEffect(hand, 1000)
}
