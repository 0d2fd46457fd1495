/**
 * The lab: a fleet of "hosts" on loopback, each a directory tree with its own sshd and nginx. Nothing is shared
 * between two hosts but the machine, and nothing of a lab lies outside its directory.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { ProcessId } from './process.ts'

export interface LabHost {
  readonly name: string
  readonly labId: string
  /** The host's tree; everything of the host lies below it. */
  readonly root: string
  readonly sshPort: number
  readonly httpPort: number
  readonly binary: string
  readonly config: string
  readonly pidFile: string
  readonly errorLog: string
  /** As they were started; a restart or an upgrade replaces the processes, not this record. */
  readonly started: { readonly sshd?: ProcessId; readonly nginx?: ProcessId }
}

export interface Lab {
  readonly id: string
  /** Absolute, without symbolic links. */
  readonly dir: string
  readonly state: 'starting' | 'up'
  /** The kernel's boot id: after a reboot recorded pids mean nothing. */
  readonly boot: string
  readonly starter: ProcessId
  readonly user: string
  readonly inventory: string
  readonly knownHosts: string
  readonly clientKey: string
  readonly hosts: readonly LabHost[]
}

export function labFile(dir: string): string {
  return join(dir, 'lab.json')
}

/** @throws HandoverError LAB_NOT_FOUND */
export async function readLab(dir: string): Promise<Lab> {
  const text = await readFile(labFile(dir), 'utf8').catch(() => '')
  try {
    const lab: unknown = JSON.parse(text)
    if (isLab(lab)) return lab
  } catch {
    // Reported below: a file that is no JSON is no lab.
  }
  throw new HandoverError(fault('LAB_NOT_FOUND', `no lab in ${dir}`))
}

/** Whole or not at all, so that a crash leaves a file that can be read. */
export async function writeLab(lab: Lab): Promise<void> {
  const file = labFile(lab.dir)
  await writeFile(`${file}.new`, `${JSON.stringify(lab, undefined, 2)}\n`)
  await rename(`${file}.new`, file)
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
}

function isLab(value: unknown): value is Lab {
  if (typeof value !== 'object' || value === null) return false
  const { id, dir, hosts } = value as Partial<Lab>
  return (
    typeof id === 'string' && /^[0-9a-f]{16}$/.test(id) && typeof dir === 'string' && Array.isArray(hosts)
  )
}
