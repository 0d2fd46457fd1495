/** The words for what the host program reports by code: what it means and what to do. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'
import { configRefusals } from './config-reasons.ts'
import { remarks } from './remarks.ts'

export interface Reason {
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
  IN_CONTAINER: {
    says: detail =>
      `the master ${detail} runs in a container or under another root, or is the first process of one`,
    hint: 'run handover inside it, or upgrade its image',
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
  SUPERVISED: {
    says: detail => `the master is run by ${detail}, which would start it anew when the old master ends`,
    hint: 'let it become a daemon (`daemon on`, started by init or systemd), or upgrade it through that supervisor',
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
  SIGNAL_DENIED: {
    says: detail => `the master ${detail} cannot be signalled`,
    hint: 'set `become: true`, or let sudo keep the capability CAP_KILL',
  },
  UPGRADE_JAMMED: {
    says: detail =>
      `the master could not rename its pid file at ${detail}; it believes in an upgrade since then`,
    hint: 'restart it once: it ignores USR2 now, and its reloads only add workers',
  },
  ...configRefusals,
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
  PID_FILE_FIXED: {
    says: detail => `the pid file cannot be renamed: ${detail}`,
    hint: 'make its directory writable for the master; USR2 would fail, and every later reload with it',
  },
  PATH_MOUNTED: {
    says: detail => `${detail} is a mount point of its own and cannot be replaced`,
    hint: 'upgrade the image or the file that is mounted there instead',
  },
  PATH_IMMUTABLE: {
    says: detail => `${detail} is marked immutable or append-only`,
    hint: 'take the mark away with `chattr -i` or `chattr -a`',
  },
  DISK_FULL: { says: detail => `not enough room: ${detail}`, hint: 'free some space' },
  NO_EXEC: {
    says: detail => `${detail}, where the binary is, is mounted noexec`,
    hint: 'mount it with exec; what runs there now could not be started again either',
  },
  MEMORY_SHORT: {
    says: detail => `not enough memory for two sets of processes: ${detail} KiB`,
    hint: 'free some memory: both masters and their workers live at the same time',
  },
  PACKAGE_MANAGER: {
    says: detail => `a package manager is at work: ${detail}`,
    hint: 'wait for it to end; its scripts restart nginx or end the old master',
  },
  LOCKED: {
    code: 'HOST_LOCKED',
    says: detail => `another run holds the lock: ${detail}`,
    hint: 'wait for it to end',
  },
  RUN_UNFINISHED: {
    code: 'HOST_RUN_UNFINISHED',
    says: detail => `run ${detail} did not come to its end here: two masters may be left`,
    hint: 'settle it first: docs/hosts.md, "By hand"; `handover show RUN` tells whether that run was decided',
  },
  WRONG_ARCHITECTURE: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary is built for another machine than this one (${detail})`,
    hint: 'give this host an artifact of its own',
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
  BUILD_DIFFERS: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary is built otherwise: ${detail}`,
    hint: 'build it with the options of the old one (`nginx -V`), or set `handover.allow_build_change: true`',
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
  OLD_MASTER_STAYS: 'the old master did not end within the drain limit',
  PATH_CHANGED: 'the file at the path is neither the old nor the new binary',
  PID_FILE_CHANGED: 'the pid file does not name the new master',
  UNEXPECTED_PROCESSES: 'there are masters or workers that do not belong to this upgrade',
  NEW_NOT_SERVING: 'the new master is not proven serving',
  NOT_AS_COMMITTED: 'the host is not in the state a commit leaves',
  REVERT_ASKED: 'given up because the run is going back',
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

/** A note: nothing speaks against the change. */
export function remark(code: string, detail: string): string {
  return wordsFor(remarks, code)?.(detail.trim()) ?? `${code}${detail ? ` (${detail})` : ''}`
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

export const knownRemarks: ReadonlySet<string> = new Set(Object.keys(remarks))

/** The codes the host program may use to refuse or to fail; a test holds them against the shell files. */
export const knownReasons: ReadonlySet<string> = new Set([...Object.keys(refusals), ...Object.keys(failures)])
