/** What a simulated host answers: what it found, in the words of the driver. */
import { fault } from '../../src/core/fault.ts'
import type { Found, HostLock, Inspection } from '../../src/driver/hands.ts'
import type { Machine } from './host-machine.ts'
import { acceptingOf, drainingOf, mastersOf, pidFile } from './host-processes.ts'

/** One letter per binary is a checksum that can be read. */
export const shaOf = (binary: string | undefined) => (binary ?? '').padEnd(8, '.')

export function foundOn(machine: Machine): Found {
  const { nginx, disk } = machine
  const path = disk.now.names.path ?? ''
  const { record } = disk.now
  const pid = pidFile(machine)
  const main = nginx.processes().find(one => one.pid === pid && one.role === 'master')
  const ours = [...new Set([path, record?.oldBinary ?? path, record?.newBinary ?? path])]
  return {
    version: path,
    sha256: shaOf(path),
    runsPath: main?.binary === path,
    pid: main ? pid : 0,
    workers: main ? acceptingOf(machine, main.binary, main.pid).length : 0,
    masters: ours.flatMap(binary => mastersOf(machine, binary)).length,
    draining: ours.flatMap(binary => drainingOf(machine, binary)).length,
  }
}

export function inspectionOf(machine: Machine, wanted: string, lock: HostLock | null): Inspection {
  const found = foundOn(machine)
  return {
    ...found,
    onDisk: { version: found.version, sha256: found.sha256 },
    current: found.sha256 === shaOf(wanted) && found.runsPath && found.masters === 1,
    path: '/usr/sbin/nginx',
    identity: machine.traits.name,
    exchange: 'exch',
    lock,
    notes: [],
    lastWord: null,
    last: null,
  }
}

export const lostFault = (host: string) => fault('HOST_LOST', 'the connection was lost', { host })
export const switchFault = (host: string, code: string) => fault('SWITCH_FAILED', code, { host })
export const changedFault = (host: string, code: string) =>
  fault(code === 'LEASE_LOST' ? 'LEASE_LOST' : 'HOST_CHANGED', code, { host })
export const heldFault = (host: string, code: string) => fault('COMMIT_HELD', code, { host })
export const stuckFault = (host: string, code: string) => fault('REVERT_FAILED', code, { host })
export const unfitFault = (host: string, code: string) =>
  fault(code === 'LOCKED' ? 'HOST_LOCKED' : 'HOST_UNFIT', code, { host })
