/** What the faults have done to a host, which no invariant can undo. */
export interface Wounds {
  /** Somebody else has had a hand in it: it need not be all-old or all-new any more. */
  intruded: boolean
  /** Its workers are other ones than it was switched with: a decided host is held then, and waits for a human. */
  meddled: boolean
  /** Nobody accepts, and that was the fault's doing; until somebody does again. */
  mayBeSilent: boolean
  /** Came up new before the decision, because the power was cut in the milliseconds of the exec. */
  cameUpNew: boolean
  /** It was killed; the next renewal arms another one. */
  lostDeadMan: boolean
  reboots: number
  /** It may wait longer for its controller than that knows of: it has granted a lease, and the answer was lost. */
  leaseUnheard: boolean
}

export const unhurt = (): Wounds => ({
  intruded: false,
  meddled: false,
  // Before its daemon has come up.
  mayBeSilent: true,
  cameUpNew: false,
  lostDeadMan: false,
  reboots: 0,
  leaseUnheard: false,
})
