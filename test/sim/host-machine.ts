/**
 * A simulated host: its daemon, its disk, its processes and its own time. What runs on it is written as generators that
 * yield the milliseconds they wait: between two of them time passes, faults strike and invariants are looked at.
 */
import type { Dice } from './dice.ts'
import { type HostDisk, hostDisk } from './host-disk.ts'
import type { Witness } from './invariants.ts'
import type { Behaviour } from './nginx-master.ts'
import { modelNginx, type NginxModel } from './nginx-model.ts'
import type { VirtualTime } from './virtual-clock.ts'

/** Work on a host; yields how long it waits, in milliseconds. */
export type Steps<T> = Generator<number, T, void>

/** A process of ours on the host. */
export interface Task {
  readonly what: string
  isAlive: boolean
}

/** `unhealthy` serves, but not what the health check wants to see. */
export type Quality = Behaviour | 'unhealthy'

export interface HostTraits {
  readonly name: string
  readonly binary: string
  readonly workers: number
  /** How each binary does here; those not named run well. */
  readonly qualities: Readonly<Record<string, Quality>>
  /** Its monotonic clock, against that of the controller. */
  readonly rate: number
  readonly slowness: number
  /** Clients that stay connected for that long, in milliseconds. */
  readonly clients: readonly number[]
}

export interface Machine {
  readonly traits: HostTraits
  readonly time: VirtualTime
  readonly dice: Dice
  readonly witness: Witness
  readonly disk: HostDisk
  readonly nginx: NginxModel
  boot: number
  isUp: boolean
  /** A disk that takes no further line of the record. */
  isFull: boolean
  effect: Task | undefined
  deadMan: Task | undefined
  sessions: number
  /** Sessions whose connection, or whose phase, is still there. */
  readonly alive: Map<number, number>
  /** The old binary as it was before any run, and those that an intruder has brought. */
  readonly strangers: Set<string>
  /** How many of the last signals to a process have not been worked off. */
  readonly busy: Map<number, number>
  uptimeMs(): number
  quality(binary: string | undefined): Quality
  setPath(path: string | undefined, beside: string | undefined): void
  start<T>(what: string, work: (task: Task) => Steps<T>, done?: (answer: T) => void): Task
  reboot(isPowerCut: boolean): void
}

export function machineOf(time: VirtualTime, dice: Dice, traits: HostTraits, witness: Witness): Machine {
  const disk = hostDisk(traits.binary)
  const busy = new Map<number, number>()
  const tasks = new Set<Task>()
  let bootedAt = 0
  const quality = (binary: string | undefined) => traits.qualities[binary ?? ''] ?? 'runs'
  const nginx = modelNginx({
    path: traits.binary,
    workers: traits.workers,
    behaviourOf(binary) {
      const found = quality(binary)
      return found === 'unhealthy' ? 'runs' : found
    },
    later(what, run) {
      // It does not work on what will only happen to it.
      const pid = what.endsWith(' dies') ? 0 : Number.parseInt(what, 10)
      busy.set(pid, (busy.get(pid) ?? 0) + 1)
      time.after(reactionMs(what, dice) * traits.slowness, () => {
        busy.set(pid, (busy.get(pid) ?? 1) - 1)
        run()
        witness.daemonMoved(machine)
      })
    },
  })
  const machine: Machine = {
    traits,
    time,
    dice,
    witness,
    disk,
    nginx,
    boot: 1,
    isUp: true,
    isFull: false,
    effect: undefined,
    deadMan: undefined,
    sessions: 0,
    alive: new Map(),
    strangers: new Set(),
    busy,
    quality,
    uptimeMs: () => (time.nowMs() - bootedAt) * traits.rate,
    setPath(path, beside) {
      disk.set('names', { path, beside })
      nginx.exchange(path)
    },
    start(what, work, done) {
      const task: Task = { what, isAlive: true }
      tasks.add(task)
      const steps = work(task)
      const end = () => {
        task.isAlive = false
        tasks.delete(task)
      }
      const step = () => {
        if (!task.isAlive) return
        const { value, done: isDone } = steps.next()
        if (!isDone) {
          time.after(value * traits.slowness, step)
          return
        }
        end()
        done?.(value as Parameters<NonNullable<typeof done>>[0])
      }
      step()
      return task
    },
    reboot(isPowerCut) {
      for (const task of tasks) task.isAlive = false
      tasks.clear()
      machine.alive.clear()
      machine.effect = undefined
      machine.deadMan = undefined
      machine.isUp = false
      machine.boot++
      if (isPowerCut) disk.cut(dice)
      nginx.exchange(undefined)
      nginx.reboot()
      busy.clear()
      time.after(dice.between(3000, 20_000), () => {
        bootedAt = time.nowMs()
        machine.isUp = true
        nginx.exchange(disk.now.names.path)
        nginx.start()
        witness.booted(machine)
      })
    },
  }
  connectClients(machine)
  return machine
}

/** They come when it serves, and leave when they like. */
function connectClients({ time, traits, nginx }: Machine): void {
  for (const [index, stayMs] of traits.clients.entries()) {
    time.after(200 + index, () => {
      const worker = nginx.processes().filter(one => one.role === 'worker')[index]
      if (!worker || !nginx.connect(worker.pid)) return
      time.after(stayMs, () => nginx.disconnect(worker.pid))
    })
  }
}

function reactionMs(what: string, dice: Dice): number {
  if (what.endsWith('has reloaded')) return 100
  if (what.endsWith('loses patience')) return dice.between(1000, 2000)
  if (what.endsWith(' dies')) return dice.between(1000, 120_000)
  return dice.between(0.05, dice.chance(5) ? 60 : 4)
}
