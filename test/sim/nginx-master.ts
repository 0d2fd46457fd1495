/**
 * A master of nginx as its main loop is (nginx-facts.md, A1): a signal only raises a flag; a turn of the loop looks at the flags
 * in a fixed order and may pass over some. Losing a signal (R6) and forgetting workers (T1) follow from that and are not
 * written down anywhere.
 */
import { type AnySignal, isGone, type Kernel, type Process } from './nginx-process.ts'

/** How a binary does. `dies-late` serves first; `cannot-bind` and `hangs` never get as far as a pid file. */
export type Behaviour = 'runs' | 'refuses' | 'cannot-bind' | 'hangs' | 'no-workers' | 'dies-late'

export interface Disk {
  /** The binary at the real path; undefined when there is no file. */
  path: string | undefined
  /** Content of the pid file: a pid, `empty` (R25), or undefined when there is no file. */
  pid: number | 'empty' | undefined
  oldbin: number | 'empty' | undefined
}

export interface Surroundings {
  readonly kernel: Kernel
  readonly disk: Disk
  readonly workers: number
  behaviourOf(binary: string): Behaviour
  /** A further master, to be sent signals from its first turn on. */
  adopt(master: Master): void
}

export interface Master {
  readonly process: Process
  /** Has been through its start: what a title shows. */
  hasServed: boolean
  handle(signal: AnySignal): void
}

interface Child {
  process: Process
  readonly respawns: boolean
  /** The new binary: not counted among those that a leaving master waits for. */
  readonly isDetached: boolean
  isExiting: boolean
  isJustSpawned: boolean
}

type Flag = 'reap' | 'TERM' | 'QUIT' | 'HUP' | 'restart' | 'USR2' | 'WINCH'

export interface MasterOptions {
  /** False for `daemon off`: no WINCH, and no USR2 while the starter lives (R18). */
  readonly isDaemon: boolean
  /** The binary is the file at the path at this moment. */
  readonly isForked: boolean
}

export function startMaster(around: Surroundings, process: Process, options: MasterOptions): void {
  const { kernel, disk, behaviourOf } = around
  const flags = new Set<Flag>()
  const children: Child[] = []
  /** The new binary's pid; -1 when the pid file could not be renamed (T2). */
  let newBinary = 0
  let parentAtStart = 0
  let isLive = true
  let isParked = false
  let isAwake = false
  let isTold = false

  const master: Master = {
    process,
    hasServed: false,
    handle(signal) {
      if (signal === 'CHLD') flags.add('reap')
      else if (signal === 'WINCH' ? options.isDaemon : signal !== 'USR2' || mayUpgrade()) {
        if (isFlag(signal)) flags.add(signal)
      }
      if (isAwake) return
      isAwake = true
      kernel.act(process, 'takes a turn', turn)
    },
  }
  around.adopt(master)
  kernel.act(process, options.isForked ? 'execs' : 'starts', begin)

  /** Neither beside a living child upgrade nor below the living master it was started by (R12). */
  function mayUpgrade(): boolean {
    return process.parent !== parentAtStart && newBinary <= 0
  }

  function begin(): void {
    if (disk.path === undefined) return kernel.exit(process)
    process.binary = disk.path
    // A daemon's starter has gone by the time it serves.
    parentAtStart = options.isForked || !options.isDaemon ? process.parent : 0
    const behaviour = behaviourOf(process.binary)
    if (behaviour === 'hangs') return
    if (behaviour === 'refuses') return kernel.act(process, 'refuses', () => kernel.exit(process))
    // Only what it should have inherited is in its way (R4).
    if (behaviour === 'cannot-bind' && options.isForked) {
      return kernel.act(process, 'cannot bind', () => kernel.exit(process))
    }
    kernel.act(process, 'writes its pid', () => {
      disk.pid = process.pid
      kernel.act(process, 'serves', serve)
    })
  }

  function serve(): void {
    process.phase = 'running'
    master.hasServed = true
    startWorkers()
    kernel.listen(process)
    if (behaviourOf(process.binary) === 'dies-late') {
      kernel.act(process, 'dies', () => kernel.exit(process))
    }
  }

  function turn(): void {
    isAwake = false
    if (flags.delete('reap')) reap()
    if (!isLive && (flags.has('TERM') || flags.has('QUIT'))) return leave()
    if (flags.has('TERM')) return terminate()
    if (flags.has('QUIT')) {
      tellWorkers('QUIT')
      process.listens = false
      return
    }
    if (flags.delete('HUP')) {
      // Beside a new binary: more workers, and neither the configuration is read nor `isLive` set (R10, R11, T1).
      if (newBinary !== 0) {
        isParked = false
        return startWorkers()
      }
      return reload()
    }
    finishTurn()
  }

  function finishTurn(): void {
    if (flags.delete('restart')) {
      isLive = true
      startWorkers()
    }
    if (flags.delete('USR2')) startNewBinary()
    if (flags.delete('WINCH')) {
      isParked = true
      tellWorkers('QUIT')
    }
  }

  function reload(): void {
    startWorkers({ isJustSpawned: true })
    // It sleeps 100 ms, deaf to signals, before the older workers are told to go.
    process.isDeaf = true
    kernel.act(process, 'has reloaded', () => {
      isLive = true
      tellWorkers('QUIT')
      finishTurn()
      kernel.listen(process)
    })
  }

  function reap(): void {
    isLive = false
    for (const child of [...children]) {
      if (!isGone(child.process)) {
        if (child.isExiting || !child.isDetached) isLive = true
        continue
      }
      const isLeaving = flags.has('TERM') || flags.has('QUIT')
      if (child.respawns && !child.process.isFatal && !child.isExiting && !isLeaving) {
        child.process = startWorker()
        isLive = true
        continue
      }
      if (child.process.pid === newBinary) takeBack()
      children.splice(children.indexOf(child), 1)
    }
  }

  function takeBack(): void {
    if (disk.oldbin !== undefined) [disk.pid, disk.oldbin] = [disk.oldbin, undefined]
    newBinary = 0
    if (isParked) flags.add('restart')
    isParked = false
  }

  function startNewBinary(): void {
    newBinary = -1
    if (disk.pid === undefined) return
    ;[disk.oldbin, disk.pid] = [disk.pid, undefined]
    const child = kernel.create('master', process.pid, process.binary)
    newBinary = child.pid
    children.push({
      process: child,
      respawns: false,
      isDetached: true,
      isExiting: false,
      isJustSpawned: false,
    })
    startMaster(around, child, { isDaemon: true, isForked: true })
  }

  function startWorkers({ isJustSpawned = false } = {}): void {
    for (let count = 0; count < around.workers; count++) {
      const worker = startWorker()
      children.push({ process: worker, respawns: true, isDetached: false, isExiting: false, isJustSpawned })
    }
  }

  function startWorker(): Process {
    const worker = kernel.create('worker', process.pid, process.binary)
    kernel.act(worker, 'starts', () => {
      worker.isFatal = behaviourOf(worker.binary) === 'no-workers'
      if (worker.isFatal) return kernel.exit(worker)
      worker.phase = 'running'
      kernel.listen(worker)
    })
    return worker
  }

  function tellWorkers(signal: 'QUIT' | 'TERM' | 'KILL'): void {
    for (const child of children) {
      if (child.isDetached) continue
      if (child.isJustSpawned) {
        child.isJustSpawned = false
        continue
      }
      if (child.isExiting && signal === 'QUIT') continue
      child.isExiting = true
      kernel.send(child.process.pid, signal)
    }
  }

  function terminate(): void {
    if (isTold) return
    isTold = true
    tellWorkers('TERM')
    // After a second or two.
    kernel.act(process, 'loses patience', () => tellWorkers('KILL'))
  }

  /** Whatever the file says: also the pid of another nginx that was started meanwhile (R15). */
  function leave(): void {
    disk[newBinary === 0 ? 'pid' : 'oldbin'] = undefined
    kernel.exit(process)
  }
}

function isFlag(signal: AnySignal): signal is Flag & AnySignal {
  return ['TERM', 'QUIT', 'HUP', 'USR2', 'WINCH'].includes(signal)
}
