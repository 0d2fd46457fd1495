import type { CatalogueEntry } from './entry.ts'

/** What a host reports about itself and about a phase that ran on it. */
export const hostCodes = {
  BECOME_FAILED: {
    exit: 6,
    about:
      'The privileged program could not be started with sudo. Passwordless sudo (`sudo -n`) must work for the user on that host; what sudo said is shown.',
  },
  HOST_PROGRAM_FAILED: {
    exit: 6,
    about:
      'The program that does the work on the host could not be started. It needs a POSIX shell and the usual small tools (dd, cp, mv, stat, sha256sum, readlink).',
  },
  HOST_LOST: {
    exit: 3,
    about:
      'The connection to the host ended while something was under way, so its outcome is not known. handover looks at the host again before it says anything about it.',
  },
  HOST_SILENT: {
    exit: 3,
    about: 'The host did not answer a request within its deadline. The outcome of that request is not known.',
  },
  HOST_NOISE: {
    exit: 6,
    about:
      'The host sends output without end instead of answers. Usually a login script prints in a loop; it must be quiet for commands that are not interactive.',
  },
  UPLOAD_FAILED: {
    exit: 6,
    about:
      'The artifact could not be written on the host. What the host said is shown; a full disk is the usual cause.',
  },
  HOST_UNFIT: {
    exit: 6,
    about:
      'The host cannot be changed safely as it is. The message names the reason and the hint what to do; nothing was changed.',
  },
  HOST_LOCKED: {
    exit: 7,
    about:
      'Another run holds the lock of this host. The message says who and since when. Wait for it to end; if it was cut off, `handover resume` goes on with it and `handover rollback` takes it back.',
  },
  HOST_RUN_UNFINISHED: {
    exit: 7,
    about:
      'An earlier run was cut off on this host, and its dead-man too, so nobody has brought the host back. `handover resume` or `handover rollback` of that run does; `handover lock break`, where neither can be used: back where it was not decided, forward where it was.',
  },
  ARTIFACT_REFUSED: {
    exit: 6,
    about:
      'The new binary does not start on this host, or it does not accept the running configuration. What it printed is shown; nothing was changed.',
  },
  HEALTH_BASELINE: {
    exit: 6,
    about:
      'A health check fails before anything was changed. A host that is already unhealthy cannot be judged after the switch.',
  },
  SWITCH_FAILED: {
    exit: 2,
    about:
      'The new binary did not take over on this host. The old one serves again; the message says what was observed and what the daemon logged.',
  },
  HOST_CHANGED: {
    exit: 2,
    about:
      'A switched host is not as it was left: a worker or a master died, or somebody else changed the binary or the pid file.',
  },
  LEASE_LOST: {
    exit: 2,
    about:
      'The host did not hear from the controller for as long as its lease lasts, so it goes back to the old binary by itself. Was the controller suspended, stopped or cut off? A longer `lease` in the playbook bridges longer gaps.',
  },
  HEALTH_FAILED: {
    exit: 2,
    about:
      'A health check failed on a host that runs the new binary, or it did not pass within its deadline.',
  },
  REVERT_FAILED: {
    exit: 3,
    about:
      'The host could not be brought back to the old binary. A human is needed; the message says in which state it was found.',
  },
  COMMIT_HELD: {
    exit: 3,
    about:
      'The run was decided, but on this host the new master was not proven serving, so the old one was not told to quit. Both are kept; a human is needed.',
  },
} as const satisfies Record<string, CatalogueEntry>
