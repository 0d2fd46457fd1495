/** Mistakes in the program on the hosts, as the model of it has it. */
import type { Mutant } from './mutants.ts'

export const hostMutants: readonly Mutant[] = [
  {
    name: 'QUIT before the new workers are looked at',
    file: 'test/sim/host-commit.ts',
    from: 'if (!isQuitSafe(hand)) return',
    to: 'if (isQuitSafe(hand) === undefined) return',
    caught: ['invariant 4', 'invariant 1'],
    strikes: [
      {
        when: { entry: 'run.decided', nth: 1, plusMs: 1 },
        what: { kind: 'intruder', host: 'h0', deed: 'kill-worker' },
      },
    ],
  },
  {
    name: 'new is told to quit before old serves',
    file: 'test/sim/host-back.ts',
    from: '(yield* oldAgain(hand)) ??',
    to: '',
    caught: ['invariant 1:'],
  },
  {
    name: 'the fence is down',
    file: 'test/sim/host-lock.ts',
    from: '  if (lock?.run !== run) return false\n  if (lock.epoch !== epoch) return lock.epoch < epoch',
    to: '  if (lock?.run !== run) return false\n  if (lock.epoch !== epoch) return true',
    caught: ['invariant 8'],
    strikes: [
      {
        when: { entry: 'host.prepare.begun', nth: 1, plusMs: 0 },
        what: { kind: 'late', host: 'h0', times: 1, ms: 20_000 },
      },
      {
        when: { entry: 'host.prepare.begun', nth: 1, plusMs: 40 },
        what: { kind: 'kill', sequel: 'resume', afterMs: 10 },
      },
    ],
  },
  {
    name: 'the dead-man does not fire',
    file: 'test/sim/host-deadman.ts',
    from: 'if (yield* fire(hand)) fired++',
    to: 'fired += 30',
    caught: ['invariant 10', 'invariant 11'],
  },
  {
    name: 'the dead-man does not take the effect lock',
    file: 'test/sim/host-deadman.ts',
    from: 'if (!(yield* wrestEffect(hand))) return false',
    to: 'yield 0',
    caught: ['invariant 15'],
  },
  {
    name: 'a commit is not durable',
    file: 'test/sim/host-commit.ts',
    from: "  host.disk.sync('names', 'record')\n",
    to: '',
    caught: ['invariant 12'],
  },
  {
    name: 'the backup is not durable',
    file: 'test/sim/host-prepare.ts',
    from: "host.disk.sync('record', 'names', 'backups', 'lock', 'outcome', 'cancelled')",
    to: "host.disk.sync('record', 'names', 'lock', 'outcome', 'cancelled')",
    caught: ['invariant 3'],
  },
  {
    name: 'the dead-man is not proven alive',
    file: 'test/sim/host-deadman.ts',
    from: "  host.deadMan = host.start('dead-man', task => watch({ host, run, epoch: 0, session: 0, task }))\n  return isDeadManAlive(host)",
    to: "  const task = host.start('dead-man', one => watch({ host, run, epoch: 0, session: 0, task: one }))\n  task.isAlive = false\n  return true",
    also: [
      {
        file: 'test/sim/host-switch.ts',
        from: "if (!isDeadManAlive(host)) return 'DEAD_MAN_FAILED'",
        to: '',
      },
    ],
    caught: ['invariant 6'],
  },
  {
    name: 'no dead-man is armed',
    file: 'test/sim/host-prepare.ts',
    from: '!(yield* arm(hand)) || ',
    to: '',
    caught: ['invariant 10'],
  },
  {
    name: 'somebody else may have become that process',
    file: 'test/sim/host-processes.ts',
    from: '  if (!same(machine, pid, binary)) return false\n',
    to: '',
    caught: ['invariant 7'],
  },
  {
    name: 'the path stays new while old is parked',
    file: 'test/sim/host-switch.ts',
    from: "  yield moment(host)\n  if (!putOld(hand)) return 'PATH_CHANGED'\n",
    to: '',
    caught: ['fair weather', 'invariant'],
  },
  {
    name: 'something unfinished is put at the path',
    file: 'test/sim/host-place.ts',
    from: '  if (!record || path !== record.oldBinary || beside !== record.newBinary) return false\n  host.setPath(beside, path)',
    to: '  if (!record || path !== record.oldBinary || beside !== record.newBinary) return false\n  host.setPath(`half of ${beside}`, path)',
    caught: ['invariant 2'],
  },
  {
    name: 'a commit leaves the lock behind',
    file: 'test/sim/host-lock.ts',
    from: "  if (lock?.run === run) host.disk.set('lock', undefined)\n",
    to: '',
    caught: ['invariant 11'],
    strikes: [
      {
        when: { entry: 'host.commit.begun', nth: 2, plusMs: 25 },
        what: { kind: 'kill', sequel: 'nothing', afterMs: 0 },
      },
    ],
  },
]
