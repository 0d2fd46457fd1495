/** Many hosts, few dials at a time: sshd (MaxStartups) and bastions drop what comes all at once. */
import pLimit from 'p-limit'
import { type Fault, faultsOf, HandoverError } from '../core/fault.ts'
import { type Connection, connect } from './connection.ts'
import type { Endpoint } from './endpoint.ts'

export interface Pool {
  /** As `connect`, in turn, and tried again after a drop. The connect timeout holds for each try. */
  connect(endpoint: Endpoint): Promise<Connection>
}

export interface PoolOptions {
  /** Dials at one time. */
  readonly dials: number
  readonly connect?: (endpoint: Endpoint) => Promise<Connection>
  /** The wait before try 2, 3, ... in milliseconds. */
  readonly backoffMs?: (attempt: number) => number
}

const attempts = 3

export function createPool(options: PoolOptions): Pool {
  const limit = pLimit({ concurrency: options.dials, rejectOnClear: true })
  const dial = options.connect ?? connect
  const backoffMs = options.backoffMs ?? jitteredMs
  return {
    async connect(endpoint) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await limit(dial, endpoint)
        } catch (error) {
          const faults = faultsOf(error)
          if (!faults.every(isWorthAnotherTry)) throw error
          if (attempt === attempts) throw new HandoverError(faults.map(countTries))
        }
        // Outside the limit: whoever waits holds nobody up.
        await new Promise(resolve => setTimeout(resolve, backoffMs(attempt + 1)))
      }
    },
  }
}

/** Refusals of keys stay what they are, and asking again can lock a user out. */
function isWorthAnotherTry(fault: Fault): boolean {
  return fault.code === 'SSH_DROPPED'
}

function countTries(fault: Fault): Fault {
  return { ...fault, message: `${fault.message} (${attempts} tries)` }
}

/** 200 to 600 ms, then 600 to 1800 ms: wide, so that hosts dropped together do not come back together. */
function jitteredMs(attempt: number): number {
  const base = 200 * 3 ** (attempt - 2)
  return base + Math.random() * 2 * base
}
