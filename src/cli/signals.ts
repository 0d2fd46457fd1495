/** Ctrl-C and its kin: once goes back, insisting leaves. */
import { exitCode } from '../core/exit-code.ts'
import type { RunSignal } from '../run/conduct.ts'

export interface Steering {
  /** Receives the run's interrupt function. */
  steer(interrupt: (signal: RunSignal) => void): void
  stop(): void
}

const mostInsisting = 3

/**
 * SIGINT, SIGTERM and SIGHUP turn the run around; further ones say what leaving would mean, and the third SIGINT
 * leaves at once with the journal as it stands.
 */
export function steerBySignals(say: (line: string) => void, leave: (code: number) => void): Steering {
  let interrupt: ((signal: RunSignal) => void) | undefined
  let times = 0
  const hear = (signal: RunSignal) => {
    times++
    if (times === 1) {
      say(`${signal}: starting nothing more; going back unless the run is already decided`)
      interrupt?.(signal)
    } else if (signal === 'SIGINT' && times >= mostInsisting) {
      say('leaving at once: hosts may run the new binary beside a parked old master; see `handover status`')
      leave(exitCode.needsHuman)
    } else {
      say('still going back; press Ctrl-C once more to leave the hosts as they are, half-way')
    }
  }
  const signals: readonly RunSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const listeners = signals.map(signal => [signal, () => hear(signal)] as const)
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    steer: given => {
      interrupt = given
    },
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}
