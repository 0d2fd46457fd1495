/**
 * A controller that stood still (a suspended laptop, SIGSTOP) knows nothing of now: before anything new is begun every
 * host that has a lease is heard from again. Those that went back meanwhile say so.
 */
import type { Mark } from '../core/clock.ts'
import type { Stand } from './conduct.ts'

const tickMs = 1000
const longestGapMs = 5000

/** Until the run is over. */
export function watchForSleep({ clock, state, record, over }: Stand, leaseMs: number): void {
  const tolerated = Math.min(longestGapMs, leaseMs / 2)
  let callOff = () => {}
  const next = () => {
    const before = clock.now()
    callOff = clock.after(tickMs, () => {
      const gapMs = gap(before, clock.now()) - tickMs
      // A journal that fails here has already turned the run around.
      if (gapMs > tolerated && state.woke !== 'yes')
        record({ type: 'run.woke', ms: Math.round(gapMs) }).catch(() => {})
      if (!over.aborted) next()
    })
  }
  next()
  over.addEventListener('abort', () => callOff())
}

/** The monotonic clock may have stood still meanwhile; the other one may have been set, which costs a look. */
function gap(before: Mark, after: Mark): number {
  return Math.max(after.monotonicMs - before.monotonicMs, Math.abs(after.wallMs - before.wallMs))
}

export async function lookAgain({ vigil, leases, state, record }: Stand): Promise<void> {
  state.woke = 'looking'
  const mine = state.wakes
  leases.thaw()
  vigil.judgeAnew()
  await vigil.hearAll()
  // It may have stood still once more meanwhile.
  if (state.wakes === mine) await record({ type: 'run.looked_again' })
}
