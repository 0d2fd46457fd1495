/** The words for what the host program reports by code: what it means and what to do. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'

interface Reason {
  readonly code?: FaultCode
  readonly says: (detail: string) => string
  readonly hint?: string
}

/** Why a host is refused before anything is changed. */
const refusals: Record<string, Reason> = {
  BINARY_MISSING: {
    says: detail => `there is no file ${detail}`,
    hint: 'check `handover.binary` of the playbook',
  },
  BINARY_UNREADABLE: {
    says: detail => `cannot read ${detail}`,
    hint: 'set `become: true`, or give the user access to it',
  },
  STATE_DIR: {
    says: detail => `the state directory ${detail} cannot be made or does not belong to the user`,
    hint: 'set `become: true`, or `handover.state_dir` to a directory of that user alone',
  },
  PID_FILE_MISSING: {
    says: detail => `the pid file ${detail} is missing, empty or holds no number`,
    hint: 'check `handover.pid_file`; an nginx whose pid file was removed must be restarted once (USR2 would fail)',
  },
  PID_FILE_STALE: {
    says: detail => `the pid file names process ${detail}, which does not exist`,
    hint: 'start the daemon, or remove the stale pid file',
  },
  MASTER_HIDDEN: {
    says: detail =>
      `the master ${detail} belongs to another user, so it can be neither recognised nor signalled`,
    hint: 'set `become: true`',
  },
  EXE_DIFFERS: {
    says: detail => `the running master is not the file at the path (${detail})`,
    hint: 'the binary was replaced without a restart or upgrade; bring process and disk together first',
  },
  NOT_A_MASTER: {
    says: detail => `the process in the pid file is no nginx master: "${detail}"`,
    hint: 'check `handover.pid_file`',
  },
  ARGV_NOT_ABSOLUTE: {
    says: detail =>
      `the master was started as "${detail}", not by an absolute path; USR2 would not find the binary`,
    hint: 'restart it by its absolute path once',
  },
  ARGV_OTHER_FILE: {
    says: detail => `the master was started as ${detail}, which is another file; USR2 would start that one`,
    hint: 'set `handover.binary` to the path the master was started by',
  },
  DAEMON_OFF: {
    says: () => 'the master runs with `daemon off`; it ignores USR2',
    hint: 'it is run by a supervisor or a container; upgrade it there',
  },
  SEVERAL_INSTANCES: {
    says: detail => `several masters run this binary (${detail})`,
    hint: 'give each instance a binary of its own, or upgrade this host by hand',
  },
  NO_WORKERS: { says: detail => `master ${detail} has no accepting worker`, hint: 'look at its error log' },
  ORPHAN_WORKERS: {
    says: detail => `workers without a master are running (${detail})`,
    hint: 'tell them to quit with `kill -QUIT`',
  },
  UPGRADE_UNFINISHED: {
    says: detail => `an upgrade was left unfinished: the old master ${detail} is still alive`,
    hint: 'finish it (QUIT the old master) or go back (HUP the old, then QUIT the new) first',
  },
  STILL_DRAINING: {
    says: detail => `workers are still finishing requests after a reload or upgrade (${detail})`,
    hint: 'wait for them to end, or bound them with `worker_shutdown_timeout`',
  },
  DIRECTORY_NOT_WRITABLE: {
    says: detail => `the directory ${detail} is not writable`,
    hint: 'set `become: true`; a read-only file system cannot be upgraded',
  },
  PATH_MOUNTED: {
    says: detail => `${detail} is a mount point of its own and cannot be replaced`,
    hint: 'upgrade the image or the file that is mounted there instead',
  },
  PATH_IMMUTABLE: {
    says: detail => `${detail} is marked immutable or append-only`,
    hint: 'take the mark away with `chattr -i` or `chattr -a`',
  },
  UNIT_NOT_ACTIVE: {
    says: detail => `systemd does not take the daemon for a running service (${detail})`,
    hint: 'end the daemon and start its unit; as it is, systemd would start a second one beside it',
  },
  UNIT_TYPE: {
    says: detail => `systemd would end the service together with the old master (${detail})`,
    hint: 'make it a daemon of `Type=forking` with `PIDFile=`',
  },
  UNIT_PID_FILE: {
    says: detail => `systemd would end the new master together with the old one (${detail})`,
    hint: 'set `PIDFile=` of the unit to the pid file of the daemon, then `systemctl daemon-reload`',
  },
  UNIT_MAIN_PROCESS: {
    says: detail => `systemd takes another process for the master (${detail})`,
    hint: '`systemctl reload` of the unit makes systemd read the pid file again',
  },
  UNIT_TASKS: {
    says: detail => `the unit has no room for a second set of processes (${detail})`,
    hint: 'raise `TasksMax=` of the unit (`systemctl set-property`)',
  },
  UNIT_MEMORY: {
    says: detail => `the unit has no memory for a second set of processes (${detail})`,
    hint: 'raise `MemoryMax=` of the unit (`systemctl set-property`)',
  },
  DISK_FULL: { says: detail => `not enough room: ${detail}`, hint: 'free some space' },
  LOCKED: {
    code: 'HOST_LOCKED',
    says: detail => `another run holds the lock: ${detail}`,
    hint: 'wait for it to end; `handover lock show` tells how long its lease runs without it',
  },
  RUN_UNFINISHED: {
    code: 'HOST_RUN_UNFINISHED',
    says: detail => `run ${detail} did not come to its end here: two masters may be left`,
    hint: 'settle it with `handover lock break`',
  },
  WRONG_ARCHITECTURE: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary is built for another machine than this one (${detail})`,
    hint: 'give this host an artifact of its own',
  },
  CHANGED_SINCE_RUN: {
    says: detail => `it runs neither what that run has put there nor what it had before, but ${detail}`,
    hint: 'somebody has upgraded it since; undo that first, or leave the host out with --limit',
  },
  BACKUP_MISSING: {
    says: detail => `it has no backup ${detail} any more`,
    hint: 'leave the host out with --limit, and run a playbook with the old binary as the artifact for it',
  },
  BACKUP_DAMAGED: {
    says: detail => `its backup ${detail} does not have that checksum any more`,
    hint: 'leave the host out with --limit, and run a playbook with the old binary as the artifact for it',
  },
  CHANGED_SINCE_INSPECT: { says: () => 'the daemon was restarted or replaced while it was being prepared' },
  STAGING_FAILED: { says: detail => detail || 'the new binary could not be staged' },
  BACKUP_FAILED: { says: detail => detail || 'the backup could not be made' },
  ARTIFACT_DAMAGED: {
    says: detail => detail,
    hint: 'the upload was damaged twice; check the network and the disk',
  },
  BINARY_DOES_NOT_RUN: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary does not run there: ${detail || 'it printed nothing'}`,
    hint: 'was it built for this machine, and are the libraries it needs there?',
  },
  CONFIGURATION_REFUSED: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary refuses the configuration: ${detail}`,
    hint: 'correct the configuration for the new version first',
  },
}

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
  OLD_WORKERS_STAY: 'the old workers did not stop accepting',
  OLD_WORKERS_MISSING: 'the old master does not have its workers',
  NEW_MASTER_STAYS: 'the new master did not end',
  OLD_MASTER_HANGS: 'the old master does not handle its signals (is it stopped?)',
  NO_MASTER: 'neither the old nor the new master is left, and nothing is started from here',
  REVERSE_FAILED:
    'the old master is gone, and the new one could not be made to start the old binary; it goes on serving',
  OLD_MASTER_STAYS: 'the old master did not end within the drain limit',
  PATH_CHANGED: 'the file at the path is neither the old nor the new binary',
  PID_FILE_CHANGED: 'the pid file does not name the new master',
  UNEXPECTED_PROCESSES: 'there are masters or workers that do not belong to this upgrade',
  NEW_NOT_SERVING: 'the new master is not proven serving',
  NOT_AS_COMMITTED: 'the host is not in the state a commit leaves',
  REVERT_ASKED: 'given up because the run is going back',
  LEASE_LOST:
    'its lease ran out: the controller was not heard from in time, and the host goes back by itself',
  DEAD_MAN_FAILED:
    'the dead-man that would bring the host back by itself does not run and could not be started',
  FENCED: 'a younger connection or another run has taken this host over',
  REVERT_CLAIMED: 'the host is already going back',
  DECIDED: 'the host has recorded the commit',
  COMMITTED: 'the host has committed already',
  RECORD_FAILED: 'the record of the run could not be written (is the disk full?)',
  REBOOTED: 'the host was rebooted',
  WRONG_PHASE: 'the host is not in the phase this request belongs to',
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

/** A failure of a later phase, with what the daemon logged about it. */
export function failure(
  code: FaultCode,
  host: string,
  reason: string,
  more: { readonly log?: string; readonly detail?: string; readonly hint?: string } = {},
): Fault {
  const parts = [wordsFor(failures, reason) ?? reason]
  if (more.detail) parts.push(more.detail)
  if (more.log) parts.push(`it logged: ${more.log}`)
  return fault(code, parts.join('; '), { host, ...(more.hint ? { hint: more.hint } : {}) })
}

/** A code is data from a host: `constructor` is none. */
function wordsFor<T>(table: Record<string, T>, code: string): T | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined
}

/** The codes the host program may use; a test holds them against the shell files. */
export const knownReasons: ReadonlySet<string> = new Set([...Object.keys(refusals), ...Object.keys(failures)])
