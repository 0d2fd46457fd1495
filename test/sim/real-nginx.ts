/** A real nginx in a tree of its own, seen and driven as the model is. */
import { readdirSync, statSync } from 'node:fs'
import { chmod, copyFile, link, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { runCommand } from '../../src/lab/command.ts'
import { describeHost, growTree, writeConfig } from '../../src/lab/host-tree.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { daemonEnvironment } from '../../src/lab/nginx.ts'
import type { LabBinaries } from '../../src/lab/packages.ts'
import { findFreePorts } from '../../src/lab/ports.ts'
import { signalProcess } from '../../src/lab/process.ts'
import { buildVariant } from '../../src/lab/variants.ts'
import { waitUntil } from '../../src/lab/waiting.ts'
import type { MasterView, Named, View } from './nginx-model.ts'
import { content, isIdle, look, type Seen, sockets, socketsOf } from './real-processes.ts'

export interface RealNginx {
  readonly host: LabHost
  /** Everything ends at once and no pid file is left. */
  clear(): Promise<void>
  /** Masters that are no more count among the view's until now. */
  forget(): void
  start(): Promise<void>
  losePidFile(): Promise<void>
  place(binary: string | undefined): Promise<void>
  /** Runs the binary at the path with the master's arguments and some more. */
  run(...args: string[]): Promise<void>
  /** Waits until no process has anything left to do. @throws Error when that does not come */
  becomeQuiet(): Promise<Seen[]>
  view(seen: readonly Seen[]): Promise<View>
  /** A connection that lasts minutes, and the pid of its worker. */
  connect(seen: readonly Seen[]): Promise<{ socket: Socket; worker: number }>
  remove(): Promise<void>
}

export const workers = 2

export async function growNginx(binaries: LabBinaries): Promise<RealNginx> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'handover-sim-')))
  const [sshPort = 0, httpPort = 0] = await findFreePorts(2)
  const host = describeHost({ labId: basename(dir), dir, name: 'h01', sshPort, httpPort })
  await growTree(host, binaries.older.path, 'none')
  const user = process.getuid?.() === 0 ? { user: 'root' } : {}
  await writeConfig(host, { workers, quirk: false, ...user }, { lines: [], usePam: false })
  const shelf = await fillShelf(host, binaries)
  const args = ['-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]
  /** Of this boot, in order of birth; the dead ones, too. */
  let masters: Seen[] = []

  const real: RealNginx = {
    host,
    async clear() {
      const isEmpty = () => {
        const found = look(host, shelf)
        for (const one of found) signalProcess(one, 'SIGKILL')
        return found.length === 0
      }
      if (!(await waitUntil(isEmpty, { deadlineMs: 5000, everyMs: 3 }))) throw new Error('they would not end')
      await Promise.all([host.pidFile, `${host.pidFile}.oldbin`].map(file => rm(file, { force: true })))
    },
    forget() {
      masters = []
    },
    start: () => real.run(),
    async place(binary) {
      await rm(host.binary, { force: true })
      // A link, so that the inode of /proc/PID/exe tells which one a process runs.
      if (binary !== undefined) await link(join(host.root, 'shelf', binary), host.binary)
    },
    losePidFile: () => rm(host.pidFile, { force: true }),
    async run(...more) {
      await runCommand(host.binary, [...args, ...more], { cwd: host.root, env: daemonEnvironment(host) })
    },
    async becomeQuiet() {
      let before = ''
      let seen: Seen[] = []
      const isQuiet = () => {
        seen = look(host, shelf)
        const now = JSON.stringify([seen, content(host.pidFile), content(`${host.pidFile}.oldbin`)])
        const isSame = before === now
        before = now
        return isSame && seen.every(one => isIdle(one, seen))
      }
      if (!(await waitUntil(isQuiet, { deadlineMs: 8000, everyMs: 8 })))
        throw new Error(`no quiet: ${before}`)
      for (const one of seen) {
        const isNew = one.role === 'master' && !masters.some(other => other.pid === one.pid)
        if (isNew) masters.push(one)
      }
      return seen
    },
    async view(seen) {
      const named = (file: string): Named => {
        const text = content(file)
        if (text === undefined) return 'none'
        if (text === '') return 'empty'
        const index = masters.findIndex(one => one.pid === Number(text))
        return index >= 0 && seen.some(one => one.pid === Number(text)) ? index : 'dead'
      }
      const orphans: Record<string, readonly [number, number]> = {}
      const isOrphan = (one: Seen) => one.role === 'worker' && !masters.some(other => other.pid === one.ppid)
      for (const { binary } of seen.filter(isOrphan)) {
        orphans[binary] = count(seen.filter(one => isOrphan(one) && one.binary === binary))
      }
      return {
        masters: masters.map(master => viewMaster(master, seen)),
        starting: seen.filter(one => one.role === 'starting').length,
        orphans,
        pidFile: named(host.pidFile),
        oldbin: named(`${host.pidFile}.oldbin`),
        front: await knock(host, seen.some(one => isAccepting(one)) ? 3000 : 40),
      }
    },
    async connect(seen) {
      const socket = connect(host.httpPort, '127.0.0.1')
      await new Promise<void>((resolve, reject) => {
        socket.once('data', () => resolve()).once('error', reject)
        socket.write('GET /slow HTTP/1.1\r\nHost: h01\r\n\r\n')
      })
      socket.on('error', () => {})
      const inode = sockets().find(
        one => one.port === host.httpPort && one.peer === socket.localPort && one.inode !== 0,
      )?.inode
      const worker = seen.find(one => one.role === 'worker' && socketsOf(one.pid).includes(inode ?? -1))
      if (!worker) throw new Error('no worker has the connection')
      return { socket, worker: worker.pid }
    },
    async remove() {
      await real.clear()
      await rm(dir, { recursive: true, force: true })
    },
  }
  return real
}

/** Named as the model's binaries are; by inode. */
async function fillShelf(host: LabHost, { older, newer }: LabBinaries): Promise<Map<number, string>> {
  const dir = join(host.root, 'shelf')
  await mkdir(dir)
  const sleeper = join(dir, 'sleeper')
  const unbound = await buildVariant('dies-after-tests', newer, dir)
  await Promise.all([
    copyFile(older.path, join(dir, 'old')),
    copyFile(newer.path, join(dir, 'new')),
    copyFile('/bin/false', join(dir, 'refuses')),
    copyFile('/bin/sleep', sleeper),
    copyFile(unbound.path, join(dir, 'unbound')),
    writeFile(join(dir, 'hangs'), `#!/bin/sh\nexec ${sleeper} 300\n`),
    writeFile(join(dir, 'childless'), withoutWorkers(await readFile(newer.path))),
  ])
  const names = readdirSync(dir)
  await Promise.all(names.map(name => chmod(join(dir, name), 0o755)))
  return new Map(names.map(name => [statSync(join(dir, name)).ino, name === 'sleeper' ? 'hangs' : name]))
}

/** A worker that cannot make its epoll exits with 2; the master never needs one. */
function withoutWorkers(nginx: Buffer): Buffer {
  const at = nginx.indexOf('\0epoll_create\0', 0, 'latin1')
  if (at < 0) throw new Error('this nginx does not import epoll_create')
  nginx.write('\0epoll_ctl\0\0\0\0', at, 'latin1')
  return nginx
}

function viewMaster(master: Seen, seen: readonly Seen[]): MasterView {
  const now = seen.find(one => one.pid === master.pid)
  const [accepting, draining] = count(seen.filter(one => one.role === 'worker' && one.ppid === master.pid))
  const listens = now?.listens ?? false
  const isParked = listens && accepting === 0
  return { binary: master.binary, isAlive: now !== undefined, accepting, draining, listens, isParked }
}

function count(found: readonly Seen[]): [accepting: number, draining: number] {
  const draining = found.filter(one => one.isDraining).length
  return [found.length - draining, draining]
}

function isAccepting({ role, isDraining, isStopped }: Seen): boolean {
  return role === 'worker' && !isDraining && !isStopped
}

function knock(host: LabHost, patienceMs: number): Promise<View['front']> {
  return new Promise(resolve => {
    const socket = connect({ port: host.httpPort, host: '127.0.0.1', timeout: patienceMs })
    const end = (answer: View['front']) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', () => end('answers'))
    socket.once('error', () => end('refused'))
    socket.once('timeout', () => end('hangs'))
    socket.write('GET / HTTP/1.1\r\nHost: h01\r\nConnection: close\r\n\r\n')
  })
}
