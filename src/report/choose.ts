/** Which view a run is shown in, from the flag and from where the output goes. */
export type Output = 'auto' | 'live' | 'plain' | 'json'

export interface Surroundings {
  readonly output: Output
  readonly isTty: boolean
  /** The environment variable TERM. */
  readonly term?: string | undefined
  /** The environment variable CI: such a job may have a terminal, but its log keeps every frame. */
  readonly ci?: string | undefined
}

export function chooseView({ output, isTty, term, ci }: Surroundings): Exclude<Output, 'auto'> {
  if (output === 'json' || output === 'plain') return output
  const canMove = isTty && term !== undefined && term !== '' && term !== 'dumb'
  return canMove && (output === 'live' || !ci) ? 'live' : 'plain'
}
