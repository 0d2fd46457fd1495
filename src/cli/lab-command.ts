/** `handover lab`: a real fleet on loopback, for trying handover out. */
import { basename, relative, resolve } from 'node:path'
import { exitCode } from '../core/exit-code.ts'
import { plural } from '../core/text.ts'
import { startLab, stopLab } from '../lab/fleet.ts'
import { fetchBinaries } from '../lab/packages.ts'
import { labStatus } from '../lab/status.ts'
import type { Terminal } from './terminal.ts'

export interface LabOptions {
  readonly dir: string
  readonly hosts: number
}

export async function upCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { older, newer } = await fetchBinaries()
  for (const { note } of [older, newer]) if (note) terminal.err(`note: ${note}\n`)
  const dir = resolve(options.dir)
  const playbook = relative(process.cwd(), resolve(import.meta.dirname, '../../playbooks/lab.yml'))
  const lab = await startLab({ dir, hosts: options.hosts, binary: older.path })
  terminal.out(
    `${plural(lab.hosts.length, 'host')} up, each with its own sshd and nginx ${older.version}\n\n`,
  )
  terminal.out(
    `  ${ownName()} run ${playbook} -i ${lab.inventory} -e artifact=${newer.path}\n  ${ownName()} lab down${dirFlag(options)}\n`,
  )
  return exitCode.done
}

export async function downCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { ended } = await stopLab(resolve(options.dir))
  terminal.out(`lab down: ${ended} processes ended\n`)
  return exitCode.done
}

export async function labStatusCommand(terminal: Terminal, options: LabOptions): Promise<number> {
  const { hosts } = await labStatus(resolve(options.dir))
  for (const host of hosts) {
    const answers = host.http === 200 ? `nginx ${host.version}` : 'no answer'
    terminal.out(
      `${host.name}  ssh 127.0.0.1:${host.sshPort}  http 127.0.0.1:${host.httpPort}  ${answers}, ${host.masters} master, ${host.workers} workers\n`,
    )
  }
  return exitCode.done
}

/** As it was called, so that the line can be copied. */
function ownName(): string {
  const program = process.argv[1] ?? 'handover'
  return basename(program) === 'handover' ? 'handover' : `node ${relative(process.cwd(), program)}`
}

function dirFlag({ dir }: LabOptions): string {
  return dir === '.handover/lab' ? '' : ` --dir ${dir}`
}
