/** Mistakes about maintenance windows. */
import type { Mutant } from './mutants.ts'
import { plainStory } from './sweep.ts'

const plain = plainStory(3)
const rule = {
  kind: 'allow',
  cron: '1-59/2 * * * *',
  timeZone: 'UTC',
  durationMs: 60_000,
  cutoffMs: 0,
} as const
const [canary, rest] = plain.limits.stages
/** The window closes while the first stage bakes. */
const { seed: _seed, strikes: _strikes, ...hosts } = plain
const closing = {
  ...hosts,
  hasChecks: true,
  leaseMs: 200_000,
  limits: {
    ...plain.limits,
    stages: canary && rest ? [{ ...canary, bakeMs: 50_000 }, rest] : [],
    windows: { rules: [rule], onClose: 'hold' },
  },
} as const

export const windowMutants: readonly Mutant[] = [
  {
    name: 'the maintenance window is not asked',
    file: 'src/run/window.ts',
    from: "state.window === 'finish' || look().isOpen",
    to: "state.window === 'finish' || look() !== undefined",
    also: [
      {
        file: 'src/run/decide.ts',
        from: "return window === 'hold' || window === 'rollback'",
        to: 'return window === undefined',
      },
    ],
    caught: ['maintenance'],
    strikes: [],
    more: closing,
  },
  {
    name: 'a switch that was begun in time goes on after a sleep',
    file: 'src/run/phases.ts',
    from: "    if (!stand.window.mayStart()) return stand.record({ type: 'host.postponed', host })\n",
    to: '',
    caught: ['maintenance'],
    strikes: [
      {
        when: { entry: 'host.switch.begun', nth: 1, plusMs: 1 },
        what: { kind: 'stop', ms: 45_000, isSuspended: true },
      },
    ],
    more: closing,
  },
]
