/** The words of `handover lab`. */
import type { Command } from 'commander'
import { wholeNumber } from './options.ts'
import type { Act } from './program.ts'

export function addLabCommands(lab: Command, act: Act): void {
  const withDir = (command: Command) => command.option('--dir <dir>', 'where the lab lives', '.handover/lab')
  const withHosts = (command: Command) => command.option('--hosts <n>', 'how many hosts', wholeNumber, 6)
  withHosts(withDir(lab.command('up').summary('start it'))).action(
    act(async () => (await import('./lab-command.ts')).upCommand),
  )
  withDir(lab.command('down').summary('end its own processes and remove it')).action(
    act(async () => (await import('./lab-command.ts')).downCommand),
  )
  withDir(lab.command('status').summary('what runs in it')).action(
    act(async () => (await import('./lab-command.ts')).labStatusCommand),
  )
  withHosts(
    lab.command('demo').summary('an upgrade and two failed ones under load, in half a minute'),
  ).action(act(async () => (await import('./demo-command.ts')).demoCommand))
}
