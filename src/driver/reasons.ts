/** The words for what the host program reports by code: what it means and what to do. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'
import { refusals } from './refusals.ts'
import { remarks } from './remarks.ts'

/** Why a phase after the preparation did not do what was asked. */
const failures: Record<string, string> = {
  CHANGED_SINCE_PREPARE: 'the daemon was restarted or replaced since the host was prepared',
  EXCHANGE_FAILED: 'the binary at the path could not be exchanged, or somebody else replaced it',
  IDENTITY_LOST: 'a master was not the process it was expected to be, so it was not signalled',
  NEW_MASTER_TIMEOUT: 'the new master did not come up in time',
  NEW_MASTER_DIED: 'the new master died',
  NO_NEW_MASTER: 'the new binary died at once, or the master ignored the signal',
  WORKERS_MISSING: 'the new master does not have its workers',
  WORKERS_UNSTABLE: 'the workers of the new master were replaced: they died, or somebody reloaded it',
  OLD_MASTER_GONE: 'the old master is gone',
  OLD_MASTER_QUITS:
    'somebody else has told the old master to quit (a package script does that), so it cannot serve again',
  OLD_WORKERS_STAY: 'the old workers did not stop accepting',
  OLD_WORKERS_MISSING: 'the old master does not have its workers',
  NEW_MASTER_STAYS: 'the new master did not end',
  OLD_MASTER_HANGS: 'the old master does not handle its signals (is it stopped?)',
  NO_MASTER: 'neither the old nor the new master is left, and nothing is started from here',
  REVERSE_FAILED:
    'the old master is gone, and the new one could not be made to start the old binary; it goes on serving',
  OLD_MASTER_STAYS: 'the old master did not end within the drain limit',
  PATH_CHANGED:
    'the file at the path is not the one that this run has left there: somebody else has put a file there, or taken one away',
  PID_FILE_CHANGED: 'the pid file does not name the new master',
  UNEXPECTED_PROCESSES: 'there are masters or workers that do not belong to this upgrade',
  NEW_NOT_SERVING: 'the new master is not proven serving',
  NOT_AS_COMMITTED: 'the host is not in the state a commit leaves',
  REVERT_ASKED: 'given up because the run is going back',
  LEASE_LOST:
    'its lease ran out: the controller was not heard from in time, and the host goes back by itself',
  DEAD_MAN_FAILED:
    'the dead-man that would bring the host back by itself does not run and could not be started',
  FENCED: 'a younger connection, a later controller or another run has taken this host over',
  REVERT_CLAIMED: 'the host is already going back',
  DECIDED: 'the host has recorded the commit',
  COMMITTED: 'the host has committed already',
  RECORD_FAILED: 'the record of the run could not be written (is the disk full?)',
  REBOOTED: 'the host was rebooted',
  WRONG_PHASE: 'the host is not in the phase this request belongs to',
  STATE_DIR: 'what this run has left in the state directory is gone, so nobody knows how far it was',
  UNKNOWN_VERB:
    'the host was refused when it was looked at once more, so it does nothing that is asked of it',
  EFFECT_HELD: 'another program on the host holds the effect lock',
}

/** A refusal before any change. */
export function refusal(host: string, code: string, detail: string): Fault {
  const reason = wordsFor(refusals, code)
  if (!reason)
    return fault('HOST_UNFIT', `${wordsFor(failures, code) ?? code}${detail ? ` (${detail})` : ''}`, { host })
  return fault(reason.code ?? 'HOST_UNFIT', reason.says(detail.trim()), {
    host,
    ...(reason.hint ? { hint: reason.hint } : {}),
  })
}

/** A note: nothing speaks against the change. */
export function remark(code: string, detail: string): string {
  return wordsFor(remarks, code)?.(detail.trim()) ?? `${code}${detail ? ` (${detail})` : ''}`
}

/** The words for why a phase failed. */
export function explain(code: string): string {
  return wordsFor(failures, code) ?? code
}

/** A failure of a later phase, with what the daemon logged about it. */
export function failure(
  code: FaultCode,
  host: string,
  reason: string,
  more: { readonly log?: string; readonly detail?: string; readonly hint?: string } = {},
): Fault {
  const parts = [explain(reason)]
  if (more.detail) parts.push(more.detail)
  if (more.log) parts.push(`it logged: ${more.log}`)
  return fault(code, parts.join('; '), { host, ...(more.hint ? { hint: more.hint } : {}) })
}

/** A code is data from a host: `constructor` is none. */
function wordsFor<T>(table: Record<string, T>, code: string): T | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined
}

export const knownRemarks: ReadonlySet<string> = new Set(Object.keys(remarks))

/** The codes the host program may use to refuse or to fail; a test holds them against the shell files. */
export const knownReasons: ReadonlySet<string> = new Set([...Object.keys(refusals), ...Object.keys(failures)])
