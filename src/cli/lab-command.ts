/** `handover lab`: a real fleet on loopback, for trying handover out. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exitCode } from '../core/exit-code.ts'
import { plural } from '../core/text.ts'
import { startLab, stopLab } from '../lab/fleet.ts'
import { fetchBinaries } from '../lab/packages.ts'
import { labStatus } from '../lab/status.ts'
import { demoCommand } from './demo-command.ts'
import type { Terminal } from './terminal.ts'

type Act = <Arguments extends unknown[]>(
  command: (terminal: Terminal, ...args: Arguments) => Promise<number>,
) => (...args: Arguments) => Promise<void>

interface LabOptions {
  readonly dir: string
  readonly hosts: string
}

export function labCommand(lab: Command, act: Act): void {
  const withDir = (command: Command) => command.option('--dir <dir>', 'where the lab lives', '.handover/lab')
  withDir(lab.command('up').summary('start it'))
    .option('--hosts <n>', 'how many hosts', '6')
    .action(act(upCommand))
  withDir(lab.command('down').summary('end its own processes and remove it')).action(act(downCommand))
  withDir(lab.command('status').summary('what runs in it')).action(act(labStatusCommand))
  lab
    .command('demo')
    .summary('an upgrade and two failed ones under load, in about a minute')
    .option('--hosts <n>', 'how many hosts', '6')
    .action(act(demoCommand))
}

async function upCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { older, newer } = await fetchBinaries()
  for (const { note } of [older, newer]) if (note) terminal.err(`note: ${note}\n`)
  const dir = resolve(options.dir)
  const lab = await startLab({ dir, hosts: Number(options.hosts), binary: older.path })
  terminal.out(`${plural(lab.hosts.length, 'host')} up, each with its own sshd and nginx ${older.version}\n\n`)
  terminal.out(
    `  handover run playbooks/lab.yml -i ${lab.inventory} -e artifact=${newer.path}\n  handover lab down${dirFlag(options)}\n`,
  )
  return exitCode.done
}

async function downCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { ended } = await stopLab(resolve(options.dir))
  terminal.out(`lab down: ${ended} processes ended\n`)
  return exitCode.done
}

async function labStatusCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { hosts } = await labStatus(resolve(options.dir))
  for (const host of hosts) {
    const answers = host.http === 200 ? `nginx ${host.version}` : 'no answer'
    terminal.out(
      `${host.name}  ssh 127.0.0.1:${host.sshPort}  http 127.0.0.1:${host.httpPort}  ${answers}, ${host.masters} master, ${host.workers} workers\n`,
    )
  }
  return exitCode.done
}

function dirFlag({ dir }: LabOptions): string {
  return dir === '.handover/lab' ? '' : ` --dir ${dir}`
}
