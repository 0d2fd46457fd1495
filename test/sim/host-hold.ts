/** The hold on a simulated host: new serves, old is parked; renewals and the precommit. After src/host/{hold,lease,phase}.sh. */
import type { LookOutcome } from '../../src/driver/hands.ts'
import { changedFault } from './host-answers.ts'
import { arm } from './host-deadman.ts'
import type { RunState } from './host-disk.ts'
import {
  becomesNewest,
  dropEffect,
  extendLease,
  type Hand,
  holdEffect,
  isDeadManAlive,
  isIn,
  mayGoForward,
  moment,
  note,
  recordOf,
} from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { acceptingOf, isToldToQuit, mastersOf, pidFile, same } from './host-processes.ts'

/** The effect lock is ours, the run is in one of these states and nobody asked to go back. @returns why not */
export function* beginPhase(hand: Hand, states: readonly RunState[]): Steps<string | undefined> {
  yield moment(hand.host)
  if (!(yield* holdEffect(hand, 5000))) return 'EFFECT_HELD'
  const why = refusalOf(hand, states)
  if (why) dropEffect(hand)
  else hand.host.witness.began(hand)
  return why
}

function refusalOf(hand: Hand, states: readonly RunState[]): string | undefined {
  if (!isIn(hand, ...states)) return 'WRONG_PHASE'
  if (recordOf(hand)?.boot !== hand.host.boot) return 'REBOOTED'
  if (!becomesNewest(hand)) return 'FENCED'
  const may = mayGoForward(hand)
  return may === 'yes' ? undefined : may
}

/** The controller is heard from; and is the host still as it was left? */
export function* renew(hand: Hand, leaseMs: number): Steps<LookOutcome> {
  const { host } = hand
  const name = host.traits.name
  const state = recordOf(hand)?.state
  const failed = (code: string): LookOutcome => ({ kind: 'failed', fault: changedFault(name, code) })
  if (!isIn(hand, 'prepared', 'switching', 'switched', 'precommitted'))
    return failed(state === 'reverting' || state === 'reverted' ? 'LEASE_LOST' : 'WRONG_PHASE')
  const why = mayRenew(hand)
  if (why) return failed(why)
  if (!isDeadManAlive(host) && !(yield* arm(hand))) return failed('DEAD_MAN_FAILED')
  if (!extendLease(hand, leaseMs)) return failed('LEASE_LOST')
  if (!isIn(hand, 'switched', 'precommitted')) return { kind: 'pass' }
  const changed = parkedWell(hand)
  return changed ? failed(changed) : { kind: 'pass' }
}

export function mayRenew(hand: Hand): string | undefined {
  if (!becomesNewest(hand)) return 'FENCED'
  return mayGoForward(hand) === 'yes' ? undefined : 'LEASE_LOST'
}

/** Frozen as a participant: everything is looked at once more. Its lease is extended first. */
export function* precommit(hand: Hand, leaseMs: number): Steps<LookOutcome> {
  const { host } = hand
  const failed = (code: string): LookOutcome => ({
    kind: 'failed',
    fault: changedFault(host.traits.name, code),
  })
  const isGranted = mayRenew(hand) === undefined && extendLease(hand, leaseMs)
  const refused = yield* beginPhase(hand, ['switched', 'precommitted'])
  if (refused) return failed(refused)
  const why = isGranted ? (parkedWell(hand) ?? strangersIn(hand)) : 'LEASE_LOST'
  const isNoted = why === undefined && note(hand, { state: 'precommitted' })
  dropEffect(hand)
  if (why !== undefined) return failed(why)
  return isNoted ? { kind: 'pass' } : failed('RECORD_FAILED')
}

/** New serves with the very workers it was switched with, old is parked and alive, the path is old. */
export function parkedWell(hand: Hand): string | undefined {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'WRONG_PHASE'
  const { oldMaster, oldBinary, newMaster, newBinary, newSet } = record
  if (!same(host, newMaster, newBinary)) return 'NEW_MASTER_DIED'
  const set = acceptingOf(host, newBinary, newMaster).map(one => one.pid)
  if (!newSet.every(pid => set.includes(pid))) return 'WORKERS_UNSTABLE'
  if (!same(host, oldMaster, oldBinary)) return 'OLD_MASTER_GONE'
  if (isToldToQuit(host, oldMaster)) return 'OLD_MASTER_QUITS'
  return host.disk.now.names.path === oldBinary ? undefined : 'PATH_CHANGED'
}

/** Exactly the two masters and the workers of the new one; the pid file names that. */
function strangersIn(hand: Hand): string | undefined {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'WRONG_PHASE'
  const { oldBinary, newBinary, newMaster, newSet } = record
  if (mastersOf(host, oldBinary).length !== 1 || mastersOf(host, newBinary).length !== 1)
    return 'UNEXPECTED_PROCESSES'
  if (acceptingOf(host, oldBinary).length > 0) return 'UNEXPECTED_PROCESSES'
  if (acceptingOf(host, newBinary).length !== newSet.length) return 'WORKERS_UNSTABLE'
  return pidFile(host) === newMaster ? undefined : 'PID_FILE_CHANGED'
}
