/**
 * The life of one controller: everything it hears comes through here. A controller that was killed never hears anything again;
 * one that stands still hears it when it goes on.
 */
import type { Clock } from '../../src/core/clock.ts'
import type { VirtualTime } from './virtual-clock.ts'

export interface StoodStill {
  readonly ms: number
  /** Its monotonic clock stood still, too: what was due then is due only later. */
  readonly wasSuspended: boolean
  /** When it went on. */
  readonly atMs: number
}

export interface Life {
  readonly run: string
  readonly epoch: number
  readonly clock: Clock
  isDead(): boolean
  kill(): void
  /** SIGSTOP, or a machine that is suspended: then its monotonic clock stands still, too. */
  stop(ms: number, isSuspended: boolean): void
  setWallClock(byMs: number): void
  /** What comes from outside reaches it after so long, if it lives by then. */
  hear(ms: number, call: () => void): () => void
  /** Called when it goes on after it stood still, at that moment, with how long that was. */
  onGoingOn(call: (stoodStill: StoodStill) => void): void
  /** Called when it is killed. */
  onDeath(call: () => void): void
}

export function lifeOf(time: VirtualTime, run: string, epoch: number): Life {
  const last: (() => void)[] = []
  const held: (() => void)[] = []
  let goingOn: (stoodStill: StoodStill) => void = () => {}
  let isDead = false
  let [stops, setBy, slept] = [0, 0, 0]
  let sleepsSince: number | undefined
  let stopsSince = 0
  let isSetBack = false
  const monotonicMs = () => (sleepsSince ?? time.nowMs()) - slept
  const now = () => ({ monotonicMs: monotonicMs(), wallMs: time.nowMs() + 1_700_000_000_000 + setBy })

  const hear = (ms: number, call: () => void) =>
    time.after(
      ms,
      () => {
        if (isDead) return
        if (stops > 0) held.push(call)
        else call()
      },
      'controller',
    )

  const after = (ms: number, call: () => void): (() => void) => {
    const due = monotonicMs() + ms
    let isOff = false
    let callOff = () => {}
    const wait = (left: number) => {
      callOff = hear(left, () => {
        if (isOff) return
        // It was suspended meanwhile: timers do not see that time.
        const missing = due - monotonicMs()
        if (missing > 0.001) wait(missing)
        else call()
      })
    }
    wait(ms)
    return () => {
      isOff = true
      callOff()
    }
  }

  return {
    run,
    epoch,
    clock: { now, after },
    hear,
    isDead: () => isDead,
    kill() {
      isDead = true
      for (const call of last.splice(0)) call()
    },
    stop(ms, isSuspended) {
      if (stops++ === 0) stopsSince = time.nowMs()
      if (isSuspended && !isSetBack) sleepsSince ??= time.nowMs()
      time.after(
        ms,
        () => {
          stops--
          if (stops > 0 || isDead) return
          const atMs = time.nowMs()
          const wasSuspended = sleepsSince !== undefined
          if (sleepsSince !== undefined) slept += atMs - sleepsSince
          sleepsSince = undefined
          goingOn({ ms: atMs - stopsSince, wasSuspended, atMs })
          for (const call of held.splice(0)) hear(0, call)
        },
        'controller',
      )
    },
    setWallClock(byMs) {
      // One of its two clocks has run on: leases rest on that (`elapsedSince`).
      if (byMs < 0 && (slept > 0 || sleepsSince !== undefined)) return
      isSetBack ||= byMs < 0
      setBy += byMs
    },
    onGoingOn(call) {
      goingOn = call
    },
    onDeath: call => void last.push(call),
  }
}
