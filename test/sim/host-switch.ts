/** The switch on a simulated host: one signal, one verified postcondition, the next signal. After src/host/switch.sh. */
import type { SwitchOutcome } from '../../src/driver/hands.ts'
import { foundOn, switchFault } from './host-answers.ts'
import { goBack } from './host-back.ts'
import { beginPhase, parkedWell } from './host-hold.ts'
import {
  dropEffect,
  type Hand,
  isDeadManAlive,
  isLeasePast,
  mayGoForward,
  moment,
  nap,
  note,
  recordOf,
} from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { putNew, putOld } from './host-place.ts'
import {
  acceptingOf,
  isIdle,
  isOldParked,
  mastersOf,
  pidFile,
  same,
  send,
  unbornOf,
} from './host-processes.ts'

const parkMs = 10_000
const stillMs = 2000

export function* switchOver(hand: Hand, startMs: number): Steps<SwitchOutcome> {
  const { host } = hand
  const name = host.traits.name
  const refused = yield* beginPhase(hand, ['prepared', 'switched', 'precommitted'])
  if (refused) return { kind: 'failed', fault: switchFault(name, refused) }
  if (recordOf(hand)?.state !== 'prepared') {
    const changed = parkedWell(hand)
    dropEffect(hand)
    return changed ? { kind: 'failed', fault: switchFault(name, changed) } : { kind: 'switched' }
  }
  const why = yield* takeOver(hand, startMs)
  if (why === undefined) {
    dropEffect(hand)
    return { kind: 'switched' }
  }
  return yield* giveUp(hand, why)
}

/** Back to old at once, under the same effect lock; unless somebody waits for it who does the same. */
function* giveUp(hand: Hand, why: string): Steps<SwitchOutcome> {
  const { host, run } = hand
  const fault = switchFault(host.traits.name, why)
  if (host.disk.now.cancelled.includes(run) || (isLeasePast(host, run) && isDeadManAlive(host))) {
    dropEffect(hand)
    return { kind: 'failed', fault }
  }
  const stuck = yield* goBack(hand, 30_000)
  dropEffect(hand)
  return stuck === 'reverted' ? { kind: 'reverted', fault, found: foundOn(host) } : { kind: 'failed', fault }
}

function* takeOver(hand: Hand, startMs: number): Steps<string | undefined> {
  const { host } = hand
  yield moment(host)
  const record = recordOf(hand)
  if (!record || !isAsPrepared(hand)) return 'CHANGED_SINCE_PREPARE'
  // Invariant 6, before the first signal.
  if (!isDeadManAlive(host)) return 'DEAD_MAN_FAILED'
  const oldSet = acceptingOf(host, record.oldBinary, record.oldMaster).map(one => one.pid)
  if (!note(hand, { oldSet, state: 'switching' })) return 'RECORD_FAILED'
  yield moment(host)
  const until = host.uptimeMs() + startMs
  const why =
    (yield* startNew(hand, until)) ?? (yield* fullSet(hand, oldSet.length, until)) ?? (yield* parkOld(hand))
  if (why) return why
  yield moment(host)
  return note(hand, { state: 'switched', wasParked: true }) ? undefined : 'RECORD_FAILED'
}

function isAsPrepared({ host, run }: Hand): boolean {
  const { record, names } = host.disk.now
  if (record?.run !== run) return false
  const { oldBinary, newBinary, oldMaster } = record
  return (
    names.path === oldBinary &&
    names.beside === newBinary &&
    same(host, oldMaster, oldBinary) &&
    acceptingOf(host, oldBinary, oldMaster).length > 0 &&
    mastersOf(host, newBinary).length === 0 &&
    pidFile(host) === oldMaster &&
    !isOldParked(host)
  )
}

function* startNew(hand: Hand, until: number): Steps<string | undefined> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { oldMaster, oldBinary, newBinary } = record
  if (!putNew(hand)) return 'EXCHANGE_FAILED'
  yield moment(host)
  if (!note(hand, { usr2Sent: true })) return 'RECORD_FAILED'
  if (!send(host, senderOf(hand), 'USR2', oldMaster, oldBinary)) return 'IDENTITY_LOST'
  let hasBegun = false
  for (;;) {
    yield nap(host)
    const wasHandled = isIdle(host, oldMaster)
    const pid = pidFile(host)
    if (pid !== 0 && pid !== oldMaster) {
      const born = host.nginx.processes().find(one => one.pid === pid && one.parent === oldMaster)
      if (born && born.binary !== newBinary) return 'PATH_CHANGED'
      if (born) break
    }
    if (host.uptimeMs() >= until) return 'NEW_MASTER_TIMEOUT'
    const may = mayGoForward(hand)
    if (may !== 'yes') return may
    if (!same(host, oldMaster, oldBinary)) return 'OLD_MASTER_GONE'
    if (host.nginx.disk.oldbin !== undefined) hasBegun = true
    else if (wasHandled && pid === oldMaster) return hasBegun ? 'NEW_MASTER_DIED' : 'NO_NEW_MASTER'
    // One that hangs before it writes its pid file has still been exec'd: the path need not wait for it.
    const hasExecd = unbornOf(host, newBinary, oldMaster).length > 0
    if (hasExecd && !putOld(hand)) return 'PATH_CHANGED'
  }
  const newMaster = pidFile(host)
  yield moment(host)
  if (!putOld(hand)) return 'PATH_CHANGED'
  return note(hand, { newMaster }) ? undefined : 'RECORD_FAILED'
}

/** As many accepting workers as the old one has, the same ones in two looks 100 ms apart. */
function* fullSet(hand: Hand, wanted: number, until: number): Steps<string | undefined> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { newMaster, newBinary } = record
  const look = () => acceptingOf(host, newBinary, newMaster).map(one => one.pid)
  let [had, changed] = [-1, host.uptimeMs()]
  for (;;) {
    if (!same(host, newMaster, newBinary)) return 'NEW_MASTER_DIED'
    const may = mayGoForward(hand)
    if (may !== 'yes') return may
    const set = look()
    if (set.length === wanted) {
      host.disk.sync('names')
      yield 100
      if (look().join() === set.join()) {
        if (!note(hand, { newSet: set })) return 'RECORD_FAILED'
        return undefined
      }
    }
    if (set.length !== had) [had, changed] = [set.length, host.uptimeMs()]
    if (host.uptimeMs() >= until || host.uptimeMs() - changed > stillMs) return 'WORKERS_MISSING'
    yield nap(host)
  }
}

/** WINCH only if in the same breath the new side is complete; then until no old worker accepts. */
function* parkOld(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  yield moment(host)
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { oldMaster, oldBinary, newMaster, newBinary, oldSet } = record
  const may = mayGoForward(hand)
  if (may !== 'yes') return may
  if (!same(host, newMaster, newBinary)) return 'NEW_MASTER_DIED'
  if (!note(hand, { winchAt: host.uptimeMs() })) return 'RECORD_FAILED'
  if (!send(host, senderOf(hand), 'WINCH', oldMaster, oldBinary)) return 'IDENTITY_LOST'
  const until = host.uptimeMs() + parkMs
  while (!isIdle(host, oldMaster) || acceptingOf(host, oldBinary).some(one => oldSet.includes(one.pid))) {
    if (host.uptimeMs() >= until) return 'OLD_WORKERS_STAY'
    const still = mayGoForward(hand)
    if (still !== 'yes') return still
    yield nap(host)
  }
  const changed = parkedWell(hand)
  return changed === 'PATH_CHANGED' ? undefined : changed
}

export function senderOf({ host, run, task }: Hand) {
  return { what: task.what, run, holdsEffect: host.effect === task }
}
