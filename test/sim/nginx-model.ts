/**
 * A model of the nginx of one host, for simulations: no I/O and no time. What it does is held against a real nginx by
 * differential.test.ts; where the two ever differ, the real one is right.
 */
import { type Behaviour, type Disk, type Master, startMaster } from './nginx-master.ts'
import {
  createKernel,
  endDrained,
  handleAsWorker,
  isGone,
  isWorker,
  type Later,
  type Process,
  type Signal,
} from './nginx-process.ts'

export interface ModelOptions {
  /** What is to happen once, after this call has returned; reactions that are not ordered may run in any order. */
  readonly later: Later
  behaviourOf(binary: string): Behaviour
  readonly workers: number
  /** At the path from the beginning. */
  readonly path: string
  /** The pid of the process that runs nginx with `daemon off` (R18). */
  readonly supervisor?: number
  readonly firstPid?: number
}

export interface NginxModel {
  readonly disk: Readonly<Disk>
  /** Those that live, in order of birth. */
  processes(): readonly Readonly<Process>[]
  /** To nobody, when the process has gone. */
  signal(pid: number, name: Signal): void
  /** `nginx -s`: to whom the pid file names, which is the new master while there are two (R23). */
  command(name: 'reload' | 'reopen' | 'quit' | 'stop'): void
  /** `nginx -t` by the binary at the path: true when it passes. Leaves an empty pid file where there was none (R25). */
  check(): boolean
  crash(pid: number): void
  /** As the service manager does it: in vain while anybody holds the sockets. */
  start(): void
  /** Everything has gone, pid files too; then the service manager starts what is at the path. */
  reboot(): void
  /** Puts another binary at the path; undefined for none. @returns what was there */
  exchange(binary: string | undefined): string | undefined
  losePidFile(): void
  /** A client's connection that lasts, to a worker that accepts; false when it does not. */
  connect(worker: number): boolean
  disconnect(worker: number): void
  isAccepting(): boolean
  view(): View
}

export interface MasterView {
  readonly binary: string
  readonly isAlive: boolean
  /** Workers by their titles. */
  readonly accepting: number
  readonly draining: number
  /** Holds the listening sockets: QUIT has not been handled. */
  readonly listens: boolean
  /** As seen from outside: after WINCH, and also a master whose workers cannot start (R5). */
  readonly isParked: boolean
}

/** The index of a living master of the view. */
export type Named = number | 'none' | 'dead' | 'empty'

/** What somebody with /proc, the files and a browser sees; plain data, and the same for a model and for a real nginx. */
export interface View {
  /** Every one that has ever served, in order of birth. */
  readonly masters: readonly MasterView[]
  /** Processes that have not got as far as being a master. */
  readonly starting: number
  /** Workers without a master, by binary: accepting, draining. */
  readonly orphans: Readonly<Record<string, readonly [accepting: number, draining: number]>>
  readonly pidFile: Named
  readonly oldbin: Named
  /** What a new connection meets: `hangs` when the sockets are held and nobody accepts (R20). */
  readonly front: 'answers' | 'hangs' | 'refused'
}

export function modelNginx(options: ModelOptions): NginxModel {
  const disk: Disk = { path: options.path, pid: undefined, oldbin: undefined }
  const masters: Master[] = []
  const kernel = createKernel(options.later, options.firstPid ?? 100, (process, signal) => {
    if (process.role === 'worker') return handleAsWorker(kernel, process, signal)
    masters.find(one => one.process === process)?.handle(signal)
  })
  const around = { ...options, kernel, disk, adopt: (master: Master) => masters.push(master) }
  const living = () => kernel.all.filter(one => !isGone(one))
  const find = (pid: number) => living().find(one => one.pid === pid)
  const isAccepting = () => living().some(one => isWorker(one) && one.phase === 'running' && !one.isStopped)

  const named = (content: Disk['pid']): Named => {
    if (content === undefined) return 'none'
    if (content === 'empty') return 'empty'
    const index = masters.filter(one => one.hasServed).findIndex(one => one.process.pid === content)
    return find(content) && index >= 0 ? index : 'dead'
  }

  const model: NginxModel = {
    disk,
    processes: living,
    signal: kernel.send,
    isAccepting,
    command(name) {
      const signal = ({ reload: 'HUP', reopen: 'USR1', quit: 'QUIT', stop: 'TERM' } as const)[name]
      if (typeof disk.pid === 'number') kernel.send(disk.pid, signal)
    },
    check() {
      const behaviour = disk.path === undefined ? 'refuses' : options.behaviourOf(disk.path)
      if (behaviour === 'refuses' || behaviour === 'hangs') return false
      disk.pid ??= 'empty'
      return true
    },
    crash(pid) {
      const process = find(pid)
      if (process) kernel.exit(process)
    },
    start() {
      if (disk.path === undefined || living().some(one => one.listens)) return
      const process = kernel.create('master', options.supervisor ?? 1, disk.path)
      startMaster(around, process, { isDaemon: options.supervisor === undefined, isForked: false })
    },
    reboot() {
      for (const one of living()) kernel.exit(one)
      disk.pid = undefined
      disk.oldbin = undefined
      model.start()
    },
    exchange(binary) {
      const before = disk.path
      disk.path = binary
      return before
    },
    losePidFile() {
      disk.pid = undefined
    },
    connect(pid) {
      const worker = find(pid)
      if (!worker || !isWorker(worker) || worker.phase !== 'running' || worker.isStopped) return false
      worker.connections++
      return true
    },
    disconnect(pid) {
      const worker = find(pid)
      if (!worker || worker.connections === 0) return
      worker.connections--
      endDrained(kernel, worker)
    },
    view: () => ({
      masters: masters.filter(one => one.hasServed).map(viewMaster),
      starting: masters.filter(one => !one.hasServed && !isGone(one.process)).length,
      orphans: orphans(),
      pidFile: named(disk.pid),
      oldbin: named(disk.oldbin),
      front: isAccepting() ? 'answers' : living().some(one => one.listens) ? 'hangs' : 'refused',
    }),
  }
  model.start()
  return model

  function viewMaster({ process }: Master): MasterView {
    const [accepting, draining] = count(one => one.parent === process.pid)
    const { binary, listens } = process
    const isParked = listens && accepting === 0
    return { binary, isAlive: !isGone(process), accepting, draining, listens, isParked }
  }

  function orphans(): View['orphans'] {
    const found: Record<string, readonly [number, number]> = {}
    for (const { binary } of living().filter(one => isWorker(one) && one.parent === 1)) {
      found[binary] ??= count(one => one.parent === 1 && one.binary === binary)
    }
    return found
  }

  function count(isCounted: (worker: Process) => boolean): [accepting: number, draining: number] {
    const workers = living().filter(one => isWorker(one) && isCounted(one))
    const draining = workers.filter(one => one.phase === 'draining').length
    return [workers.filter(one => one.phase === 'running').length, draining]
  }
}
