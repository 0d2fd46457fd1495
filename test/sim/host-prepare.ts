/** Looking at a simulated host, and preparing it. After src/host/{preflight,prepare,stand}.sh. */
import type {
  HostLock,
  Inspection,
  InspectOutcome,
  PrepareOutcome,
  StandOutcome,
} from '../../src/driver/hands.ts'
import { foundOn, inspectionOf, unfitFault } from './host-answers.ts'
import { arm } from './host-deadman.ts'
import {
  becomesNewest,
  closeRun,
  dropEffect,
  extendLease,
  giveLock,
  type Hand,
  holdEffect,
  isIn,
  isLockAlive,
  isUnfinished,
  moment,
  nap,
  recordOf,
} from './host-lock.ts'
import type { Machine, Steps } from './host-machine.ts'
import { acceptingOf, drainingOf, pidFile, same } from './host-processes.ts'
import { settle } from './host-settle.ts'

export interface Wanted {
  readonly binary: string
  readonly leaseMs: number
  readonly drainMs: number
}

export function inspect(hand: Hand, wanted: Wanted): InspectOutcome {
  const { host } = hand
  const inspection = inspectionOf(host, wanted.binary, lockOf(host))
  if (inspection.current) return { kind: 'pass', inspection }
  const why = refusalOf(hand, inspection)
  return why
    ? { kind: 'refused', faults: [unfitFault(host.traits.name, why)], inspection }
    : { kind: 'pass', inspection }
}

function refusalOf(
  { host, run }: Hand,
  { onDisk, runsPath, workers, masters }: Inspection,
): string | undefined {
  const { lock } = host.disk.now
  if (lock && lock.run !== run) {
    if (isLockAlive(host)) return 'LOCKED'
    if (isUnfinished(host) && host.disk.now.record?.boot === host.boot) return 'RUN_UNFINISHED'
  }
  if (pidFile(host) === 0) return 'PID_FILE_MISSING'
  if (!runsPath) return 'EXE_DIFFERS'
  if (masters > 1) return 'UPGRADE_UNFINISHED'
  if (drainingOf(host, onDisk.version).length > 0) return 'STILL_DRAINING'
  return workers === 0 ? 'NO_WORKERS' : undefined
}

function lockOf(host: Machine): HostLock | null {
  const { lock, lease, record } = host.disk.now
  if (!lock) return null
  const leaseMs = lease?.boot === host.boot ? lease.until - host.uptimeMs() : null
  return { run: lock.run, owner: lock.run, isAlive: isLockAlive(host), leaseMs, state: record?.state ?? '' }
}

export function* prepare(hand: Hand, wanted: Wanted): Steps<PrepareOutcome> {
  const { host } = hand
  yield moment(host)
  const why = (yield* takeLock(hand)) ?? (yield* prepareLocked(hand, wanted))
  if (why === undefined) return { kind: 'prepared', version: wanted.binary }
  if (host.effect === hand.task) {
    const record = recordOf(hand)
    // Of a run that somebody else leads nothing is ours to take away.
    if (why !== 'FENCED' && (!record || isIn(hand, 'prepared', 'committed', 'reverted')))
      yield* closeRun(hand, record?.state === 'committed' ? 'committed' : 'reverted')
    dropEffect(hand)
  }
  return { kind: 'refused', faults: [unfitFault(host.traits.name, why)] }
}

function* prepareLocked(hand: Hand, wanted: Wanted): Steps<string | undefined> {
  const { host } = hand
  if (!(yield* holdEffect(hand, 5000))) return 'EFFECT_HELD'
  if (!becomesNewest(hand)) return 'FENCED'
  const before = recordOf(hand)
  if (before && before.state !== 'prepared' && !mayPrepareAnew(hand)) return 'WRONG_PHASE'
  if (host.disk.now.cancelled.includes(hand.run)) return 'REVERT_ASKED'
  const old = host.disk.now.names.path ?? ''
  const oldMaster = pidFile(host)
  if (!same(host, oldMaster, old)) return 'CHANGED_SINCE_INSPECT'
  host.witness.began(hand)
  yield host.dice.between(20, 300)
  host.disk.set('names', { path: host.disk.now.names.path, beside: wanted.binary })
  yield moment(host)
  if (host.disk.now.names.path !== old) return 'CHANGED_SINCE_INSPECT'
  host.disk.set('backups', [...host.disk.now.backups, old])
  yield host.dice.between(5, 50)
  if (host.quality(wanted.binary) === 'refuses') return 'BINARY_DOES_NOT_RUN'
  const oldSet = acceptingOf(host, old, oldMaster).map(one => one.pid)
  if (oldSet.length === 0) return 'CHANGED_SINCE_INSPECT'
  if (host.isFull) return 'RECORD_FAILED'
  beginRecord(hand, wanted.binary, old, oldMaster, oldSet)
  yield moment(host)
  host.disk.sync('record', 'names', 'backups', 'lock', 'outcome', 'cancelled')
  // Once more: what is promised begins when the dead-man lives, however long it took to come up.
  if (!extendLease(hand, wanted.leaseMs) || !(yield* arm(hand)) || !extendLease(hand, wanted.leaseMs))
    return 'DEAD_MAN_FAILED'
  dropEffect(hand)
  return undefined
}

/** Only a later controller than that which has prepared it, and none that was overruled. */
function mayPrepareAnew(hand: Hand): boolean {
  const record = recordOf(hand)
  return record?.state === 'reverted' && hand.epoch > record.epoch && record.closedBy <= hand.epoch
}

function beginRecord(
  hand: Hand,
  newBinary: string,
  oldBinary: string,
  oldMaster: number,
  oldSet: number[],
): void {
  const { host, run, epoch } = hand
  host.disk.set('outcome', undefined)
  host.disk.set('cancelled', [])
  host.disk.set('record', {
    run,
    epoch,
    boot: host.boot,
    state: 'prepared',
    oldBinary,
    newBinary,
    oldMaster,
    oldSet,
    newMaster: 0,
    newSet: [],
    usr2Sent: false,
    winchAt: undefined,
    closedBy: 0,
  })
}

/** Invariant 8: one run a host. @returns why not */
function* takeLock(hand: Hand): Steps<string | undefined> {
  const { host, run } = hand
  const { lock } = host.disk.now
  if (!lock) {
    giveLock(hand)
    return undefined
  }
  if (lock.run === run) {
    // What it has in hand comes to its end first.
    if (!(yield* holdEffect(hand, 5000))) return 'LOCKED'
    const leads = becomesNewest(hand)
    dropEffect(hand)
    return leads ? undefined : 'FENCED'
  }
  if (isLockAlive(host)) return 'LOCKED'
  if (isUnfinished(host)) {
    // After a reboot there is nothing to wait for and nobody else to do it.
    if (host.disk.now.record?.boot === host.boot) return 'RUN_UNFINISHED'
    yield* settle(host, hand.task)
    if (isUnfinished(host)) return 'RUN_UNFINISHED'
  }
  if (!(yield* holdEffect(hand, 1000))) return 'LOCKED'
  const now = host.disk.now.lock
  const isFree = !now || (now.run === lock.run && !isLockAlive(host) && !isUnfinished(host))
  if (isFree) giveLock(hand)
  dropEffect(hand)
  return isFree ? undefined : 'LOCKED'
}

/** What is in hand comes to its end first, but for no longer than 10 s. Nothing is changed. */
export function* stand(hand: Hand): Steps<StandOutcome> {
  const { host, run } = hand
  const until = host.uptimeMs() + 10_000
  const isHeld = () => host.effect?.isAlive === true && host.disk.now.lock?.run === run
  while (isHeld() && host.uptimeMs() < until) yield nap(host)
  const record = recordOf(hand)
  const claimed = host.disk.now.outcome
  const isClosed = record?.state === 'committed' || record?.state === 'reverted'
  const state = claimed?.run === run && record && !isClosed ? claimed.outcome : record?.state
  return { kind: 'stand', stand: state ?? 'none', held: isHeld(), found: foundOn(host) }
}
