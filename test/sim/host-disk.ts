/**
 * What a simulated host keeps: each key durable only after its sync. A power cut leaves of each key any value it has had since,
 * as file systems do.
 */
import type { RunStand } from '../../src/core/run-stand.ts'
import type { Dice } from './dice.ts'

export type RunState = Exclude<RunStand, 'none'>

/** The record of the last run on a host. Processes are known by their pids, which a simulated host never gives twice. */
export interface RunRecord {
  readonly run: string
  readonly epoch: number
  readonly boot: number
  readonly state: RunState
  readonly oldBinary: string
  readonly newBinary: string
  readonly oldMaster: number
  readonly oldSet: readonly number[]
  readonly newMaster: number
  readonly newSet: readonly number[]
  readonly usr2Sent: boolean
  readonly winchAt: number | undefined
  /** It has come to `switched`, so its WINCH was handled. */
  readonly wasParked?: boolean
  /** The epoch that closed the run here; 0 for the dead-man and for what was not closed. */
  readonly closedBy: number
}

export interface RunLock {
  readonly run: string
  readonly epoch: number
  readonly session: number
  readonly boot: number
}

export interface Kept {
  record: RunRecord | undefined
  /** What the path holds, and the name beside it. */
  names: { readonly path: string | undefined; readonly beside: string | undefined }
  outcome: { readonly run: string; readonly outcome: 'decided' | 'reverting' } | undefined
  lock: RunLock | undefined
  lease: { readonly run: string; readonly boot: number; readonly until: number } | undefined
  /** The runs that were asked to go back. */
  cancelled: readonly string[]
  /** Binaries of which a copy was made. */
  backups: readonly string[]
}

export interface HostDisk {
  readonly now: Readonly<Kept>
  /** What a power cut leaves for certain. */
  readonly durable: Readonly<Kept>
  set<Key extends keyof Kept>(key: Key, value: Kept[Key]): void
  sync(...keys: (keyof Kept)[]): void
  /** The power is gone: nobody knows how much of what was not synced has arrived. */
  cut(dice: Dice): void
}

export function hostDisk(path: string): HostDisk {
  const first: Kept = {
    record: undefined,
    names: { path, beside: undefined },
    outcome: undefined,
    lock: undefined,
    lease: undefined,
    cancelled: [],
    backups: [],
  }
  const now = { ...first }
  const durable = { ...first }
  const since = new Map<keyof Kept, unknown[]>()
  return {
    now,
    durable,
    set(key, value) {
      now[key] = value
      const values = since.get(key)
      if (values) values.push(value)
      else since.set(key, [value])
    },
    sync(...keys) {
      for (const key of keys) {
        since.delete(key)
        Object.assign(durable, { [key]: now[key] })
      }
    },
    cut(dice) {
      for (const [key, values] of since) {
        const left = dice.pick([durable[key], ...values])
        Object.assign(now, { [key]: left })
        Object.assign(durable, { [key]: left })
      }
      since.clear()
    },
  }
}
