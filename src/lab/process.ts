/** Processes as /proc shows them, recognised by what they are and never by a name alone. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** A pid alone may be given to another process; with its start time it cannot. */
export interface ProcessId {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: number
}

export interface LabProcess extends ProcessId {
  readonly ppid: number
  /** The executable as started, without the " (deleted)" of a replaced file. */
  readonly exe: string
  /** The command line or the title the process gave itself, arguments joined by blanks. */
  readonly title: string
}

/** Every living process that may be looked at; zombies and kernel threads are none. */
export function listProcesses(): LabProcess[] {
  return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []))
}

export function readProcess(pid: number): LabProcess | undefined {
  const stat = read(pid, 'stat')
  // The second field may itself have blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ppid, startTime] = [fields[0], Number(fields[1]), Number(fields[19])]
  if (stat === '' || state === 'Z' || state === 'X' || !Number.isInteger(startTime)) return undefined
  const exe = link(pid, 'exe').replace(/ \(deleted\)$/, '')
  const title = read(pid, 'cmdline').replaceAll('\0', ' ').trim()
  return { pid, ppid, startTime, exe, title }
}

export function isAlive(id: ProcessId): boolean {
  return readProcess(id.pid)?.startTime === id.startTime
}

export interface LabIdentity {
  /** The HANDOVER_LAB that every session of the lab's sshd sets; undefined to leave the environment out. */
  readonly labId?: string
  /** Absolute; executables and error logs below it belong to the lab. */
  readonly root: string
  readonly recorded?: readonly ProcessId[]
}

/**
 * The processes of a lab, or of one of its hosts: those that run a file below its root, write their errors
 * to one, carry its id in their environment, or were recorded; and all their descendants.
 * Never this process or one it was started by.
 */
export function findProcesses(identity: LabIdentity): LabProcess[] {
  const all = listProcesses()
  const byPid = new Map(all.map(process => [process.pid, process]))
  const spared = ancestors(byPid)
  const found = new Set(all.filter(process => belongs(process, identity)).map(process => process.pid))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const process of all) if (found.has(process.ppid)) found.add(process.pid)
  }
  return all.filter(process => found.has(process.pid) && !spared.has(process.pid))
}

/** The sshd processes among them: listeners and sessions (a program of its own since OpenSSH 9.8). */
export function isSshd(process: LabProcess): boolean {
  return basename(process.exe).startsWith('sshd')
}

/** False when the process has gone or the pid has passed to another. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false
  try {
    return process.kill(id.pid, signal)
  } catch {
    return false
  }
}

function belongs(candidate: LabProcess, { labId, root, recorded = [] }: LabIdentity): boolean {
  const below = `${root}/`
  return (
    candidate.exe.startsWith(below) ||
    link(candidate.pid, 'fd/2').startsWith(below) ||
    (labId !== undefined && read(candidate.pid, 'environ').split('\0').includes(`HANDOVER_LAB=${labId}`)) ||
    // Started with another environment where it was root's through sudo.
    (candidate.title.includes(' dead_man ') && candidate.title.includes(below)) ||
    recorded.some(id => id.pid === candidate.pid && id.startTime === candidate.startTime)
  )
}

function ancestors(byPid: ReadonlyMap<number, LabProcess>): Set<number> {
  const pids = new Set<number>()
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = byPid.get(pid)?.ppid ?? 0) pids.add(pid)
  return pids
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}

function link(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${name}`)
  } catch {
    return ''
  }
}
