/**
 * What every host has promised: to wait for this controller until then. Counted from when the request was sent, on
 * whichever clock has run further: the monotonic one stands still while a laptop sleeps, the other one can be set.
 */
import { type Clock, elapsedSince, type Mark } from '../core/clock.ts'

export interface Leases {
  /** To be asked for now, in milliseconds. */
  lengthMs(): number
  /** Sends a request for a lease of so many milliseconds, and counts what it is answered. */
  ask<T extends { readonly kind: string }>(
    host: string,
    request: (lengthMs: number) => Promise<T>,
  ): Promise<T>
  /** The host has acknowledged a request that was sent at `sent`. */
  granted(host: string, sent: Mark, lengthMs: number): void
  /** What is left for certain; negative when it may have run out, 0 for a host that never had one. */
  leftMs(host: string): number
  /** What may be left at most: a request whose answer was lost may have been granted when it was given up. */
  mayLastMs(host: string): number
  /** The participants are frozen: from here leases outlast the fan-out of the decision. */
  freeze(): void
  /** The fan-out begins anew. */
  thaw(): void
  /** What must at least be left of every lease for a decision, in milliseconds. */
  decideBudgetMs(): number
}

interface Grant {
  readonly sent: Mark
  readonly lengthMs: number
}

/** The least a participant waits for the decision, so the longest an orphaned fleet stays on the new binary. */
const frozenMs = 60_000
const leastBudgetMs = 10_000

export function createLeases(leaseMs: number, clock: Clock): Leases {
  const grants = new Map<string, Grant>()
  /** Counted from the end of their requests, so that each is past by then. */
  const bounds = new Map<string, Grant>()
  let frozen: Mark | undefined
  const since = (mark: Mark) => elapsedSince(clock, mark)
  const fanOutMs = () => (frozen ? clock.now().monotonicMs - frozen.monotonicMs : 0)
  const leftOf = ({ sent, lengthMs }: Grant) => lengthMs - since(sent)
  // A host never shortens a lease.
  const keep = (of: Map<string, Grant>, host: string, grant: Grant) => {
    const before = of.get(host)
    if (!before || leftOf(grant) > leftOf(before)) of.set(host, grant)
  }
  const lengthMs = () => (frozen ? Math.max(leaseMs, frozenMs, 5 * fanOutMs()) : leaseMs)
  const longestMs = () => Math.max(leaseMs, frozenMs)
  const granted = (host: string, sent: Mark, lengthMs: number) => keep(grants, host, { sent, lengthMs })
  return {
    lengthMs,
    async ask(host, request) {
      const [sent, ms] = [clock.now(), lengthMs()]
      const answer = await request(ms)
      if (answer.kind === 'pass' || answer.kind === 'prepared') granted(host, sent, ms)
      if (answer.kind !== 'failed' && answer.kind !== 'refused')
        keep(bounds, host, { sent: clock.now(), lengthMs: ms })
      return answer
    },
    granted,
    mayLastMs(host) {
      const bound = bounds.get(host)
      // Of one that this controller has asked for nothing, nobody here knows how long its lease is.
      // Waiting ends too early on a clock that can be set.
      return bound
        ? Math.max(0, bound.lengthMs - clock.now().monotonicMs + bound.sent.monotonicMs)
        : longestMs()
    },
    leftMs(host) {
      const grant = grants.get(host)
      return grant ? leftOf(grant) : 0
    },
    freeze() {
      frozen ??= clock.now()
    },
    thaw() {
      frozen = undefined
    },
    decideBudgetMs: () => Math.max(leastBudgetMs, frozen ? 2 * fanOutMs() : 0),
  }
}
