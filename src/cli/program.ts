/** Every command with its options; what each one does is in its own file. */
import { Command } from 'commander'
import { addInventoryCommand } from './inventory-options.ts'
import { addLabCommands } from './lab-options.ts'
import { addLockCommands } from './lock-options.ts'
import { withOutput, withTargets } from './options.ts'
import { addSteeringCommands } from './steering-options.ts'
import type { Terminal } from './terminal.ts'
import { toolVersion } from './version.ts'

export type Finish = (exit: number) => void

export type Action<Arguments extends unknown[]> = (terminal: Terminal, ...args: Arguments) => Promise<number>

export type Act = <Arguments extends unknown[]>(
  load: () => Promise<Action<Arguments>>,
) => (...args: Arguments) => Promise<void>

export function buildProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('handover')
    .description('Upgrade the binaries of running daemons across a fleet, as one transaction.')
    .version(toolVersion(), '--version')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showSuggestionAfterError()
    .showHelpAfterError('(handover --help shows the commands, handover COMMAND --help their options)')

  // Each command is loaded when it is called: what one does not need does not slow it down.
  const act: Act =
    <Arguments extends unknown[]>(load: () => Promise<Action<Arguments>>) =>
    async (...args: Arguments) => {
      const action = await load()
      finish(await action(terminal, ...args))
    }

  withTargets(program.command('run').argument('<playbook>'))
    .summary('the whole transaction')
    .description(
      `Switch every host to the new binary stage by stage, watch the fleet, then commit all of it, or bring all of it back.
Ctrl-C once: nothing more is started, and every host goes back. A second time: it leaves at once, and every host goes back by itself when its lease ends. SIGTERM: as once, and leaves after 8 s. A terminal that goes away: as once, to the end.
From another terminal: handover abort, pause, approve. After a crash: handover resume.`,
    )
    .option('-C, --check', 'connect and inspect only, change nothing (as `preflight`)')
    .option('-D, --diff', 'with -C: what each host runs, and what it would run')
    .option('--syntax-check', 'check the files only, contact nothing (as `validate`)')
    .option('--step', 'wait for an approval (`handover approve`) before every stage')
    .option(
      '--wait',
      'outside of the maintenance windows: wait for the next opening, and contact nobody before',
    )
    .option('-y, --yes', 'do not ask before the first change (without a terminal nobody is asked)')
    .action(act(async () => (await import('./run-command.ts')).runCommand))
  withTargets(program.command('plan').argument('<playbook>'))
    .summary('what would happen, host by host')
    .description(
      `Which hosts in which order and why, how many at once, how long, what is tolerated, and from where on nothing can be undone. Reads files only, unless it is to compare.
With -D: 6 when a host is unfit or does not answer, 7 when another run has it; else 0, or 10 with --detailed-exitcode when something would change.`,
    )
    .option('-D, --diff', 'connect, and compare with what each host runs and has on disk; changes nothing')
    .option(
      '--detailed-exitcode',
      'exit with 10 when something would change; only the hosts know, so it means -D',
    )
    .option('-v, --verbose', 'every host on a line of its own')
    .action(act(async () => (await import('./plan-command.ts')).planCommand))
  withTargets(program.command('validate').argument('<playbook>'))
    .summary('check the files, contact nothing')
    .action(act(async () => (await import('./plan-command.ts')).validateCommand))
  program
    .command('schema')
    .summary('JSON Schema of the playbook, for editors')
    .action(act(async () => (await import('./schema-command.ts')).schemaCommand))
  program
    .command('init')
    .argument('[dir]', 'where to write them', '.')
    .summary('a first playbook and inventory')
    .description('Writes playbook.yml and inventory.yml with comments. Nothing that exists is overwritten.')
    .action(act(async () => (await import('./init-command.ts')).initCommand))
  withTargets(program.command('preflight').argument('<playbook>'))
    .summary('connect and inspect every host, change nothing')
    .action(act(async () => (await import('./preflight-command.ts')).preflightCommand))
  withTargets(program.command('status').argument('[playbook]'))
    .summary('what each host runs and has on disk')
    .description('Without a playbook: the hosts of the last run.')
    .option('--detailed-exitcode', 'exit with 11 when there is drift')
    .action(act(async () => (await import('./preflight-command.ts')).statusCommand))
  withOutput(program.command('runs'))
    .summary('past and running runs')
    .action(act(async () => (await import('./runs-command.ts')).runsCommand))
  withOutput(program.command('show').argument('<run>'))
    .summary('one run, as it stands')
    .description('RUN is a run id, the start of one, or `last`.')
    .action(act(async () => (await import('./runs-command.ts')).showCommand))
  addSteeringCommands(program, act)
  addInventoryCommand(program.command('inventory'), act)
  addLockCommands(program.command('lock').summary('who has which host'), act)
  addLabCommands(program.command('lab').summary('a real fleet on loopback'), act)
  return program
}
