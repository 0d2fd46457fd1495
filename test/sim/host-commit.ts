/**
 * The commit on a simulated host: the outcome, the path for good, durable; then QUIT, if it is safe. QUIT delivery is the
 * point of no return (R15). After src/host/commit.sh.
 */
import type { CommitOutcome } from '../../src/driver/hands.ts'
import { foundOn, heldFault } from './host-answers.ts'
import {
  becomesNewest,
  claim,
  closeRun,
  dropEffect,
  type Hand,
  holdEffect,
  isIn,
  isOvertaken,
  moment,
  nap,
  note,
  recordOf,
} from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { knowsSides } from './host-place.ts'
import { acceptingOf, drainingOf, mastersOf, pidFile, same, send } from './host-processes.ts'
import { senderOf } from './host-switch.ts'

export function* decide(hand: Hand, drainMs: number): Steps<CommitOutcome> {
  const { host } = hand
  const held = (code: string): CommitOutcome => ({
    kind: 'held',
    fault: heldFault(host.traits.name, code),
  })
  yield moment(host)
  if (!(yield* holdEffect(hand, 5000 + drainMs))) return held('EFFECT_HELD')
  const why = yield* decideLocked(hand, drainMs)
  dropEffect(hand)
  if (why) return held(why)
  return { kind: 'committed', found: foundOn(host), oldLeft: 0, cut: 0 }
}

function* decideLocked(hand: Hand, drainMs: number): Steps<string | undefined> {
  if (isOvertaken(hand)) return 'FENCED'
  if (isIn(hand, 'committed')) {
    yield* closeRun(hand, 'committed')
    return undefined
  }
  return mayDecide(hand) ?? (yield* goForward(hand, drainMs))
}

/** No lease matters here: the claim is the one point at which the controller or the dead-man wins. */
function mayDecide(hand: Hand): string | undefined {
  if (!isIn(hand, 'precommitted', 'decided')) return 'WRONG_PHASE'
  if (isIn(hand, 'precommitted')) {
    if (recordOf(hand)?.boot !== hand.host.boot) return 'REBOOTED'
    if (!becomesNewest(hand)) return 'FENCED'
  } else becomesNewest(hand)
  return claim(hand, 'decided') ? undefined : 'REVERT_CLAIMED'
}

/** With the effect lock held and the outcome claimed, from wherever the commit stands. @returns why it is held */
export function* goForward(hand: Hand, drainMs: number): Steps<string | undefined> {
  const { host } = hand
  yield moment(host)
  if (!note(hand, { state: 'decided' })) return 'RECORD_FAILED'
  if (!knowsSides(hand)) {
    const record = recordOf(hand)
    if (host.disk.now.names.path !== record?.newBinary) return 'PATH_CHANGED'
  }
  yield moment(host)
  if (!putNewForGood(hand)) return 'EXCHANGE_FAILED'
  yield moment(host)
  host.disk.sync('names', 'record')
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { oldMaster, oldBinary, boot } = record
  if (boot !== host.boot) return yield* afterReboot(hand)
  if (same(host, oldMaster, oldBinary)) {
    if (!isQuitSafe(hand)) return 'NEW_NOT_SERVING'
    if (!send(host, senderOf(hand), 'QUIT', oldMaster, oldBinary)) return 'IDENTITY_LOST'
  }
  yield* drain(hand, drainMs)
  return yield* finishCommit(hand, record.newMaster)
}

/** Invariant 4: in the same breath the new master has its full set of workers and the old one is parked. */
function isQuitSafe({ host, run }: Hand): boolean {
  const { record } = host.disk.now
  if (record?.run !== run) return false
  const { oldBinary, oldMaster, newBinary, newMaster, newSet } = record
  if (acceptingOf(host, oldBinary, oldMaster).length > 0) return false
  const set = acceptingOf(host, newBinary, newMaster).map(one => one.pid)
  return set.join() === newSet.join() && same(host, newMaster, newBinary)
}

function putNewForGood(hand: Hand): boolean {
  const { host } = hand
  const record = recordOf(hand)
  const { path, beside } = host.disk.now.names
  if (!record) return false
  if (path === record.newBinary) return true
  if (path !== record.oldBinary || beside !== record.newBinary) return false
  host.setPath(beside, path)
  host.witness.exchanged(hand)
  return true
}

/** Waits for the old master to end; at the limit, which counts from WINCH, it gets TERM. */
function* drain(hand: Hand, drainMs: number): Steps<void> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return
  const { oldBinary, oldMaster, winchAt } = record
  const lives = () =>
    same(host, oldMaster, oldBinary) ||
    acceptingOf(host, oldBinary).length + drainingOf(host, oldBinary).length > 0
  let until = Math.max(host.uptimeMs(), (winchAt ?? host.uptimeMs()) + drainMs)
  let isCut = false
  while (lives()) {
    if (host.uptimeMs() >= until) {
      if (isCut) return
      isCut = true
      until = host.uptimeMs() + 10_000
      if (!send(host, senderOf(hand), 'TERM', oldMaster, oldBinary))
        for (const { pid } of [...acceptingOf(host, oldBinary), ...drainingOf(host, oldBinary)])
          send(host, senderOf(hand), 'TERM', pid, oldBinary)
    }
    yield nap(host)
  }
}

/** A decided host comes up new by itself. */
function* afterReboot(hand: Hand): Steps<string | undefined> {
  yield moment(hand.host)
  return yield* finishCommit(hand, pidFile(hand.host))
}

/** One master, no .oldbin, no lock, nothing temporary (invariant 11). */
function* finishCommit(hand: Hand, newMaster: number): Steps<string | undefined> {
  const { host } = hand
  yield moment(host)
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { oldBinary, newBinary } = record
  const left = mastersOf(host, oldBinary).length + acceptingOf(host, oldBinary).length
  if (left + drainingOf(host, oldBinary).length > 0) return 'OLD_MASTER_STAYS'
  const isServing = acceptingOf(host, newBinary, newMaster).length > 0
  if (pidFile(host) !== newMaster || !same(host, newMaster, newBinary) || !isServing)
    return 'NOT_AS_COMMITTED'
  yield* closeRun(hand, 'committed')
  return undefined
}
