/** Mistakes where nobody has watched for a while: a controller that stood still, one that takes a run over, and frozen participants. */
import type { Mutant } from './mutants.ts'
import { after, canary, killed, rest, small, standsStill } from './mutants-fleet.ts'
import type { Strike } from './story.ts'

const decide = 'src/run/decide.ts'
const apply = 'src/run/apply.ts'
const resumed = 'src/run/apply-resumed.ts'
const forward = 'src/run/forward.ts'

/** h2 has gone back before it heard of the decision, and is on its way forward when the journal is lost. */
const lostOnTheWay: readonly Strike[] = [
  after('run.decided', 1, 0, { kind: 'partition', hosts: ['h2'], ms: 80_000 }),
  after('run.decided', 1, 2000, killed(90_000)),
  after('host.prepare.begun', 4, 0, { kind: 'journal', isKept: false }),
]

export const takenOverMutants: readonly Mutant[] = [
  {
    name: 'a controller that stood still goes on as if it had watched',
    file: apply,
    from: '      state.wakes++\n      judgeAnew(state)',
    to: '      state.wakes++',
    caught: ['invariant 5', 'doubt', 'window'],
    strikes: [after('host.healthy', 2, 100, standsStill(12_000))],
    more: small(),
  },
  {
    name: 'a controller never notices that it stood still',
    file: 'src/run/wake.ts',
    from: 'gapMs > tolerated && ',
    to: 'gapMs > 1e12 && ',
    caught: ['doubt: '],
    strikes: [after('stage.started', 1, 10, standsStill(12_000))],
    more: { ...small(), hasChecks: false },
  },
  {
    name: 'a controller never notices that its machine was suspended',
    file: 'src/run/wake.ts',
    from: 'return Math.max(after.monotonicMs - before.monotonicMs, Math.abs(after.wallMs - before.wallMs))',
    to: 'return after.monotonicMs - before.monotonicMs',
    caught: ['doubt: '],
    strikes: [after('stage.baking', 1, 100, { kind: 'stop', ms: 12_000, isSuspended: true })],
    more: small(),
  },
  {
    name: 'a controller that stood still begins something new at once',
    file: decide,
    from: "  if (state.woke !== 'no') return state.woke === 'yes' ? [{ do: 'look-again' }] : []\n",
    to: "  if (state.woke === 'yes') return [{ do: 'look-again' }]\n",
    caught: ['doubt'],
    strikes: [after('stage.started', 1, 10, standsStill(12_000))],
    more: { ...small(), hasChecks: false },
  },
  {
    name: 'after it stood still a controller does not wait for its hosts',
    file: 'src/run/wake.ts',
    from: 'await vigil.hearAll()',
    to: 'void vigil.hearAll()',
    caught: ['doubt: run.looked_again'],
    strikes: [after('stage.baking', 1, 100, standsStill(12_000))],
    more: small(),
  },
  {
    name: 'after it stood still a controller judges nobody anew',
    file: 'src/run/wake.ts',
    from: '  vigil.judgeAnew()\n',
    to: '',
    caught: ['the story does not end'],
    strikes: [after('stage.baking', 1, 100, standsStill(12_000))],
    more: small(),
  },
  {
    name: 'a bake counts in which the controller stood still',
    file: apply,
    from: "update(state, host, 'switched')\n  }\n  if (state.stageStep === 'baking' || state.stageStep === 'baked') state.stageStep = 'rolling'",
    to: "update(state, host, 'switched')\n  }",
    caught: ['window'],
    strikes: [after('stage.baking', 1, 100, standsStill(12_000))],
    more: small(),
  },
  {
    name: 'an acknowledgement from before it stood still counts after it',
    file: apply,
    from: "      if (state.hosts.get(entry.host)?.phase !== 'precommitting') return\n",
    to: '',
    caught: ['invariant 5', 'doubt'],
    strikes: [after('host.precommit.begun', 1, 1, standsStill(12_000))],
    more: small(),
  },
  {
    name: 'the next stage begins before the hosts of the earlier ones were judged',
    file: decide,
    from: 'return busy > 0 ? reverts : enterStage(state, stage)',
    to: 'return enterStage(state, stage)',
    caught: ['window: gate.waiting'],
    strikes: [after('gate.waiting', 1, 100, killed(10))],
    more: small({ stages: [canary, { ...rest, gate: 'approval', gateMs: 30_000 }] }),
  },
  {
    name: 'who takes a run over does not wait for what it finds',
    file: decide,
    from: "if (inPhase(state, 'unsure', 'looking') > 0) return each",
    to: "if (inPhase(state, 'unsure') > 0) return each",
    caught: ['doubt'],
    strikes: [after('host.healthy', 2, 10, killed(10))],
    more: small(),
  },
  {
    name: 'who takes a run over looks only at what the journal calls changed',
    file: resumed,
    from: 'if (settled.has(phase) || isUntouched',
    to: "if (settled.has(phase) || phase === 'healthy' || isUntouched",
    caught: ['doubt', 'invariant 5'],
    strikes: [after('host.healthy', 1, 50, killed(10))],
    more: small(),
  },
  {
    name: 'decided while a host is in doubt',
    file: decide,
    from: "state.precommitting && inPhase(state, 'failing', 'in-doubt') > 0",
    to: "state.precommitting && inPhase(state, 'failing') > 0",
    caught: ['invariant 5: decided while h2 is in doubt'],
    strikes: [
      after('run.precommitting', 1, 14, { kind: 'partition', hosts: ['h2'], ms: null }),
      after('run.precommitting', 1, 15, killed(10)),
    ],
    more: small(),
  },
  {
    name: 'frozen participants are fewer when one fails',
    file: apply,
    from: 'if (found && !state.precommitting) update',
    to: 'if (found) update',
    also: [
      {
        file: decide,
        from: "state.precommitting && inPhase(state, 'failing', 'in-doubt') > 0",
        to: 'false',
      },
      {
        file: decide,
        from: "  if (inPhase(state, 'healthy', 'precommitting', 'switched') > 0)",
        to: "  if (inPhase(state, 'failing') > 0) return each('revert', hostsIn(state, 'failing'))\n  if (inPhase(state, 'healthy', 'precommitting', 'switched', 'reverting') > 0)",
      },
    ],
    caught: ['invariant 5: decided without h2'],
    strikes: [after('run.precommitting', 1, 0, { kind: 'intruder', host: 'h2', deed: 'kill-worker' })],
    more: small(),
  },
  {
    name: 'frozen participants are fewer when the run was taken over',
    file: resumed,
    from: "      if (state.precommitting && !state.decided) return lose(state, host, 'its lease ran out')\n",
    to: '',
    caught: ['invariant 5: decided without'],
    strikes: [
      // The others wait for 60 s from the precommit, which h2 has never heard of.
      after('run.precommitting', 1, 0, { kind: 'partition', hosts: ['h2'], ms: 40_000 }),
      after('run.precommitting', 1, 100, killed(42_000)),
    ],
    more: small(),
  },
  {
    name: 'without a journal hosts are still brought forward',
    file: forward,
    from: 'state.journalLost ? giveUp(state) : bringForward(state)',
    to: 'bringForward(state)',
    caught: ['invariant 9', 'the story does not end', 'the run waits'],
    strikes: lostOnTheWay,
    more: small(),
  },
  {
    name: 'a decision is given up although a host that cannot be seen may have heard of it',
    file: forward,
    from: "  if (inPhase(state, 'in-doubt') > 0) return { do: 'finish', outcome: 'in-doubt' }\n",
    to: '',
    caught: ['invariant 4'],
    strikes: [
      after('host.committed', 1, 0, killed(90_000)),
      after('host.committed', 1, 0, { kind: 'partition', hosts: ['h0', 'h1', 'h2'], ms: null }),
    ],
    more: small(),
  },
  {
    name: 'a decision that no host has heard of counts as carried out',
    file: forward,
    from: "  return { do: 'roll-back', reason: 'every host went back before it heard of the decision' }",
    to: "  return { do: 'finish', outcome: outcomeOf(state) }",
    caught: ['invariant 12'],
    strikes: [after('run.decided', 1, 3, killed(90_000))],
    more: small(),
  },
  {
    name: 'without a journal only those that were switched are given up',
    file: forward,
    from: "...begun, 'prepared', 'inspected', 'waiting'))",
    to: '...begun))',
    caught: ['the story does not end'],
    strikes: lostOnTheWay,
    more: small(),
  },
]
