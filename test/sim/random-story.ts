/** A story from a seed alone: a fleet, a plan, and what goes wrong. */
import type { EntryType, StageInfo } from '../../src/journal/entry.ts'
import { type Dice, diceOf } from './dice.ts'
import type { HostTraits, Quality } from './host-machine.ts'
import { type Deed, type Story, type Strike, type Trouble, theNew, theOld, type When } from './story.ts'

export function storyOf(seed: number): Story {
  const dice = diceOf(seed)
  const hosts = Array.from({ length: 2 + dice.roll(7) }, (_, index) => hostOf(`h${index}`, dice))
  const names = hosts.map(({ name }) => name)
  const stages = stagesOf(names, dice)
  const limits = {
    ...windowsOf(seed),
    stages,
    concurrency: 1 + dice.roll(names.length),
    maxFailed: dice.pick([0, 0, 1, 2]),
    maxUnreachable: dice.pick([0, 0, 1]),
    rollbackConcurrency: 1 + dice.roll(names.length),
  }
  const story = {
    seed,
    hosts,
    limits,
    leaseMs: dice.pick([5000, 15_000, 30_000, 60_000]),
    drainMs: dice.pick([3000, 30_000]),
    forks: dice.pick([2, 10]),
    hasChecks: dice.chance(60),
  }
  const gates = stages.filter(({ gate }) => gate !== null).length
  const approvals: Strike[] = Array.from({ length: gates }, (_, index) => ({
    when: { entry: 'gate.waiting', nth: index + 1, plusMs: dice.between(1, 20_000) },
    what: { kind: 'approve' },
  }))
  const troubles = Array.from({ length: howMany(dice) }, () => strikeOf(dice, names)).flatMap(one => [
    one,
    ...again(dice, names, one),
  ])
  const strikes = [...approvals.filter(() => dice.chance(90)), ...troubles]
  return { ...story, strikes: [...strikes, ...(troubles.length > 0 ? afterwards(dice) : [])] }
}

/** With dice of their own: a story stays as it is without them. Minutes are the least that a window has. */
function windowsOf(seed: number): Pick<Story['limits'], 'windows'> {
  const dice = diceOf(seed ^ 0x77)
  if (!dice.chance(15)) return {}
  const cron = dice.pick(['1-59/2 * * * *', '13-59/3 * * * *', '13,14,16,40 22 * * *'])
  const cutoffMs = dice.pick([0, 0, 5000, 30_000])
  const rule = { kind: 'allow' as const, cron, timeZone: 'UTC', durationMs: 60_000, cutoffMs }
  return { windows: { rules: [rule], onClose: dice.pick(['finish', 'hold', 'hold', 'rollback'] as const) } }
}

const howMany = (dice: Dice) => dice.pick([0, 1, 2, 2, 3, 4, 6, 9])

function hostOf(name: string, dice: Dice): HostTraits {
  const bad: readonly Quality[] = ['refuses', 'cannot-bind', 'hangs', 'no-workers', 'dies-late', 'unhealthy']
  return {
    name,
    binary: theOld,
    workers: dice.pick([1, 2, 2, 4]),
    qualities: dice.chance(6) ? { [theNew]: dice.pick(bad) } : {},
    rate: dice.chance(15) ? dice.between(0.96, 1.04) : 1,
    slowness: dice.chance(10) ? dice.between(2, 15) : 1,
    clients: dice.chance(20) ? [dice.between(1000, 60_000)] : [],
  }
}

function stagesOf(names: readonly string[], dice: Dice): StageInfo[] {
  const count = Math.min(1 + dice.roll(3), names.length)
  const cuts = Array.from({ length: count - 1 }, (_, index) => index + 1)
  const bounds = [0, ...cuts, names.length]
  return bounds.slice(1).map((to, index) => {
    const hasGate = dice.chance(12)
    return {
      name: `s${index}`,
      hosts: names.slice(bounds[index], to),
      concurrency: 1 + dice.roll(names.length),
      bakeMs: dice.pick([0, 0, 2000, 20_000]),
      gate: hasGate ? 'approval' : null,
      gateMs: hasGate ? 30_000 : 0,
    }
  })
}

/** Most stories need luck to hit what lies between two entries of a host. */
const moments: readonly EntryType[] = [
  'host.inspect.begun',
  'host.prepare.begun',
  'host.prepared',
  'host.switch.begun',
  'host.switch.begun',
  'host.switch.begun',
  'host.switched',
  'host.healthy',
  'stage.finished',
  'run.precommitting',
  'host.precommit.begun',
  'host.precommitted',
  'run.decided',
  'run.decided',
  'host.commit.begun',
  'host.committed',
  'run.rolling_back',
  'host.revert.begun',
  'host.revert.begun',
  'host.reverted',
  'run.resumed',
  'run.resumed',
  'host.look.begun',
]

function whenOf(dice: Dice, size: number): When {
  if (dice.chance(20)) return { ms: dice.between(200, 60_000) }
  const plusMs = dice.pick([
    dice.between(0, 5),
    dice.between(0, 200),
    dice.between(0, 3000),
    dice.between(0, 40_000),
  ])
  return { entry: dice.pick(moments), nth: 1 + dice.roll(size), plusMs }
}

function strikeOf(dice: Dice, names: readonly string[]): Strike {
  return { when: whenOf(dice, names.length), what: troubleOf(dice, names) }
}

/** A second one while the first is being made good is what nobody thinks of. */
function again(dice: Dice, names: readonly string[], first: Strike): readonly Strike[] {
  if (first.what.kind !== 'kill' || first.what.sequel === 'nothing' || dice.chance(50)) return []
  const plusMs = dice.pick([dice.between(0, 5), dice.between(0, 400), dice.between(0, 60_000)])
  return [{ when: { entry: 'run.resumed', nth: 1, plusMs }, what: troubleOf(dice, names) }]
}

/** Of a run that ends in doubt: by then somebody else may have been there. Last of all, so that no story changes before it. */
function afterwards(dice: Dice): readonly Strike[] {
  const after = (plusMs: number, what: Trouble): Strike => ({
    when: { entry: 'run.finished', nth: 1, plusMs },
    what,
  })
  const plusMs = dice.pick([
    dice.between(10, 5000),
    dice.between(5000, 120_000),
    dice.between(120_000, 600_000),
  ])
  const others = dice.chance(40) ? [after(dice.between(0, plusMs), { kind: 'second-run' })] : []
  return [...others, after(plusMs, { kind: 'take-up', sequel: dice.pick(['resume', 'resume', 'back']) })]
}

function troubleOf(dice: Dice, names: readonly string[]): Trouble {
  const host = dice.pick(names)
  const times = dice.pick([1, 1, 1, 2, 5])
  const deeds: readonly Deed[] = [
    'quit-old',
    'kill-old',
    'quit-new',
    'kill-new',
    'kill-worker',
    'third-binary',
    'reload',
  ]
  const kinds: readonly (() => Trouble)[] = [
    () => ({ kind: 'lose-request', host, times }),
    () => ({ kind: 'lose-answer', host, times }),
    () => ({ kind: 'double', host, times }),
    () => ({ kind: 'late', host, times, ms: dice.pick([100, 2000, 20_000]) }),
    () => ({ kind: 'cut', host }),
    () => ({ kind: 'partition', hosts: someOf(dice, names), ms: dice.pick([500, 5000, 40_000, 200_000]) }),
    () => ({ kind: 'partition', hosts: someOf(dice, names), ms: dice.chance(80) ? 20_000 : null }),
    () => ({ kind: 'reboot', host, isPowerCut: dice.chance(50) }),
    () => ({ kind: 'intruder', host, deed: dice.pick(deeds) }),
    () => ({ kind: 'disk-full', host, ms: dice.pick([100, 5000, 100_000]) }),
    () => ({ kind: 'dead-man-dies', host }),
    () => ({ kind: 'journal', isKept: dice.chance(25) }),
    ...kills(dice),
    () => ({ kind: 'stop', ms: dice.pick([1000, 10_000, 90_000, 600_000]), isSuspended: dice.chance(50) }),
    () => ({ kind: 'wall-clock', byMs: dice.pick([-3_600_000, -10_000, 10_000, 3_600_000]) }),
    () => ({ kind: 'interrupt', signal: dice.pick(['SIGINT', 'SIGTERM']) }),
    () => ({ kind: 'pause', ms: dice.pick([1000, 60_000]) }),
    () => ({ kind: 'proceed' }),
    () => ({ kind: 'approve' }),
    () => ({ kind: 'second-run' }),
  ]
  return dice.pick(kinds)()
}

function kills(dice: Dice): (() => Trouble)[] {
  const afterMs = dice.pick([10, 500, 8000, 70_000])
  return (['resume', 'resume', 'resume', 'back', 'back', 'nothing'] as const).map(sequel => () => ({
    kind: 'kill',
    sequel,
    afterMs,
  }))
}

function someOf(dice: Dice, names: readonly string[]): readonly string[] {
  if (dice.chance(33)) return names
  if (dice.chance(50)) return names.slice(0, Math.ceil(names.length / 2))
  return [dice.pick(names)]
}
