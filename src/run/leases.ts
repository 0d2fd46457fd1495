/**
 * What every host has promised: to wait for this controller until then. Counted from when the request was sent, on
 * whichever clock has run further: the monotonic one stands still while a laptop sleeps, the other one can be set.
 */
import { type Clock, elapsedSince, type Mark } from '../core/clock.ts'

export interface Leases {
  /** To be asked for now, in milliseconds. */
  lengthMs(): number
  /** That any controller of this run has asked for, in milliseconds. */
  longestMs(): number
  now(): Mark
  /** The host has acknowledged a request that was sent at `sent`. */
  granted(host: string, sent: Mark, lengthMs: number): void
  /** What is left for certain; negative when it may have run out, 0 for a host that never had one. */
  leftMs(host: string): number
  /** The participants are frozen: from here leases outlast the fan-out of the decision. */
  freeze(): void
  /** What must at least be left of every lease for a decision, in milliseconds. */
  decideBudgetMs(): number
}

/** The least a participant waits for the decision, so the longest an orphaned fleet stays on the new binary. */
const frozenMs = 60_000
const leastBudgetMs = 10_000

export function createLeases(leaseMs: number, clock: Clock): Leases {
  const grants = new Map<string, { readonly sent: Mark; readonly lengthMs: number }>()
  let frozen: Mark | undefined
  const since = (mark: Mark) => elapsedSince(clock, mark)
  const leftOf = ({ sent, lengthMs }: { readonly sent: Mark; readonly lengthMs: number }) =>
    lengthMs - since(sent)
  return {
    now: clock.now,
    lengthMs: () => (frozen ? Math.max(leaseMs, frozenMs, 5 * since(frozen)) : leaseMs),
    longestMs: () => Math.max(leaseMs, frozenMs),
    granted(host, sent, lengthMs) {
      const before = grants.get(host)
      const grant = { sent, lengthMs }
      // A host never shortens a lease.
      if (!before || leftOf(grant) > leftOf(before)) grants.set(host, grant)
    },
    leftMs(host) {
      const grant = grants.get(host)
      return grant ? leftOf(grant) : 0
    },
    freeze() {
      frozen ??= clock.now()
    },
    decideBudgetMs: () => Math.max(leastBudgetMs, frozen ? 2 * since(frozen) : 0),
  }
}
