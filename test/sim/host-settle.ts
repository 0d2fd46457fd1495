/** Bringing a run to its end on a simulated host without its controller. After src/host/settle.sh. */
import { goBack } from './host-back.ts'
import { goForward } from './host-commit.ts'
import { dropEffect, type Hand, holdEffect, recordOf } from './host-lock.ts'
import type { Machine, Steps, Task } from './host-machine.ts'

const drainMs = 30_000

export function claimedOutcome({ host, run }: Hand): 'decided' | 'reverting' | undefined {
  const { outcome } = host.disk.now
  return outcome?.run === run ? outcome.outcome : undefined
}

/** With the effect lock held, from the state that is derived anew. */
export function* bringToEnd(hand: Hand): Steps<void> {
  if (recordOf(hand)?.state === 'decided' || claimedOutcome(hand) === 'decided')
    yield* goForward(hand, drainMs)
  else yield* goBack(hand, drainMs)
}

/** The run of the record is brought to its end, under its own name. */
export function* settle(host: Machine, task: Task): Steps<void> {
  const run = host.disk.now.record?.run
  if (run === undefined) return
  const hand: Hand = { host, run, epoch: 0, session: 0, task }
  if (!(yield* holdEffect(hand, 1000))) return
  yield* bringToEnd(hand)
  dropEffect(hand)
}
