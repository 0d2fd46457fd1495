/** Who may act on a simulated host: the run lock, the effect lock, the outcome, the lease. After src/host/{lock,fence,lease}.sh. */
import type { RunRecord, RunState } from './host-disk.ts'
import type { Machine, Steps, Task } from './host-machine.ts'

/** Who does something on a host: a phase of a controller's session, or the dead-man (epoch 0). */
export interface Hand {
  readonly host: Machine
  readonly run: string
  readonly epoch: number
  readonly session: number
  readonly task: Task
}

export const nap = (host: Machine) => host.dice.between(8, 25)
/** The time that any effect takes: faults strike in it. */
export const moment = (host: Machine) => host.dice.between(0.2, 3)

export const unfinishedStates: readonly RunState[] = [
  'switching',
  'switched',
  'precommitted',
  'decided',
  'reverting',
]
export const goingOnStates: readonly RunState[] = ['prepared', ...unfinishedStates]

/** The record, when it is of this run. */
export function recordOf({ host, run }: Pick<Hand, 'host' | 'run'>): RunRecord | undefined {
  const { record } = host.disk.now
  return record?.run === run ? record : undefined
}

export function isIn(hand: Pick<Hand, 'host' | 'run'>, ...states: readonly RunState[]): boolean {
  const record = recordOf(hand)
  return record !== undefined && states.includes(record.state)
}

/** False when it could not be written: then nothing that it announces may be done. */
export function note(hand: Hand, change: Partial<RunRecord>): boolean {
  const record = recordOf(hand)
  if (!record || hand.host.isFull) return false
  hand.host.disk.set('record', { ...record, ...change })
  return true
}

export function mayLead({ host, run, epoch, session }: Hand): boolean {
  const { lock } = host.disk.now
  if (lock?.run !== run) return false
  if (lock.epoch !== epoch) return lock.epoch < epoch
  return lock.boot !== host.boot || lock.session <= session
}

/** Invariant 8: from here on what an older controller, or an older connection of this one, still had on its way is refused. */
export function becomesNewest(hand: Hand): boolean {
  if (!mayLead(hand)) return false
  giveLock(hand)
  return true
}

export function isOvertaken({ host, run, epoch }: Hand): boolean {
  const { lock } = host.disk.now
  return lock?.run === run && lock.epoch > epoch
}

export function giveLock({ host, run, epoch, session }: Hand): void {
  host.disk.set('lock', { run, epoch, session, boot: host.boot })
}

export function isLockAlive(host: Machine): boolean {
  const { lock } = host.disk.now
  if (!lock || lock.boot !== host.boot) return false
  return (host.alive.get(lock.session) ?? 0) > 0 || !isLeasePast(host, lock.run) || isDeadManAlive(host)
}

export function isDeadManAlive(host: Machine): boolean {
  return host.deadMan?.isAlive ?? false
}

export function isUnfinished(host: Machine): boolean {
  const state = host.disk.now.record?.state
  return state !== undefined && unfinishedStates.includes(state)
}

export function isLeasePast(host: Machine, run: string): boolean {
  const { lease } = host.disk.now
  return lease?.run !== run || lease.boot !== host.boot || host.uptimeMs() >= lease.until
}

/** A lease is never shortened. False when nothing is promised. */
export function extendLease({ host, run }: Hand, lengthMs: number): boolean {
  const { lease } = host.disk.now
  const until = host.uptimeMs() + lengthMs
  const isRunning = lease?.run === run && lease.boot === host.boot
  if (isRunning && lease.until >= until) return true
  const isLate = isRunning && host.uptimeMs() >= lease.until
  host.disk.set('lease', { run, boot: host.boot, until })
  return !isLate
}

/** The one outcome of this run on this host; the first one wins. */
export function claim({ host, run, task }: Hand, outcome: 'decided' | 'reverting'): boolean {
  const claimed = host.disk.now.outcome
  if (claimed?.run === run) return claimed.outcome === outcome
  host.disk.set('outcome', { run, outcome })
  host.witness.claimed(host, run, outcome, task)
  return true
}

/** May a forward phase still act? Not after a revert was asked for, any outcome was claimed, or the lease is past. */
export function mayGoForward({ host, run }: Hand): 'yes' | 'REVERT_ASKED' | 'LEASE_LOST' {
  const { cancelled, outcome } = host.disk.now
  if (cancelled.includes(run) || outcome?.run === run) return 'REVERT_ASKED'
  return isLeasePast(host, run) ? 'LEASE_LOST' : 'yes'
}

/** Invariant 15: one hand a host. A holder that is gone is passed over. */
export function* holdEffect({ host, task }: Hand, forMs: number): Steps<boolean> {
  const until = host.uptimeMs() + forMs
  while (host.effect?.isAlive && host.effect !== task) {
    if (host.uptimeMs() >= until) return false
    yield nap(host)
  }
  host.effect = task
  return true
}

export function dropEffect({ host, task }: Hand): void {
  if (host.effect === task) host.effect = undefined
}

/** The end of this run on this host: nothing temporary is left (invariants 10 and 11). */
export function* closeRun(hand: Hand, state: 'committed' | 'reverted'): Steps<void> {
  const { host, run, epoch } = hand
  const closedBy = Math.max(epoch, recordOf(hand)?.closedBy ?? 0)
  yield moment(host)
  const isNoted = note(hand, { state, closedBy })
  const { lock, lease, outcome } = host.disk.now
  host.disk.set('names', { path: host.disk.now.names.path, beside: undefined })
  if (outcome?.run === run) host.disk.set('outcome', undefined)
  if (lease?.run === run) host.disk.set('lease', undefined)
  uncancel(hand)
  if (lock?.run === run) host.disk.set('lock', undefined)
  // On a disk that was full there is room afterwards.
  host.isFull = false
  if (!isNoted) note(hand, { state, closedBy })
  yield moment(host)
  endDeadMan(hand)
}

/** Unless this is it. */
export function endDeadMan({ host, task }: Hand): void {
  if (host.deadMan && host.deadMan !== task) host.deadMan.isAlive = false
  if (host.deadMan !== task) host.deadMan = undefined
}

export function uncancel({ host, run }: Pick<Hand, 'host' | 'run'>): void {
  host.disk.set(
    'cancelled',
    host.disk.now.cancelled.filter(one => one !== run),
  )
}
