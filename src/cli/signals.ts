/** Ctrl-C and its kin: once goes back, insisting leaves. */
import { elapsedSince } from '../core/clock.ts'
import { systemClock } from '../health/system-clock.ts'
import type { Answer } from '../run/helm.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Steering {
  /** Receives the run's interrupt function. */
  steer(interrupt: (signal: Signal) => Answer): void
  /** The run has ended with this code: a signal from now on only ends the process with it. */
  settle(exit: number): void
  stop(): void
}

export interface Voice {
  say(line: string): void
  /** The process ends with it, and says how to go on; what is begun is left to the leases. */
  abandon(signal: Signal): void
  leave(exit: number): void
}

/** A terminal and npm both pass a Ctrl-C on, so one key may come as two signals. */
const echoMs = 300
/** Whoever sends SIGTERM (a CI job that is cancelled) often sends SIGKILL 10 s later. */
const patienceMs = 8000

/**
 * SIGINT, SIGTERM and SIGHUP turn the run around; so does an error nobody caught, because a controller that dies leaves
 * its hosts to their leases. A second Ctrl-C leaves at once; after SIGTERM the process leaves by itself, in time.
 */
export function steerBySignals(voice: Voice): Steering {
  let interrupt: ((signal: Signal) => Answer) | undefined
  let ended: number | undefined
  let first: ReturnType<typeof systemClock.now> | undefined
  let callOff = nothing
  const hear = (signal: Signal) => {
    if (ended !== undefined) return voice.leave(ended)
    if (signal === 'SIGTERM' && callOff === nothing)
      callOff = systemClock.after(patienceMs, () => voice.abandon(signal))
    if (first === undefined) {
      first = systemClock.now()
      const why = interrupt?.(signal)
      voice.say(`${signal}: ${why ?? 'starting nothing more, and going back'}${afterwards[signal]}`)
    } else if (signal === 'SIGINT' && elapsedSince(systemClock, first) > echoMs) voice.abandon(signal)
  }
  const stumble = (error: unknown) => {
    voice.say(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    interrupt?.('SIGTERM')
  }
  const signals: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const listeners = signals.map(signal => [signal, () => hear(signal)] as const)
  for (const [signal, listener] of listeners) process.on(signal, listener)
  process.on('uncaughtException', stumble)
  process.on('unhandledRejection', stumble)
  return {
    steer: given => {
      interrupt = given
    },
    settle: exit => {
      ended = exit
      callOff()
    },
    stop: () => {
      callOff()
      for (const [signal, listener] of listeners) process.off(signal, listener)
      process.off('uncaughtException', stumble)
      process.off('unhandledRejection', stumble)
    },
  }
}

function nothing(): void {}

const afterwards: Record<Signal, string> = {
  SIGINT: '; Ctrl-C again leaves at once, and every host to its lease',
  SIGTERM: `; leaves after ${patienceMs / 1000} s, whatever is open then is left to the leases`,
  SIGHUP: '; this goes on without a terminal',
}
