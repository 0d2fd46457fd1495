/**
 * Mistakes that somebody could make in the rollout logic or in the program on the hosts, each as a textual patch. `from` must be
 * there exactly once: a mutant whose place has changed is a failing test, and never silently none.
 */
import type { Story, Strike } from './story.ts'

export interface Patch {
  /** From the root of the repository. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Mutant extends Patch {
  readonly name: string
  /** Where one thing is made sure of in several places. */
  readonly also?: readonly Patch[]
  /** What catches it: the beginnings of violations, any of them. */
  readonly caught: readonly string[]
  /** What has to go wrong, when fair weather and luck do not show it. */
  readonly strikes?: readonly Strike[]
  readonly more?: Partial<Story>
}

const decide = 'src/run/decide.ts'
const kill = (entry: 'run.decided' | 'host.commit.begun', plusMs: number, afterMs: number): Strike => ({
  when: { entry, nth: 1, plusMs },
  what: { kind: 'kill', sequel: 'resume', afterMs },
})

export const runMutants: readonly Mutant[] = [
  {
    name: 'decided before the last acknowledgement',
    file: decide,
    from: "inPhase(state, 'healthy', 'precommitting', 'switched') > 0",
    to: "inPhase(state, 'healthy', 'switched') > 0",
    caught: ['invariant 5'],
  },
  {
    name: 'the lease is not looked at before the decision',
    file: 'src/run/steps.ts',
    from: 'leases.leftMs(host) <= leases.decideBudgetMs()',
    to: 'leases.leftMs(host) < -1e9',
    caught: ['invariant 5', 'all or nothing'],
    strikes: [
      {
        when: { entry: 'host.precommit.begun', nth: 3, plusMs: 8 },
        what: { kind: 'stop', ms: 200_000, isSuspended: false },
      },
    ],
  },
  {
    name: 'what could not be written is decided all the same',
    file: 'src/run/conduct.ts',
    from: "if (body.type === 'run.decided') state.decided = false",
    to: '',
    caught: ['invariant 5'],
    strikes: [
      {
        when: { entry: 'run.decided', nth: 1, plusMs: 0 },
        what: { kind: 'journal', isKept: false },
      },
    ],
  },
  {
    name: 'the decision is not waited for before the commits',
    file: 'src/run/settle.ts',
    from: '  // Decided is durable: from here a lost journal must not keep a host from its commit.\n  await begun.catch(() => {})',
    to: '',
    caught: ['invariant 9'],
  },
  {
    name: 'the intent of a switch is not waited for',
    file: 'src/run/phases.ts',
    from: "  await begun\n  const failed = (found: Fault) => stand.record({ type: 'host.failed', host, fault: found, found: null })\n  await guarded(host, failed, async () => {\n    const { hands, checks",
    to: "  begun.catch(() => {})\n  const failed = (found: Fault) => stand.record({ type: 'host.failed', host, fault: found, found: null })\n  await guarded(host, failed, async () => {\n    const { hands, checks",
    caught: ['invariant 9'],
    more: { hasChecks: false },
  },
  {
    name: 'leases are not renewed',
    file: 'src/run/vigil.ts',
    from: 'const renew = () => leases.ask(host, ms => hands.renew(ms))',
    to: "const renew = () => leases.ask(host, async () => ({ kind: 'pass' as const }))",
    caught: ['fair weather'],
  },
  {
    name: 'hosts that do not answer are not counted',
    file: decide,
    from: 'lost > state.limits.maxUnreachable',
    to: 'lost > 100',
    caught: ['all or nothing'],
    strikes: [{ when: { ms: 0 }, what: { kind: 'partition', hosts: ['h1'], ms: 20_000 } }],
  },
  {
    name: 'failures are not counted',
    file: decide,
    from: 'failed > state.limits.maxFailed ||',
    to: 'failed > 100 ||',
    caught: ['all or nothing'],
    strikes: [
      {
        when: { entry: 'host.switched', nth: 1, plusMs: 5 },
        what: { kind: 'intruder', host: 'h0', deed: 'kill-worker' },
      },
    ],
  },
  {
    name: 'a rollback stops at the first failure',
    file: decide,
    from: 'const free = state.limits',
    to: "if (inPhase(state, 'in-doubt') > 0) return [{ do: 'finish', outcome: 'in-doubt' }]\n  const free = state.limits",
    caught: ['invariant 10'],
    strikes: [
      {
        when: { entry: 'run.precommitting', nth: 1, plusMs: 0 },
        what: { kind: 'intruder', host: 'h0', deed: 'third-binary' },
      },
    ],
  },
  {
    name: 'a revert is not asked for again',
    file: 'src/run/settle.ts',
    from: "while (outcome.kind === 'unknown' && clock",
    to: "while (outcome.kind === 'committed' && clock",
    caught: ['invariant 10'],
    strikes: [
      {
        when: { entry: 'run.precommitting', nth: 1, plusMs: 0 },
        what: { kind: 'interrupt', signal: 'SIGINT' },
      },
      {
        when: { entry: 'host.revert.begun', nth: 1, plusMs: 0 },
        what: { kind: 'lose-request', host: 'h0', times: 1 },
      },
    ],
  },
  {
    name: 'a host that failed within max_failed is left as it is',
    file: 'src/run/apply.ts',
    from: "else update(state, entry.host, 'failing', { fault })",
    to: "else update(state, entry.host, 'failed', { fault })",
    caught: ['invariant 5', 'invariant 10', 'invariant 12'],
  },
  {
    name: 'the window is ignored',
    file: decide,
    from: 'const limit = Math.min(state.limits.concurrency, stage.concurrency)',
    to: 'const limit = stage.hosts.length',
    caught: ['window'],
  },
  {
    name: 'baked although a host has failed',
    file: decide,
    from: 'const busy = inPhase(state, ...inHand)\n  // Taken over',
    to: "const busy = inPhase(state, 'switching', 'switched')\n  // Taken over",
    caught: ['window'],
  },
  {
    name: 'hosts in doubt are reported as rolled back',
    file: decide,
    from: "  if (inPhase(state, 'in-doubt', 'committed') > 0) return 'in-doubt'\n",
    to: '',
    caught: ['invariant 12'],
  },
  {
    name: 'what a host says after going back is believed unseen',
    file: 'src/run/settle.ts',
    from: 'if (touched && before && !isAsBefore(found, before))',
    to: 'if (touched && before && !found)',
    caught: ['invariant 12'],
    strikes: [
      {
        when: { entry: 'host.switched', nth: 1, plusMs: 10 },
        what: { kind: 'stop', ms: 120_000, isSuspended: false },
      },
      { when: { entry: 'host.switched', nth: 1, plusMs: 40_000 }, what: { kind: 'second-run' } },
    ],
    more: { leaseMs: 5000 },
  },
  {
    name: 'an interrupt is not heard',
    file: decide,
    from: 'if (state.interrupted) return interrupt(state)',
    to: '',
    caught: ['invariant 13'],
  },
  {
    name: 'a resume takes a commit that was begun for one that was made',
    file: 'src/run/apply-resumed.ts',
    from: "    update(state, host, 'unsure', { wasBack, fault: wasBack ? fault : undefined, refusals: [] })",
    to: "    if (phase === 'committing') update(state, host, 'committed')\n    else update(state, host, 'unsure')",
    caught: ['invariant 12', 'all or nothing'],
    strikes: [kill('host.commit.begun', 1, 80_000)],
  },
  {
    name: 'a resume trusts the journal instead of looking',
    file: 'src/run/apply-resumed.ts',
    from: "    update(state, host, 'unsure', { wasBack, fault: wasBack ? fault : undefined, refusals: [] })",
    to: "    if (phase === 'switched' || phase === 'reverting') update(state, host, phase === 'switched' ? 'healthy' : 'reverted')\n    else update(state, host, 'unsure')",
    caught: ['invariant 12', 'invariant 10', 'invariant 5', 'the run waits'],
  },
]
