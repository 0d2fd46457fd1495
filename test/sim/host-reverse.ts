/**
 * Another old master in place of the one of the record: one that serves already (the host has rebooted, or somebody has
 * restarted it), or one that the new master starts by a reverse handover. After src/host/reverse.sh.
 */
import { type Hand, nap, recordOf } from './host-lock.ts'
import type { Steps } from './host-machine.ts'
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
import { senderOf } from './host-switch.ts'

export function* successor(hand: Hand): Steps<string | undefined> {
  const { host } = hand
  const until = host.uptimeMs() + 10_000
  for (;;) {
    const record = recordOf(hand)
    if (!record) return 'RECORD_FAILED'
    const { oldBinary, newBinary, oldMaster, boot } = record
    const news = mastersOf(host, newBinary)
    const newMaster = news.length === 1 ? news[0]?.pid : undefined
    const pid = pidFile(host)
    const one = mastersOf(host, oldBinary).find(each => each.pid === pid && pid !== oldMaster)
    if (one && (newMaster === undefined || one.parent !== newMaster)) return adopt(hand, pid)
    if (newMaster !== undefined) return yield* reverse(hand, newMaster)
    // Only a host that is just booting, or a new master that is just starting, is worth waiting for.
    const isStarting = host.nginx
      .processes()
      .some(each => each.phase === 'starting' && each.role === 'master')
    if (boot === host.boot && !isStarting) return 'NO_MASTER'
    if (host.uptimeMs() >= until) return boot === host.boot ? 'NEW_MASTER_TIMEOUT' : 'REBOOTED'
    yield nap(host)
  }
}

/** From here on this is the old master, for whoever comes next, too. */
function adopt(hand: Hand, oldMaster: number): undefined {
  const record = recordOf(hand)
  if (!record) return
  // What is there can be found again, also where the record takes no more lines.
  hand.host.disk.set('record', { ...record, oldMaster, winchAt: undefined, boot: hand.host.boot })
}

function* reverse(hand: Hand, newMaster: number): Steps<string | undefined> {
  const { host } = hand
  yield* awaitOldEnd(hand, newMaster)
  const until = host.uptimeMs() + 15_000
  let isAsked = false
  let before = ''
  for (;;) {
    const record = recordOf(hand)
    if (!record) return 'RECORD_FAILED'
    const { oldBinary, newBinary, oldSet } = record
    const wasHandled = isIdle(host, newMaster)
    if (!same(host, newMaster, newBinary)) return yield* successor(hand)
    const pid = pidFile(host)
    const born = mastersOf(host, oldBinary).find(one => one.parent === newMaster)
    const unborn = [...unbornOf(host, oldBinary, newMaster), ...unbornOf(host, newBinary, newMaster)]
    if (!born && unborn.length === 0 && wasHandled) {
      if (isAsked) return 'REVERSE_FAILED'
      // Without its pid file nginx could not rename it, and would never be reloaded or upgraded again.
      if (pid !== newMaster) return 'PID_FILE_CHANGED'
      isAsked = true
      send(host, senderOf(hand), 'USR2', newMaster, newBinary)
    } else if (born && born.pid === pid) {
      const set = acceptingOf(host, oldBinary, pid).map(one => one.pid)
      if (set.length >= oldSet.length && set.join() === before) {
        adopt(hand, pid)
        return yield* parkNew(hand, newMaster)
      }
      before = set.length >= oldSet.length ? set.join() : ''
      yield 100
    }
    if (host.uptimeMs() >= until) return 'REVERSE_FAILED'
    yield nap(host)
  }
}

/** One that somebody has told to quit keeps the new one from USR2 while it lives; it will never serve again. */
function* awaitOldEnd(hand: Hand, newMaster: number): Steps<void> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return
  const { oldMaster, oldBinary, newBinary } = record
  const until = host.uptimeMs() + 30_000
  while (same(host, oldMaster, oldBinary) && same(host, newMaster, newBinary)) {
    if (host.uptimeMs() >= until) {
      send(host, senderOf(hand), 'TERM', oldMaster, oldBinary)
      yield 3000
      return
    }
    yield nap(host)
  }
  if (!isOldParked(host)) yield nap(host)
}

/** It stops its workers, which it could take back, before it is told to quit, which it could not. */
function* parkNew(hand: Hand, newMaster: number): Steps<string | undefined> {
  const { host } = hand
  const record = recordOf(hand)
  if (!record) return 'RECORD_FAILED'
  const { oldBinary, newBinary, oldMaster, oldSet } = record
  const isFull = () => acceptingOf(host, oldBinary, oldMaster).length >= oldSet.length
  if (!isFull()) return 'OLD_WORKERS_MISSING'
  send(host, senderOf(hand), 'WINCH', newMaster, newBinary)
  const until = host.uptimeMs() + 10_000
  while (same(host, newMaster, newBinary)) {
    if (isFull() && acceptingOf(host, newBinary, newMaster).length === 0) {
      send(host, senderOf(hand), 'QUIT', newMaster, newBinary)
      return undefined
    }
    if (host.uptimeMs() >= until) return 'OLD_WORKERS_MISSING'
    yield nap(host)
  }
  return undefined
}
