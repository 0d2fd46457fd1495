/**
 * How far a run has come on a host, as the host itself has recorded it. `none`: it has not prepared it, or another run has
 * since. An outcome counts from its claim: `decided` goes only forward, `reverting` only back, also where whoever claimed it
 * is gone.
 */
export const runStands = [
  'none',
  'prepared',
  'switching',
  'switched',
  'precommitted',
  'decided',
  'committed',
  'reverting',
  'reverted',
] as const

export type RunStand = (typeof runStands)[number]
