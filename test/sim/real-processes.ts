/** What /proc shows of a real nginx. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'
import type { LabHost } from '../../src/lab/lab.ts'
import { type LabProcess, readProcess } from '../../src/lab/process.ts'

export interface Seen extends LabProcess {
  readonly binary: string
  readonly role: 'master' | 'worker' | 'starting'
  readonly isDraining: boolean
  readonly isStopped: boolean
  readonly listens: boolean
}

/** In order of birth. */
export function look(host: LabHost, shelf: ReadonlyMap<number, string>): Seen[] {
  const listening = listeningOn(host.httpPort)
  const found = readdirSync('/proc').flatMap((name): Seen | [] => {
    if (!/^\d+$/.test(name) || !attempt(() => readlinkSync(`/proc/${name}/exe`))?.startsWith(host.root))
      return []
    const one = readProcess(Number(name))
    const inode = attempt(() => statSync(`/proc/${name}/exe`).ino)
    if (!one || inode === undefined) return []
    const { title } = one
    const isMaster = title.startsWith('nginx: master process')
    const isWorker = title.startsWith('nginx: worker process')
    return {
      ...one,
      binary: shelf.get(inode) ?? '?',
      role: isMaster ? 'master' : isWorker ? 'worker' : 'starting',
      isDraining: title.endsWith('is shutting down'),
      isStopped: /^State:\tT/m.test(content(`/proc/${name}/status`) ?? ''),
      listens: socketsOf(one.pid).some(inode => listening.includes(inode)),
    }
  })
  return found.sort((a, b) => a.startTime - b.startTime || a.pid - b.pid)
}

/** Waiting where its main loop waits, and no child of it that is about to be gone. */
export function isIdle({ pid, binary, role, isStopped }: Seen, all: readonly Seen[]): boolean {
  if (isStopped || binary === 'hangs') return true
  const waits = content(`/proc/${pid}/wchan`) ?? ''
  if (role !== 'master') return role === 'worker' && /epoll|ep_poll/.test(waits)
  const children = (content(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean)
  return /sigsuspend/.test(waits) && children.every(child => all.some(one => one.pid === Number(child)))
}

/** Those that listen come first; the rest may be thousands that wait out their time. */
function listeningOn(port: number): number[] {
  const file = openSync('/proc/net/tcp', 'r')
  try {
    const chunk = Buffer.alloc(4096)
    let text = ''
    while (
      !text
        .split('\n')
        .slice(1, -1)
        .some(line => !line.includes(' 0A '))
    ) {
      const size = readSync(file, chunk)
      if (size === 0) break
      text += chunk.toString('latin1', 0, size)
    }
    return parseSockets(text).flatMap(one => (one.port === port && one.peer === 0 ? one.inode : []))
  } finally {
    closeSync(file)
  }
}

/** Of this machine; `peer` is 0 for those that listen. */
export function sockets(): { port: number; peer: number; inode: number }[] {
  return parseSockets(content('/proc/net/tcp') ?? '')
}

function parseSockets(text: string) {
  const lines = text
    .split('\n')
    .slice(1)
    .filter(line => line.length > 100)
  return lines.map(line => {
    const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/)
    const port = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16)
    return { port: port(local), peer: port(remote), inode: Number(inode) }
  })
}

export function socketsOf(pid: number): number[] {
  return (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).flatMap(fd => {
    const inode = attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`))?.match(/^socket:\[(\d+)\]$/)?.[1]
    return inode === undefined ? [] : Number(inode)
  })
}

export function content(file: string): string | undefined {
  return attempt(() => readFileSync(file, 'latin1').trim())
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // Gone between two looks.
    return undefined
  }
}
