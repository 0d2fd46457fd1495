/** The clock of this machine. */
import type { Clock } from '../core/clock.ts'

/** A longer timer would ring at once. */
const longestMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
  after(ms, call) {
    if (ms <= longestMs) {
      const timer = setTimeout(call, ms)
      return () => clearTimeout(timer)
    }
    let callOff = () => {}
    const timer = setTimeout(() => {
      callOff = systemClock.after(ms - longestMs, call)
    }, longestMs)
    return () => {
      clearTimeout(timer)
      callOff()
    }
  },
}
