/** What the dead-man stories ask of a host: when its lease ends, and how long after that it is back. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { listProcesses } from '../../src/lab/process.ts'
import { deadMen, mastersOf, sha256Now, until, type World } from './world.ts'

/** Hundredths of a second. */
export const shortLease = 300

/** Hundredths of a second of the host's monotonic time. Asked too late on a machine that stood still, it ended just now. */
export function leaseEnd(world: World): number {
  if (!existsSync(world.state('lease'))) return uptime()
  return Number(readFileSync(world.state('lease'), 'utf8').trim().split(/\s+/)[1])
}

export function uptime(): number {
  return Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100)
}

export function recordOf(world: World): string {
  return readFileSync(world.state('record'), 'utf8')
}

/** The last `state=` of the record. */
export function stateOf(world: World): string {
  return [...recordOf(world).matchAll(/^state=(.*)$/gm)].at(-1)?.[1] ?? ''
}

/**
 * Waits until an old master accepts with all its workers, the path is old, and every new master has been told to quit.
 * @returns seconds after the end of the lease
 */
export async function backByItself(world: World, end = leaseEnd(world)): Promise<number> {
  await until(() => servesOld(world), 30_000)
  const late = (uptime() - end) / 100
  expect(late, 'seconds after the end of the lease').toBeLessThan(2)
  return late
}

export function servesOld(world: World): boolean {
  if (sha256Now(world.host.binary) !== world.oldSha) return false
  const masters = mastersOf(world.processes())
  const isOld = (pid: number) => {
    try {
      return sha256Now(`/proc/${pid}/exe`) === world.oldSha
    } catch {
      return false
    }
  }
  const old = masters.filter(one => isOld(one.pid))
  // A master that was told to quit has told its workers: none of them accepts.
  return (
    old.some(one => world.workersOf(one).length >= world.workers) &&
    masters.filter(one => !old.includes(one)).every(one => world.workersOf(one).length === 0)
  )
}

/** It has done its work and is gone. */
export function deadManGone(world: World): Promise<void> {
  return until(() => deadMen(world.host.root).length === 0, 20_000)
}

/** SIGKILL for a program of this host and every phase it has begun, as the end of a login session does it. */
export function killProgram(pid: number): void {
  const all = listProcesses()
  const doomed = [pid]
  for (const one of doomed) doomed.push(...all.filter(each => each.ppid === one).map(each => each.pid))
  for (const one of doomed) {
    try {
      process.kill(one, 'SIGKILL')
    } catch {}
  }
}
