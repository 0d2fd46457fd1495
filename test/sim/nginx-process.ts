/**
 * The processes of a modelled nginx and what the kernel does for them: signals, stopping, parents, exits.
 * Nothing happens at once: what a process does next is handed to `later`, so that a simulation can delay and interleave it.
 */

export type Signal = 'USR2' | 'WINCH' | 'HUP' | 'QUIT' | 'TERM' | 'KILL' | 'USR1' | 'STOP' | 'CONT'

/** What the kernel sends by itself besides. */
export type AnySignal = Signal | 'CHLD'

export interface Process {
  readonly pid: number
  /** 1 for an orphan and for a daemon. */
  parent: number
  /** What it runs; between fork and exec still what its parent runs. */
  binary: string
  readonly role: 'master' | 'worker'
  phase: 'starting' | 'running' | 'draining' | 'gone'
  /** Signals wait while it starts: nginx forks and execs with all of them blocked; and while it sleeps in a reload. */
  isDeaf: boolean
  isStopped: boolean
  readonly pending: Set<AnySignal>
  /** What it would have done while it was stopped. */
  readonly paused: (() => void)[]
  /** Of a worker, open. */
  connections: number
  /** Holds the listening sockets, whether anybody accepts from them or not. */
  listens: boolean
  /** Exit code 2: nginx does not start such a worker again. */
  isFatal: boolean
}

export type Later = (what: string, run: () => void) => void

export interface Kernel {
  /** Everything that ever ran, in order of birth. */
  readonly all: readonly Process[]
  create(role: Process['role'], parent: number, binary: string): Process
  /** The next thing a process does; never, when it is gone by then. `what`: a word or two for the log. */
  act(process: Process, what: string, run: () => void): void
  send(pid: number, signal: AnySignal): void
  /** Begins to take signals, those that have waited first. */
  listen(process: Process): void
  exit(process: Process): void
}

export function createKernel(
  later: Later,
  firstPid: number,
  handle: (process: Process, signal: AnySignal) => void,
): Kernel {
  const all: Process[] = []
  const find = (pid: number) => all.find(one => one.pid === pid && one.phase !== 'gone')

  const receive = (process: Process) => {
    if (process.isStopped || process.isDeaf) return
    const waiting = [...process.pending]
    process.pending.clear()
    for (const signal of waiting) handle(process, signal)
  }

  const deliver = (process: Process, signal: AnySignal) => {
    if (process.phase === 'gone') return
    if (signal === 'KILL') return kernel.exit(process)
    if (signal === 'STOP') process.isStopped = true
    else if (signal === 'CONT') {
      process.isStopped = false
      for (const run of process.paused.splice(0)) if (!isGone(process)) run()
    } else process.pending.add(signal)
    if (!isGone(process)) receive(process)
  }

  const kernel: Kernel = {
    all,
    create(role, parent, binary) {
      const process: Process = {
        pid: firstPid + all.length,
        parent,
        binary,
        role,
        phase: 'starting',
        isDeaf: true,
        isStopped: false,
        pending: new Set(),
        paused: [],
        connections: 0,
        listens: true,
        isFatal: false,
      }
      all.push(process)
      return process
    },
    act(process, what, run) {
      later(`${process.pid} ${what}`, () => {
        if (isGone(process)) return
        if (process.isStopped) process.paused.push(run)
        else run()
      })
    },
    send(pid, signal) {
      const process = find(pid)
      if (process) later(`${pid} gets ${signal}`, () => deliver(process, signal))
    },
    listen(process) {
      process.isDeaf = false
      receive(process)
    },
    exit(process) {
      process.phase = 'gone'
      process.listens = false
      process.connections = 0
      for (const one of all) if (one.parent === process.pid) one.parent = 1
      kernel.send(process.parent, 'CHLD')
    },
  }
  return kernel
}

/** A function, because a process may go while its own code runs. */
export function isGone(process: Process): boolean {
  return process.phase === 'gone'
}

export function isWorker(process: Process): boolean {
  return process.role === 'worker' && !isGone(process)
}

export function handleAsWorker(kernel: Kernel, process: Process, signal: AnySignal): void {
  if (signal === 'TERM') kernel.act(process, 'ends', () => kernel.exit(process))
  if ((signal === 'QUIT' || signal === 'WINCH') && process.phase === 'running') {
    process.phase = 'draining'
    process.listens = false
    endDrained(kernel, process)
  }
}

export function endDrained(kernel: Kernel, process: Process): void {
  if (process.phase !== 'draining' || process.connections > 0) return
  kernel.act(process, 'has drained', () => kernel.exit(process))
}
