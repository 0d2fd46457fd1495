/** Continuous HTTP load: every request on a new connection, so that each one proves that somebody accepts. */

import { get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

export interface LoadTarget {
  readonly name: string
  readonly url: string
  /** A right answer begins with this; default: anything. */
  readonly bodyPrefix?: string
}

export interface LoadOptions {
  /** Requests under way at one time for each target; default 2. */
  readonly concurrency?: number
  /** For one request from connecting to the last byte; default 5000. */
  readonly timeoutMs?: number
  /** Between two requests of one lane; default 2, so that a small machine is not saturated. */
  readonly thinkMs?: number
}

export interface LoadCounter {
  readonly name: string
  /** Finished requests, failed ones included. */
  readonly requests: number
  readonly failed: number
  /** Failed ones by what went wrong: a system code (`ECONNREFUSED`), `TIMEOUT`, `INCOMPLETE`, `STATUS_503`, `WRONG_BODY`. */
  readonly byError: Readonly<Record<string, number>>
  /** The longest a right answer took. */
  readonly slowestMs: number
}

export interface LoadError {
  /** UTC, ISO. */
  readonly at: string
  readonly name: string
  readonly error: string
}

export interface LoadReport {
  readonly requests: number
  readonly failed: number
  readonly targets: readonly LoadCounter[]
  /** The first few, in time order. */
  readonly firstErrors: readonly LoadError[]
}

export interface Load {
  /** As it stands, in the order of the targets. */
  counters(): LoadCounter[]
  /** Ends the load and waits for the requests under way, at most one time limit long. May be called twice. */
  stop(): Promise<LoadReport>
}

const errorsKept = 20

interface Tally {
  requests: number
  failed: number
  byError: Record<string, number>
  slowestMs: number
}

export function startLoad(
  targets: readonly LoadTarget[],
  { concurrency = 2, timeoutMs = 5000, thinkMs = 2 }: LoadOptions = {},
): Load {
  let isStopping = false
  const firstErrors: LoadError[] = []
  const tallies = targets.map((): Tally => ({ requests: 0, failed: 0, byError: {}, slowestMs: 0 }))
  const counters = () => targets.map(({ name }, index) => ({ name, ...snapshot(tallies[index]) }))

  const lane = async (target: LoadTarget, tally: Tally) => {
    while (!isStopping) {
      const begun = performance.now()
      const error = await request(target, timeoutMs)
      tally.requests++
      if (error === undefined) {
        tally.slowestMs = Math.max(tally.slowestMs, performance.now() - begun)
      } else {
        tally.failed++
        tally.byError[error] = (tally.byError[error] ?? 0) + 1
        if (firstErrors.length < errorsKept) {
          firstErrors.push({ at: new Date().toISOString(), name: target.name, error })
        }
      }
      await pause(thinkMs)
    }
  }
  const lanes = targets.flatMap((target, index) =>
    Array.from({ length: concurrency }, () => lane(target, tallies[index] ?? snapshot(undefined))),
  )
  return {
    counters,
    async stop() {
      isStopping = true
      await Promise.all(lanes)
      const sum = (key: 'requests' | 'failed') => tallies.reduce((total, tally) => total + tally[key], 0)
      return { requests: sum('requests'), failed: sum('failed'), targets: counters(), firstErrors }
    },
  }
}

/** What went wrong; undefined when a complete and right answer came in time. */
function request({ url, bodyPrefix = '' }: LoadTarget, timeoutMs: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const signal = AbortSignal.timeout(timeoutMs)
    const fail = (error: NodeJS.ErrnoException) =>
      resolve(signal.aborted ? 'TIMEOUT' : (error.code ?? error.name))
    const sent = get(url, { agent: false, headers: { connection: 'close' }, signal })
    sent.once('error', fail)
    sent.once('response', response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', fail)
      response.once('close', () => resolve(response.complete ? undefined : 'INCOMPLETE'))
      response.once('end', () => {
        if (!response.complete) resolve('INCOMPLETE')
        else if (response.statusCode !== 200) resolve(`STATUS_${response.statusCode}`)
        else if (!Buffer.concat(parts).toString('utf8').startsWith(bodyPrefix)) resolve('WRONG_BODY')
        else resolve(undefined)
      })
    })
  })
}

function snapshot(tally: Tally | undefined): Tally {
  const { requests = 0, failed = 0, byError = {}, slowestMs = 0 } = tally ?? {}
  return { requests, failed, byError: { ...byError }, slowestMs: Math.round(slowestMs) }
}
