/** Why a host is refused before anything is changed, and what to do about it. */
import type { FaultCode } from '../core/fault.ts'
import { configRefusals } from './config-reasons.ts'

export interface Reason {
  readonly code?: FaultCode
  readonly says: (detail: string) => string
  readonly hint?: string
}

export const refusals: Record<string, Reason> = {
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
    hint: 'wait for it to end; `handover lock show` tells how long its lease runs without it, and `handover resume` goes on with one that was cut off',
  },
  RUN_UNFINISHED: {
    code: 'HOST_RUN_UNFINISHED',
    says: detail => `run ${detail} did not come to its end here: two masters may be left`,
    hint: 'go on with it: `handover resume`; or settle its hosts with `handover lock break`',
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
  BUILD_DIFFERS: {
    code: 'ARTIFACT_REFUSED',
    says: detail => `the new binary is built otherwise: ${detail}`,
    hint: 'build it with the options of the old one (`nginx -V`), or set `handover.allow_build_change: true`',
  },
}
