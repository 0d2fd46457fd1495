/** Mistakes of who goes on with a run that has ended in doubt, long after: its hosts were let go, and others have had them. */
import type { Mutant } from './mutants.ts'
import { after, small } from './mutants-fleet.ts'
import type { Strike } from './story.ts'

const resumed = 'src/run/apply-resumed.ts'

/** The run ends in doubt; another one changes every host; then somebody goes on with the first. */
const takenUpLate: readonly Strike[] = [
  after('run.finished', 1, 250_000, { kind: 'second-run' }),
  after('run.finished', 1, 500_000, { kind: 'take-up', sequel: 'resume' }),
]

/** Only h0 knows of the decision, which the journal has lost; h1 and h2 do not answer for a while. */
export const onlyOneKnows: readonly Strike[] = [
  after('run.decided', 1, 0, { kind: 'partition', hosts: ['h1', 'h2'], ms: 20_000 }),
  after('host.committed', 1, 0, { kind: 'kill', sequel: 'resume', afterMs: 10, forgets: true }),
  after('host.look.begun', 1, 0, { kind: 'pause', ms: 2000 }),
]

export const takenUpMutants: readonly Mutant[] = [
  {
    name: 'who takes up a run that ended in doubt believes those that had gone back',
    file: resumed,
    from: 'if (settled.has(phase) || isUntouched',
    to: "if (settled.has(phase) || phase === 'reverted' || isUntouched",
    caught: [
      'invariant 12: h0 is said to be reverted, but another run',
      'invariant 12: h1 is said to be reverted, but another run',
    ],
    strikes: [
      after('host.switched', 3, 0, { kind: 'partition', hosts: ['h2'], ms: 200_000 }),
      ...takenUpLate,
    ],
    more: small(),
  },
  {
    name: 'who takes up a run that ended in doubt believes those that had failed',
    file: resumed,
    from: '  if (before && !isAsBefore(found, before))',
    to: '  if (before && !found)',
    caught: ['invariant 12: h0 is said to be reverted, but another run'],
    strikes: [
      after('host.switched', 1, 5, { kind: 'intruder', host: 'h0', deed: 'kill-worker' }),
      after('run.decided', 1, 0, { kind: 'partition', hosts: ['h2'], ms: 200_000 }),
      ...takenUpLate,
    ],
    more: small(),
  },
  {
    name: 'who takes up a run that ended in doubt believes those that had committed',
    file: resumed,
    from: 'if (settled.has(phase) || isUntouched',
    to: "if (settled.has(phase) || phase === 'committed' || isUntouched",
    caught: [
      'invariant 12: h0 is said to be committed, but another run',
      'invariant 12: h1 is said to be committed, but another run',
    ],
    strikes: [after('run.decided', 1, 0, { kind: 'partition', hosts: ['h2'], ms: 200_000 }), ...takenUpLate],
    more: small(),
  },
  {
    name: 'a pause that is over takes back a decision that a host has told of meanwhile',
    file: 'src/run/waits.ts',
    from: ' || state.decided || state.rollingBack',
    to: ' || state.rollingBack',
    // Made sure of twice.
    also: [
      {
        file: resumed,
        from: '  state.interrupted = undefined\n  state.pausedMs = undefined\n',
        to: '  state.interrupted = undefined\n',
      },
    ],
    caught: ['invariant 4: run-1 goes back although h0'],
    strikes: onlyOneKnows,
    more: small(),
  },
]
