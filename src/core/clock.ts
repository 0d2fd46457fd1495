/** Time as the coordinator knows it: this machine's, or the virtual one of a simulation. */

export interface Mark {
  /** Never set back; may stand still while the machine is suspended. */
  readonly monotonicMs: number
  /** Since 1970; can be set. */
  readonly wallMs: number
}

export interface Clock {
  now(): Mark
  /** Calls once after that many milliseconds. @returns what calls it off. */
  after(ms: number, call: () => void): () => void
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise(resolve => {
    clock.after(ms, resolve)
  })
}

/** For what must not be trusted for too long: whichever clock has run further counts, as one may stand still during a suspend. */
export function elapsedSince(clock: Clock, mark: Mark): number {
  const { monotonicMs, wallMs } = clock.now()
  return Math.max(monotonicMs - mark.monotonicMs, wallMs - mark.wallMs)
}
