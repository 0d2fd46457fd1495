/** Why the configuration on disk keeps a host out. */
import type { Reason } from './refusals.ts'

export const configRefusals: Record<string, Reason> = {
  USER_DIFFERS: {
    says: detail =>
      `the master runs as another user (${detail}), and there is no setpriv to try a binary out as that user`,
    hint: 'install setpriv (util-linux), or log in as that user without become',
  },
  CONFIG_BROKEN: {
    says: detail => `the running binary refuses the configuration on disk: ${detail}`,
    hint: 'correct it first: a reload, a reboot or going back would meet the same',
  },
  CONFIG_CHANGED: {
    says: detail => `the configuration was edited since it was loaded: ${detail}`,
    hint: 'reload it first, or let it in with `handover.allow_config_change: true` (`rollback --allow-config-change`): the new master would load it, and going back would not undo it',
  },
  PID_PATH_DIFFERS: {
    says: detail => `the configuration has its pid file at ${detail}, not where the playbook says`,
    hint: 'set `handover.pid_file` to it; if the daemon was started with another one, restart it once',
  },
  WORKING_DIRECTORY_MISSING: {
    says: detail => `the \`working_directory\` ${detail} of the configuration does not exist`,
    hint: 'make it: no worker would start, and nginx -t does not see that',
  },
  LISTENER_REMOVED: {
    says: detail => `the configuration no longer listens on ${detail}`,
    hint: 'reload first: the parked master would keep it open and nobody would accept there',
  },
  LISTENER_TAKEN: {
    says: detail => `the configuration listens on what is taken: ${detail}`,
    hint: 'free it (`ss -ltnp` shows who has it), or take it out of the configuration; nginx -t does not see that',
  },
  REUSEPORT_SHRINKS: {
    says: detail => `a new master would leave sockets without a worker: ${detail}`,
    hint: 'reload first: connections to those sockets would hang until the old master ends',
  },
  WORKERS_DIFFER: {
    says: detail => `the number of workers would change: the configuration starts ${detail}`,
    hint: 'reload first: the upgrade waits for as many workers as there are',
  },
}
