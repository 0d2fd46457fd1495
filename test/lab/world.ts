/** A lab in a directory of its own, and the things tests do to its hosts. */
import { chmod, copyFile, mkdtemp, realpath, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../src/lab/command.ts'
import { startLab, stopLab } from '../../src/lab/fleet.ts'
import type { Lab, LabHost } from '../../src/lab/lab.ts'
import { fetchBinaries, type LabBinaries } from '../../src/lab/packages.ts'

let binaries: Promise<LabBinaries> | undefined

export function labBinaries(): Promise<LabBinaries> {
  binaries ??= fetchBinaries()
  return binaries
}

/** A path below the temporary directory that does not exist yet, and what removes its parent. */
export async function scratchDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'handover-lab-')))
  return { path: join(parent, 'lab'), remove: () => rm(parent, { recursive: true, force: true }) }
}

/** Runs a story in a lab and takes the lab down whatever happens. */
export async function inLab(
  options: { hosts: number; quirkLast?: boolean },
  story: (lab: Lab, binaries: LabBinaries) => Promise<void>,
): Promise<void> {
  const binaries = await labBinaries()
  const scratch = await scratchDirectory()
  const lab = await startLab({ dir: scratch.path, binary: binaries.older.path, ...options })
  try {
    await story(lab, binaries)
  } finally {
    await stopLab(lab.dir).catch(error => {
      if (error.faults?.[0]?.code !== 'LAB_NOT_FOUND') throw error
    })
    await scratch.remove()
  }
}

export function hostOf(lab: Lab, index: number): LabHost {
  const host = lab.hosts.at(index)
  if (!host) throw new Error(`the lab has no host ${index}`)
  return host
}

/** The system's own ssh, as a user of the lab would call it. */
export function ssh(lab: Lab, host: LabHost, command: string) {
  const options = [`UserKnownHostsFile=${lab.knownHosts}`, 'StrictHostKeyChecking=yes', 'BatchMode=yes']
  const flags = options.flatMap(option => ['-o', option])
  const args = ['-F', 'none', '-i', lab.clientKey, '-p', String(host.sshPort), ...flags]
  return runCommand('ssh', [...args, `${lab.user}@127.0.0.1`, command])
}

/** Another file under the host's path, by rename as handover does it. */
export async function placeBinary(host: LabHost, from: string): Promise<void> {
  await copyFile(from, `${host.binary}.new`)
  await chmod(`${host.binary}.new`, 0o755)
  await rename(`${host.binary}.new`, host.binary)
}
