/** The words of `handover inventory`. */
import type { Command } from 'commander'
import { withInventory } from './options.ts'
import type { Act } from './program.ts'

export function addInventoryCommand(command: Command, act: Act): void {
  withInventory(command.argument('[group]'))
    .summary('what an inventory says, as ansible-inventory shows it')
    .description(
      `One of --list, --graph and --host. GROUP is where --graph begins.
group_vars and host_vars are also read in --playbook-dir, or here. Encrypted values stay encrypted.`,
    )
    .option('--list', 'everything as JSON')
    .option('--graph', 'groups and hosts as a tree')
    .option('--host <name>', 'the variables of one host as JSON')
    .option('--vars', 'with --graph: variables, too')
    .option('-l, --limit <pattern>', 'only these hosts: a pattern, or @file')
    .option('--playbook-dir <dir>', 'where the playbook lies')
    .action(act(async () => (await import('./inventory-command.ts')).inventoryCommand))
}
