/** The directory of a lab: claimed, recognised, and removed together with what runs in it. */
import { mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { endProcesses } from './ending.ts'
import { bootId, type Lab, labFile, readLab } from './lab.ts'
import { findProcesses, isAlive, type LabIdentity, type LabProcess } from './process.ts'

/** The lab in a directory. @throws HandoverError LAB_NOT_FOUND, also for a lab that was copied or moved there */
export async function openLab(dir: string): Promise<Lab> {
  const real = await realpath(dir).catch(() => resolve(dir))
  const lab = await readLab(real)
  if (lab.dir === real) return lab
  throw new HandoverError(fault('LAB_NOT_FOUND', `${real} holds a copy of the lab in ${lab.dir}`))
}

/**
 * An empty directory of ours; what a crashed start or a reboot left of a lab is cleaned away first.
 * @throws HandoverError LAB_DIRECTORY_NOT_EMPTY, LAB_ALREADY_UP
 */
export async function claimDirectory(wanted: string): Promise<string> {
  await mkdir(wanted, { recursive: true, mode: 0o700 })
  const dir = await realpath(wanted)
  const names = await readdir(dir)
  if (names.length === 0) return dir
  if (!names.includes('lab.json')) {
    const message = `${dir} is not empty and holds no lab`
    throw new HandoverError(fault('LAB_DIRECTORY_NOT_EMPTY', message, { hint: 'name another directory' }))
  }
  const lab = await openLab(dir)
  const isStarting = lab.state === 'starting' && lab.boot === (await bootId()) && isAlive(lab.starter)
  if (isStarting || (lab.state === 'up' && (await labProcesses(lab)).length > 0)) {
    const message = `a lab of ${plural(lab.hosts.length, 'host')} is up in ${dir}`
    throw new HandoverError(
      fault('LAB_ALREADY_UP', message, { hint: 'take it down first: handover lab down' }),
    )
  }
  await removeLab(lab)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  return dir
}

/** Everything alive that belongs to the lab. */
export async function labProcesses(lab: Lab): Promise<LabProcess[]> {
  return findProcesses(await identify(lab))
}

/**
 * Ends every process of the lab and removes its directory.
 * @throws HandoverError LAB_STOP_FAILED
 */
export async function removeLab(lab: Lab): Promise<{ ended: number }> {
  const identity = await identify(lab)
  const { ended, left } = await endProcesses(() => findProcesses(identity))
  if (left.length > 0) {
    const names = left.map(one => `${one.pid} (${one.title})`).join(', ')
    throw new HandoverError(fault('LAB_STOP_FAILED', `still there after being killed: ${names}`))
  }
  try {
    await rm(identity.root, { recursive: true, force: true, maxRetries: 3 })
    // lab.json last: as long as anything is left, the directory is still known as a lab.
    const others = (await readdir(lab.dir)).filter(name => join(lab.dir, name) !== labFile(lab.dir))
    await Promise.all(others.map(name => rm(join(lab.dir, name), { recursive: true, force: true })))
    await rm(lab.dir, { recursive: true, force: true })
  } catch (error) {
    throw new HandoverError(fault('LAB_STOP_FAILED', `${lab.dir} cannot be removed: ${String(error)}`))
  }
  return { ended }
}

async function identify(lab: Lab): Promise<LabIdentity> {
  const isSameBoot = lab.boot === (await bootId())
  const started = lab.hosts.flatMap(host => [host.started.sshd, host.started.nginx])
  const recorded = isSameBoot ? started.filter(id => id !== undefined) : []
  return { labId: lab.id, root: join(lab.dir, 'hosts'), recorded }
}
