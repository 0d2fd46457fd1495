/** Which process on which machine wrote something, and is it still there? Linux only. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** `unknown`: it is, or was, on a machine whose processes cannot be seen from here. */
export type Liveness = 'alive' | 'gone' | 'unknown'

export interface ProcessTrace {
  readonly pid: number
  /** As `processIdentity` gave it. */
  readonly identity: string
  /** As `machineIdentity` gave it. */
  readonly machine: string
}

/** Boot id and start time of a process on this machine: tells it from a later one with the same number. */
export function processIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and parentheses: fields count from the last one (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : `${bootId()}:${fields[19]}`
  } catch {
    return undefined
  }
}

/** This machine by its id and name, and the name space its process numbers belong to: containers share a kernel. */
export function machineIdentity(): string {
  return `${tryRead(() => readFileSync('/etc/machine-id', 'utf8').trim())}/${hostname()} ${pidSpace()}`
}

export function livenessOf({ pid, identity, machine }: ProcessTrace): Liveness {
  const [id, space] = machine.split(' ')
  if (identity === '' || id !== machineIdentity().split(' ')[0]) return 'unknown'
  if (identity.split(':')[0] !== tryRead(bootId)) return 'gone'
  if (space !== pidSpace()) return 'unknown'
  return processIdentity(pid) === identity ? 'alive' : 'gone'
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function pidSpace(): string {
  return tryRead(() => readlinkSync('/proc/self/ns/pid'))
}

function tryRead(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
