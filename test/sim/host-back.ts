/** The way back on a simulated host: old serves first, then new ends, then old is alone. After src/host/{revert,back}.sh. */
import { claim, closeRun, type Hand, moment, nap, note, recordOf } from './host-lock.ts'
import type { Machine, Steps } from './host-machine.ts'
import { knowsSides, putOld } from './host-place.ts'
import {
  acceptingOf,
  drainingOf,
  isIdle,
  isToldToQuit,
  mastersOf,
  pidFile,
  same,
  send,
  unbornOf,
} from './host-processes.ts'
import { successor } from './host-reverse.ts'
import { senderOf } from './host-switch.ts'

/** `reverted` is proven old; anything else stands in the way. */
export type Way = 'reverted' | 'committed' | string

/** With the effect lock held, which stays held. */
export function* goBack(hand: Hand, drainMs: number): Steps<Way> {
  const { host } = hand
  const state = recordOf(hand)?.state
  if (state === undefined || state === 'prepared') return yield* release(hand)
  if (state === 'committed' || state === 'reverted') {
    yield* closeRun(hand, state)
    return state
  }
  if (!claim(hand, 'reverting')) return 'DECIDED'
  // Going back does not depend on what can be written: a full disk must not keep the new binary serving.
  note(hand, { state: 'reverting' })
  yield moment(host)
  if (recordOf(hand)?.boot === host.boot) yield* awaitExec(hand)
  const why = yield* backToOld(hand, drainMs)
  if (why) return why
  const record = recordOf(hand)
  // The log files may have been rotated while the old master was parked (R23).
  if (record) send(host, senderOf(hand), 'USR1', record.oldMaster, record.oldBinary)
  host.disk.sync('names', 'record', 'outcome')
  yield* closeRun(hand, 'reverted')
  host.witness.wentBack(hand)
  return 'reverted'
}

function* backToOld(hand: Hand, drainMs: number): Steps<string | undefined> {
  const { host } = hand
  if (!knowsSides(hand)) return 'PATH_CHANGED'
  yield moment(host)
  if (!putOld(hand)) return 'PATH_CHANGED'
  return (
    (yield* oldAgain(hand)) ??
    (yield* endNew(hand, drainMs)) ??
    (yield* oldAlone(hand)) ??
    (yield* idleSoon(hand))
  )
}

/** Nothing was signalled or exchanged. A file that somebody else put at the path meanwhile is reported. */
function* release(hand: Hand): Steps<Way> {
  const record = recordOf(hand)
  const isMoved = record !== undefined && hand.host.disk.now.names.path !== record.oldBinary
  yield* closeRun(hand, 'reverted')
  return isMoved ? 'PATH_CHANGED' : 'reverted'
}

/** A USR2 on its way would exec whatever is at the path by the time it is handled. */
function* awaitExec(hand: Hand): Steps<void> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record?.usr2Sent || record.newMaster !== 0) return
  const { oldMaster, oldBinary } = record
  const until = host.uptimeMs() + 3000
  while (same(host, oldMaster, oldBinary) && host.uptimeMs() < until) {
    const forks = unbornOf(host, oldBinary, oldMaster).filter(one => one.role === 'master')
    if (isIdle(host, oldMaster) && forks.length === 0) return
    yield nap(host)
  }
}

/** An old master serves with its full set of workers: the parked one where it can, else another. */
function* oldAgain(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const isSameBoot = record.boot === host.boot
  const { oldMaster, oldBinary } = record
  if (isSameBoot && same(host, oldMaster, oldBinary) && !isToldToQuit(host, oldMaster)) {
    const why = yield* oldServes(hand)
    if (why === undefined) return undefined
    if (same(host, oldMaster, oldBinary) && !isToldToQuit(host, oldMaster)) return why
  }
  return (yield* successor(hand)) ?? (yield* oldServes(hand))
}

/** Never QUIT the new one before that (R9). HUP doubles workers that are still there (R10): once, when none is left. */
export function* oldServes(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  const now = host.uptimeMs()
  const [settled, until] = [now + 3000, now + 15_000]
  let isTold = false
  for (;;) {
    const record = recordOf(hand)
    if (!record) return 'RECORD_FAILED'
    const { oldMaster, oldBinary, oldSet, winchAt } = record
    if (!same(host, oldMaster, oldBinary)) return 'OLD_MASTER_GONE'
    const wasHandled = isIdle(host, oldMaster)
    const set = acceptingOf(host, oldBinary, oldMaster)
    const newborn = unbornOf(host, oldBinary, oldMaster).length
    if (set.length >= oldSet.length) {
      // Workers that were told to go may not have heard it yet: after WINCH only others than those count.
      const isFresh = !set.some(one => oldSet.includes(one.pid))
      const isAlone = wasHandled && !hasNew(host, record.newBinary, oldMaster)
      const isForGood = isFresh && (record.wasParked || wasHandled)
      if (winchAt === undefined || isAlone || isForGood || host.uptimeMs() >= settled) return undefined
    } else {
      const isDeaf = isTold && wasHandled && set.length + newborn === 0 && host.uptimeMs() >= settled
      if (isDeaf) return 'OLD_WORKERS_MISSING'
      const isDue = set.length === 0 || host.uptimeMs() >= settled - 2000
      if (!isTold && wasHandled && newborn === 0 && isDue) {
        isTold = true
        if (!send(host, senderOf(hand), 'HUP', oldMaster, oldBinary)) return 'OLD_MASTER_GONE'
      }
    }
    if (host.uptimeMs() >= until) return 'OLD_WORKERS_MISSING'
    yield nap(host)
  }
}

function hasNew(host: Machine, newBinary: string, oldMaster: number): boolean {
  return mastersOf(host, newBinary).length > 0 || unbornOf(host, newBinary, oldMaster).length > 0
}

/** The new master finishes its requests and ends; one that never came up is killed (R3). */
function* endNew(hand: Hand, drainMs: number): Steps<string | undefined> {
  const { host } = hand
  const told = new Set<number>()
  let until = host.uptimeMs() + drainMs
  let asked: 'TERM' | 'KILL' | undefined
  for (;;) {
    const record = recordOf(hand)
    if (!record) return 'RECORD_FAILED'
    const { newBinary, oldMaster } = record
    const masters = mastersOf(host, newBinary)
    const accepting = acceptingOf(host, newBinary)
    const unborn = unbornOf(host, newBinary, oldMaster)
    const all = [...masters, ...accepting, ...drainingOf(host, newBinary), ...unborn]
    if (all.length === 0) return undefined
    const tell = (signal: 'QUIT' | 'TERM' | 'KILL', pid: number) =>
      send(host, senderOf(hand), signal, pid, newBinary)
    if (host.uptimeMs() >= until) {
      if (asked === 'KILL') return 'NEW_MASTER_STAYS'
      asked = asked ? 'KILL' : 'TERM'
      until = host.uptimeMs() + 5000
      for (const { pid } of all) tell(asked, pid)
    } else {
      // Orphan workers obey QUIT sent to them directly.
      if (masters.length === 0) for (const { pid } of accepting) tell('QUIT', pid)
      for (const { pid } of unborn) tell('KILL', pid)
      for (const { pid } of masters) if (!told.has(pid)) tell('QUIT', pid)
      for (const { pid } of masters) told.add(pid)
    }
    yield nap(host)
  }
}

/** Pid file and .oldbin are as before the run, and the set of workers is full and stable. */
function* oldAlone(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  const until = host.uptimeMs() + 15_000
  const twins = new Set<number>()
  let before = ''
  for (;;) {
    const record = recordOf(hand)
    if (!record) return 'RECORD_FAILED'
    const { oldMaster, oldBinary, oldSet } = record
    const pid = pidFile(host)
    const set = acceptingOf(host, oldBinary, oldMaster).map(one => one.pid)
    const isFull = set.length >= oldSet.length
    if (pid === oldMaster && host.nginx.disk.oldbin === undefined && isFull) {
      if (set.join() === before) return undefined
      before = set.join()
      yield 100
      continue
    }
    before = ''
    const born = host.nginx.processes().find(one => one.pid === pid && one.parent === oldMaster)
    // A USR2 that came too late has made the old master exec the old binary once more.
    if (born && born.binary === oldBinary && isFull && !twins.has(pid)) {
      twins.add(pid)
      send(host, senderOf(hand), 'QUIT', pid, oldBinary)
    }
    if (host.uptimeMs() >= until) return 'OLD_WORKERS_MISSING'
    yield nap(host)
  }
}

function* idleSoon(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  const until = host.uptimeMs() + 3000
  while (!isIdle(host, recordOf(hand)?.oldMaster ?? 0)) {
    if (host.uptimeMs() >= until) return 'OLD_MASTER_HANGS'
    yield nap(host)
  }
  return undefined
}
