/** The invariants of design.md, section 3, as an onlooker sees them who misses nothing. Every violation names its number. */
import type { EntryBody } from '../../src/journal/entry.ts'
import { courseOf } from './course.ts'
import { type Hand, isDeadManAlive } from './host-lock.ts'
import type { Machine, Task } from './host-machine.ts'
import { acceptingOf, isToldToQuit, type Sender, same } from './host-processes.ts'
import type { StoodStill } from './life.ts'
import type { Signal } from './nginx-process.ts'
import type { Sheet, Written } from './sheet.ts'
import type { Story } from './story.ts'
import { type Surety, suretyOf } from './surety.ts'
import type { VirtualTime } from './virtual-clock.ts'
import type { Wounds } from './wounds.ts'

/** Told by hosts of what they do, before they do it. */
export interface Witness {
  daemonMoved(machine: Machine): void
  booted(machine: Machine): void
  /** A phase that goes forward was let begin. */
  began(hand: Hand): void
  exchanged(hand: Hand): void
  signalled(machine: Machine, sender: Sender, signal: Signal, pid: number, binary: string): void
  claimed(machine: Machine, run: string, outcome: 'decided' | 'reverting', task: Task): void
  wentBack(hand: Hand): void
}

export interface Onlooker extends Witness {
  readonly violations: string[]
  /** To the journal, which has not written it yet. */
  handed(run: string, body: EntryBody): void
  durable(sheet: Sheet, written: Written): void
  /** A controller that stood still goes on; the fault says so, and not the run. */
  wentOn(run: string, stoodStill: StoodStill): void
  /** A lease is asked for. @returns to be told whether it was acknowledged */
  leasing(run: string, host: string): (isGranted: boolean) => void
  /** A request leaves a controller. */
  asked(sheet: Sheet, epoch: number, host: string, verb: string, isJournalLost: boolean): void
}

const intents: Readonly<Record<string, EntryBody['type']>> = {
  inspect: 'host.inspect.begun',
  prepare: 'host.prepare.begun',
  switch: 'host.switch.begun',
  precommit: 'host.precommit.begun',
  commit: 'host.commit.begun',
  revert: 'host.revert.begun',
  look: 'host.look.begun',
}

export function onlooker(
  machines: ReadonlyMap<string, Machine>,
  wounds: ReadonlyMap<Machine, Wounds>,
  { limits, leaseMs }: Pick<Story, 'limits' | 'leaseMs'>,
  time: VirtualTime,
): Onlooker {
  const violations: string[] = []
  const courses = new Map<string, ReturnType<typeof courseOf>>()
  const sureties = new Map<string, Surety>()
  const led = new Map<string, number>()
  const intended = new Set<string>()
  const decided = new Set<string>()
  const violate = (invariant: number, what: string) => {
    violations.push(`invariant ${invariant}: ${what}`)
  }
  const wound = (machine: Machine) => wounds.get(machine)

  return {
    violations,
    daemonMoved(machine) {
      const hurt = wound(machine)
      const { nginx, traits, disk } = machine
      if (nginx.isAccepting()) {
        if (hurt) hurt.mayBeSilent = hurt.intruded
      } else if (machine.isUp && !hurt?.mayBeSilent) violate(1, `nobody accepts on ${traits.name}`)
      if (machine.isUp && nginx.disk.path !== disk.now.names.path)
        violate(2, `the path of ${traits.name} is ${nginx.disk.path}`)
      checkPath(machine)
    },
    booted(machine) {
      const { record, names } = machine.disk.now
      const hurt = wound(machine)
      const isMoving = record?.state === 'switching' || record?.state === 'reverting'
      if (hurt && record && names.path === record.newBinary && isMoving) hurt.cameUpNew = true
      checkPath(machine)
    },
    began({ host, run, epoch }) {
      const { lock } = host.disk.now
      const key = `${host.traits.name} ${run}`
      if (lock?.run !== run) violate(8, `a phase of ${run} on ${host.traits.name} without its lock`)
      const highest = led.get(key) ?? 0
      if (epoch < highest) violate(8, `epoch ${epoch} of ${run} acts on ${host.traits.name} after ${highest}`)
      led.set(key, Math.max(highest, epoch))
    },
    exchanged({ host, task, run }) {
      const { record } = host.disk.now
      const { name } = host.traits
      if (host.effect !== task)
        violate(15, `${task.what} exchanges the path of ${name} without the effect lock`)
      if (record && !host.disk.durable.backups.includes(record.oldBinary))
        violate(3, `the old bytes of ${name} are not durable`)
      checkLock(host, run)
      checkPath(host)
    },
    signalled(machine, sender, signal, pid, binary) {
      const { name } = machine.traits
      if (!same(machine, pid, binary)) violate(7, `${signal} on ${name} to a process that is another one`)
      if (!sender.holdsEffect)
        violate(15, `${sender.what} sends ${signal} on ${name} without the effect lock`)
      if (sender.what === 'switch' && signal === 'USR2') checkFirstSignal(machine)
      checkLock(machine, sender.run)
      if (signal === 'QUIT' || signal === 'TERM' || signal === 'KILL') checkEnd(machine, sender, signal, pid)
    },
    claimed({ traits, disk }, run, outcome) {
      if (outcome === 'reverting') return
      if (!decided.has(run)) violate(5, `${traits.name} is told of a decision that is not durable`)
      if (disk.now.record?.state === 'switched') violate(5, `${traits.name} decides without a precommit`)
    },
    wentBack({ host }) {
      const hurt = wound(host)
      if (hurt) hurt.cameUpNew = false
    },
    durable(sheet, { body, epoch }) {
      if (body.type.endsWith('.begun') && 'host' in body)
        intended.add(`${sheet.run} ${epoch} ${body.type} ${body.host}`)
      if (body.type === 'run.decided') decided.add(sheet.run)
      if (body.type === 'run.rolling_back') checkUndecided(sheet.run)
      const course = courses.get(sheet.run) ?? courseOf(limits)
      courses.set(sheet.run, course)
      for (const wrong of [course(body), suretyIn(sheet.run).durable(body)]) if (wrong) violations.push(wrong)
      if (body.type !== 'run.decided') return
      if (sheet.entries.some(({ body: { type } }, at) => type === 'run.interrupted' && isLast(sheet, at)))
        violate(13, 'decided after an interrupt')
    },
    handed(run, body) {
      suretyIn(run).handed(body, time.nowMs())
      if (body.type !== 'run.decided') return
      for (const machine of machines.values()) checkDecision(machine, run, body.hosts)
      checkBudget(run, body.hosts)
    },
    wentOn(run, stoodStill) {
      suretyIn(run).wentOn(stoodStill)
    },
    leasing(run, host) {
      const granted = suretyIn(run).asking(host)
      const machine = machines.get(host)
      const hurt = machine && wound(machine)
      return isGranted => {
        if (isGranted) granted()
        else if (hurt) hurt.leaseUnheard = true
      }
    },
    asked(sheet, epoch, host, verb, isJournalLost) {
      const intent = intents[verb]
      if (!intent) return
      // A look changes nothing.
      const isBack = verb === 'revert' || verb === 'commit' || verb === 'look'
      if (isJournalLost && isBack) return
      if (!intended.has(`${sheet.run} ${epoch} ${intent} ${host}`))
        violate(9, `${verb} of ${host} before its intent is durable`)
    },
  }

  function suretyIn(run: string): Surety {
    const surety = sureties.get(run) ?? suretyOf(leaseMs)
    sureties.set(run, surety)
    return surety
  }

  /** A decision may be taken back only as long as no host has heard of it. */
  function checkUndecided(run: string): void {
    if (!decided.delete(run)) return
    for (const [name, { disk }] of machines) {
      const { outcome, record } = disk.now
      const hasHeard = outcome?.run === run && outcome.outcome === 'decided'
      if (hasHeard || (record?.run === run && ['decided', 'committed'].includes(record.state)))
        violate(4, `${run} goes back although ${name} has heard of its decision`)
    }
  }

  /** No other entry of a controller that came later lies between. */
  function isLast(sheet: Sheet, at: number): boolean {
    return sheet.entries.slice(at).every(({ body }) => body.type !== 'run.resumed')
  }

  /** Who does not take part has failed or was left out, unless it had the new binary before. */
  function checkBudget(run: string, participants: readonly string[]): void {
    const [first] = participants
    const taking = new Set(participants)
    const wanted = machines.get(first ?? '')?.disk.now.record?.newBinary
    const out = [...machines].filter(
      ([name, { disk }]) => !taking.has(name) && disk.now.names.path !== wanted,
    )
    if (out.length > limits.maxFailed + limits.maxUnreachable)
      violations.push(`all or nothing: ${run} is decided without ${out.map(([name]) => name).join(' ')}`)
  }

  function checkPath({ traits, disk, strangers, witness: _ }: Machine): void {
    const { path } = disk.now.names
    if (path === undefined || !(strangers.has(path) || path in knownBinaries))
      violate(2, `the path of ${traits.name} holds ${path}`)
  }

  function checkFirstSignal(machine: Machine): void {
    const { record } = machine.disk.now
    // One that is killed between the proof and the signal is armed anew by the next renewal.
    if (!isDeadManAlive(machine) && !wound(machine)?.lostDeadMan)
      violate(6, `no dead-man lives on ${machine.traits.name} at the first signal`)
    if (record && !machine.disk.durable.backups.includes(record.oldBinary))
      violate(3, `the old bytes of ${machine.traits.name} are not durable`)
  }

  function checkLock({ disk, traits }: Machine, run: string): void {
    const { lock } = disk.now
    if (lock && lock.run !== run) violate(8, `${run} acts on ${traits.name}, which ${lock.run} has locked`)
  }

  function checkEnd(machine: Machine, { run, what }: Sender, signal: Signal, pid: number): void {
    const { record, outcome } = machine.disk.now
    const { name } = machine.traits
    if (record?.run !== run || pid !== record.oldMaster || isToldToQuit(machine, pid)) return
    const isDecided = outcome?.run === run && outcome.outcome === 'decided'
    if (!isDecided) violate(4, `${what} sends ${signal} to the old master of ${name} before the decision`)
    const serving = acceptingOf(machine, record.newBinary, record.newMaster).length
    if (signal === 'QUIT' && serving < record.newSet.length)
      violate(4, `QUIT to the old master of ${name} while ${serving} new workers accept`)
  }

  /** At the moment of the decision every participant waits for it, and everybody else is back. */
  function checkDecision(machine: Machine, run: string, participants: readonly string[]): void {
    const { record } = machine.disk.now
    const { name } = machine.traits
    if (wound(machine)?.intruded || (wound(machine)?.reboots ?? 0) > 0) return
    const isIn = participants.includes(name)
    if (isIn && record && record.run !== run)
      violate(5, `decided with ${name}, which is of ${record.run} by now`)
    if (record?.run !== run) return
    if (isIn && record.state !== 'precommitted' && record.state !== 'decided')
      violate(5, `decided while ${name} is ${record.state}`)
    if (!isIn && ['switching', 'switched', 'precommitted', 'reverting'].includes(record.state))
      violate(5, `decided while ${name}, which does not take part, is ${record.state}`)
  }
}

const knownBinaries = { old: true, new: true, other: true } as const
