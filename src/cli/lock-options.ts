/** The words of `handover lock`. */
import type { Command } from 'commander'
import { withTargets } from './options.ts'
import type { Act } from './program.ts'

export function addLockCommands(lock: Command, act: Act): void {
  withTargets(lock.command('show').argument('[playbook]'))
    .summary('which run has which host, and for how long yet')
    .description('Without a playbook: the hosts of the last run.')
    .action(act(async () => (await import('./lock-command.ts')).lockShowCommand))
  withTargets(lock.command('break').argument('[playbook]'))
    .summary('end what a run has left on its hosts, and free them')
    .description(
      'Goes back where that run was not decided and forward where it was, with every proof that a run asks for.\nWithout a playbook: the hosts of the last run.',
    )
    .option('--force', 'also a run that is alive: it is ended on the host first')
    .option('-y, --yes', 'do not ask before (without a terminal nobody is asked)')
    .action(act(async () => (await import('./lock-command.ts')).lockBreakCommand))
}
