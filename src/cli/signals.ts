/** Ctrl-C and its kin: once goes back, insisting leaves. */
import { exitCode } from '../core/exit-code.ts'

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Steering {
  /** Receives the run's interrupt function. */
  steer(interrupt: (signal: Signal) => void): void
  /** The run has ended with this code: a signal from now on only ends the process with it. */
  settle(exit: number): void
  stop(): void
}

export interface Voice {
  say(line: string): void
  /** Past every view: the process ends right after it. */
  last(line: string): void
  leave(exit: number): void
}

const mostInsisting = 3

/**
 * SIGINT, SIGTERM and SIGHUP turn the run around; so does an error nobody caught, because a controller that dies leaves
 * its hosts to their leases. A second Ctrl-C says what leaving would mean, and the third leaves with the journal as it stands.
 */
export function steerBySignals(voice: Voice): Steering {
  let interrupt: ((signal: Signal) => void) | undefined
  let ended: number | undefined
  let told = false
  let insisted = 0
  const hear = (signal: Signal) => {
    if (ended !== undefined) return voice.leave(ended)
    if (signal === 'SIGINT') insisted++
    if (!told) {
      told = true
      voice.say(`${signal}: starting nothing more; going back unless the run is already decided`)
      interrupt?.(signal)
    } else if (insisted >= mostInsisting) {
      voice.last(
        'leaving at once: what was not decided goes back by itself when its lease ends; see `handover status`',
      )
      voice.leave(exitCode.needsHuman)
    } else {
      voice.say('still at it; Ctrl-C a third time leaves the hosts to their leases')
    }
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
    },
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener)
      process.off('uncaughtException', stumble)
      process.off('unhandledRejection', stumble)
    },
  }
}
