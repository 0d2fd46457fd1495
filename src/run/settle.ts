/** The two ways out on one host, both idempotent: commit and revert. A host that does not answer is asked again. */
import { sleep } from '../core/clock.ts'
import type { Fault } from '../core/fault.ts'
import { isAsBefore, notAsBefore } from '../journal/as-before.ts'
import type { Stand } from './conduct.ts'
import { guarded, msSince } from './phases.ts'

/** How long after its lease has run out a host may need to be back, in milliseconds. */
const backAfterLeaseMs = 10_000
const firstPauseMs = 200
const longestPauseMs = 2000

export async function performCommit(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  // Decided is durable: from here a lost journal must not keep a host from its commit.
  await begun.catch(() => {})
  stand.vigil.stop(host)
  const doubt = (found: Fault) => stand.record({ type: 'host.in_doubt', host, fault: found })
  await guarded(host, doubt, async () => {
    const { hands } = stand.participant(host)
    const outcome = await patiently(stand, patienceOf(stand, host), () => hands.commit())
    if (outcome.kind !== 'committed') return doubt(outcome.fault)
    const { found, oldLeft, cut } = outcome
    return stand.record({ type: 'host.committed', host, found, oldLeft, cut })
  })
}

export async function performRevert(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  await begun.catch(() => {})
  stand.vigil.stop(host)
  const touched = stand.state.hosts.get(host)?.touched ?? true
  // Nothing was switched on an untouched host, and the program there releases what was only prepared by itself.
  const doubt = (found: Fault) =>
    stand.record({ type: touched ? 'host.in_doubt' : 'host.left_out', host, fault: found })
  await guarded(host, doubt, async () => {
    const { hands } = stand.participant(host)
    const started = stand.clock.now()
    const outcome = await patiently(stand, touched ? patienceOf(stand, host) : 0, () => hands.revert())
    if (outcome.kind === 'reverted') {
      const ms = msSince(stand, started)
      const { found, how = 'in-place' } = outcome
      const before = stand.state.hosts.get(host)?.before
      if (touched && before && !isAsBefore(found, before)) return doubt(notAsBefore(host, found))
      return stand.record({ type: 'host.reverted', host, found, ms, how })
    }
    // Nobody had told this controller: then the way is forward.
    if (outcome.kind === 'decided') return learn(stand, host, outcome.fault)
    return doubt(outcome.kind === 'unknown' && touched ? unseen(outcome.fault) : outcome.fault)
  })
}

/** A host has heard of a decision that this run knows nothing of. @param otherwise why it did not go back. */
async function learn({ participant, record }: Stand, host: string, otherwise: Fault): Promise<void> {
  const look = await participant(host).hands.stand()
  if (look.kind === 'unknown') return record({ type: 'host.in_doubt', host, fault: look.fault })
  const { stand, found } = look
  if (stand !== 'decided' && stand !== 'committed')
    return record({ type: 'host.in_doubt', host, fault: otherwise })
  return record({ type: 'host.found', host, stand, found })
}

/** A host that cannot be reached is waited for until it must have gone back by itself. */
export function patienceOf({ leases, patienceMs }: Stand, host: string): number {
  return patienceMs ?? leases.mayLastMs(host) + backAfterLeaseMs
}

export function unseen(found: Fault): Fault {
  const hint = 'its dead-man was due meanwhile, which nobody has seen; look with `handover status`'
  return { ...found, hint: found.hint ? `${found.hint}; ${hint}` : hint }
}

/**
 * Asks again while the answer is `unknown`, with growing pauses, for at most `patienceMs` after the first answer.
 * @param isVain looked at before each time.
 */
export async function patiently<T extends { readonly kind: string }>(
  { clock }: Stand,
  patienceMs: number,
  ask: () => Promise<T>,
  isVain = () => false,
): Promise<T> {
  let outcome = await ask()
  // Not on the other clock: one that is set forward must not end the patience.
  const until = clock.now().monotonicMs + patienceMs
  let pauseMs = firstPauseMs
  while (outcome.kind === 'unknown' && clock.now().monotonicMs + pauseMs < until && !isVain()) {
    await sleep(clock, pauseMs)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    outcome = await ask()
  }
  return outcome
}
