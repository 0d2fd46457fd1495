/** What is really so on the simulated hosts, against what a run says (invariant 12) and what it promised (10, 11, all or nothing). */
import type { EntryBody, HostEnd } from '../../src/journal/entry.ts'
import { goingOnStates, isDeadManAlive } from './host-lock.ts'
import type { Machine } from './host-machine.ts'
import { acceptingOf, isIdle, mastersOf, unbornOf } from './host-processes.ts'
import type { Link } from './network.ts'
import { isDecided, type Sheet } from './sheet.ts'
import type { Story } from './story.ts'
import type { Wounds } from './wounds.ts'

export type Finish = Extract<EntryBody, { type: 'run.finished' }>

/** @returns why the host is not wholly on that binary, with nothing of the run left; undefined when it is. */
export function notWholly(machine: Machine, binary: string, run: string): string | undefined {
  const { nginx, disk, traits } = machine
  const { names, lock, record } = disk.now
  // A binary that dies by itself after the commit is not the run's doing; nor is what its death leaves.
  if (machine.quality(binary) === 'dies-late' && names.path === binary) return undefined
  const others = nginx.processes().filter(one => one.binary !== binary)
  if (names.path !== binary) return `has ${names.path} at the path`
  if (disk.durable.names.path !== binary)
    return `may have ${disk.durable.names.path} at the path after a reboot`
  if (others.length > 0) return `runs ${others.map(one => `${one.role} of ${one.binary}`).join(', ')}`
  const masters = mastersOf(machine, binary)
  if (!masters[0] || masters.length !== 1) return `has ${masters.length} masters`
  if (nginx.disk.pid !== masters[0].pid) return 'has another pid in the pid file'
  if (nginx.disk.oldbin !== undefined) return 'has an .oldbin'
  const master = masters[0].pid
  const accepting = acceptingOf(machine, binary, master).length
  // One that has crashed this moment is about to be started again.
  const isRecovering = !isIdle(machine, master) || unbornOf(machine, binary, master).length > 0
  if (accepting < traits.workers && !isRecovering) return `has ${accepting} workers that accept`
  if (acceptingOf(machine, binary).length > accepting) return 'has orphan workers'
  if (lock?.run === run) return 'still has the lock'
  if (record?.run === run && isDeadManAlive(machine)) return 'still has a dead-man'
  // Another run may be preparing this host by now.
  if (names.beside !== undefined && record?.run === run && !lock)
    return `still has ${names.beside} beside the path`
  return undefined
}

export const mustBe: Readonly<Record<HostEnd, 'old' | 'new' | undefined>> = {
  committed: 'new',
  current: 'new',
  reverted: 'old',
  untouched: undefined,
  'left-out': undefined,
  'in-doubt': undefined,
}

/** At the moment a run says that it is over. */
export function checkFinish(
  finish: Finish,
  run: string,
  machines: ReadonlyMap<string, Machine>,
  wounds: ReadonlyMap<Machine, Wounds>,
  wanted: string,
): string[] {
  const found: string[] = []
  for (const [name, { end, after }] of Object.entries(finish.hosts)) {
    const machine = machines.get(name)
    if (!machine?.isUp || wounds.get(machine)?.intruded || wounds.get(machine)?.mayBeSilent) continue
    const { record } = machine.disk.now
    // Another run has been there since.
    if (record && record.run !== run) continue
    const sides = sidesOf(machine, wanted)
    const side = mustBe[end]
    // It was prepared once more, the answer was lost, and its lease runs: old serves, and the lock goes by itself.
    const isWaiting = record?.state === 'prepared' && end === 'reverted'
    const why = side && !isWaiting && lenient(notWholly(machine, sides[side], run), wounds.get(machine))
    if (why) found.push(`invariant 12: ${name} is said to be ${end}, but ${why}`)
    if (side && after !== sides[side]) found.push(`invariant 12: ${name} is said to be ${end} on ${after}`)
    const isUntouched = end === 'untouched' || end === 'left-out'
    if (isUntouched && machine.disk.now.names.path === sides.new)
      found.push(`invariant 12: ${name} is said to be ${end}, and has the new binary`)
  }
  return [...found, ...checkExit(finish)]
}

const exits: Readonly<Record<Finish['outcome'], readonly number[]>> = {
  committed: [0],
  'committed-with-failures': [9],
  'nothing-to-do': [0],
  'rolled-back': [2],
  refused: [1, 6, 7, 8],
  interrupted: [130, 143],
  'in-doubt': [3],
}

function checkExit({ outcome, exit, hosts }: Finish): string[] {
  const ends = Object.values(hosts).map(({ end }) => end)
  const found: string[] = []
  if (!exits[outcome].includes(exit)) found.push(`invariant 12: ${outcome} with exit ${exit}`)
  if (ends.includes('in-doubt') && exit !== 3) found.push(`invariant 12: a host in doubt, and exit ${exit}`)
  if (outcome === 'committed' && ends.some(end => end !== 'committed' && end !== 'current'))
    found.push('invariant 12: committed, but not every host')
  if (outcome === 'rolled-back' && ends.includes('committed'))
    found.push('invariant 12: rolled back, but a host has committed')
  return found
}

/** When nothing moves any more: the fleet is all-new (but for as many as the plan lets fail), or all-old, or somebody was told. */
export function checkQuiet(
  sheet: Sheet,
  machines: ReadonlyMap<string, Machine>,
  wounds: ReadonlyMap<Machine, Wounds>,
  wanted: string,
  mayBeOld: number,
): string[] {
  const wasDecided = isDecided(sheet)
  const finish = lastFinish(sheet)
  if (finish?.exit === 3) return []
  const found: string[] = []
  const old: string[] = []
  for (const [name, machine] of machines) {
    const hurt = wounds.get(machine)
    const { record } = machine.disk.now
    if (record && record.run !== sheet.run) continue
    if (!hurt || hurt.intruded || hurt.cameUpNew || !machine.isUp) continue
    // Neither the controller nor the dead-man is left.
    if (hurt.lostDeadMan && !isDeadManAlive(machine) && record && goingOnStates.includes(record.state))
      continue
    if (hurt.meddled && record?.state === 'decided') continue
    // Nobody can come up with a binary that does not start.
    if (!machine.nginx.isAccepting() && hurt.reboots > 0) continue
    const why = stranded(machine, sheet.run, hurt, sidesOf(machine, wanted))
    const isOld = why.old === undefined
    if (isOld) old.push(name)
    if (!isOld && !wasDecided) found.push(`invariant 10: not decided, but ${name} ${why.old}`)
    else if (!isOld && why.new !== undefined)
      found.push(`invariant 11: ${name} ${why.new}, and as the old one it ${why.old}`)
  }
  if (finish && wasDecided && old.length > mayBeOld)
    found.push(`all or nothing: exit ${finish.exit}, decided, but ${old.join(' ')} stayed old`)
  if (finish?.outcome === 'rolled-back' && wasDecided) found.push('all or nothing: decided, but rolled back')
  return found
}

function stranded(
  machine: Machine,
  run: string,
  hurt: Wounds,
  sides: { readonly old: string; readonly new: string },
): { old: string | undefined; new: string | undefined } {
  return {
    old: lenient(notWholly(machine, sides.old, run), hurt),
    new: lenient(notWholly(machine, sides.new, run), hurt),
  }
}

/** Old is what the run has found there: another one may have been there before it. */
function sidesOf({ disk, traits }: Machine, wanted: string): { readonly old: string; readonly new: string } {
  return { old: disk.now.record?.oldBinary ?? traits.binary, new: wanted }
}

/** After a reboot nobody tidies up but the next run; what serves and what is on disk must be right all the same. */
export function lenient(why: string | undefined, hurt: Wounds | undefined): string | undefined {
  return hurt && hurt.reboots > 0 && why?.startsWith('still has') ? undefined : why
}

/** Invariant 10: a run that goes back leaves nobody switched whom it could have asked. */
export function checkLeft(
  sheet: Sheet,
  links: ReadonlyMap<string, Link>,
  wounds: ReadonlyMap<Machine, Wounds>,
): string[] {
  if (isDecided(sheet)) return []
  const found: string[] = []
  for (const [name, { host, partitions }] of links) {
    const { record, outcome } = host.disk.now
    const hurt = wounds.get(host)
    // It is going back, though its disk may be too full to say so.
    if (outcome?.run === sheet.run) continue
    if (record?.run !== sheet.run || partitions > 0 || !host.isUp || hurt?.intruded || hurt?.lostDeadMan)
      continue
    // It may have come up only now; then nobody acts there but who asks, and it runs old.
    if (hurt && (hurt.reboots > 0 || hurt.leaseUnheard)) continue
    if (record.state === 'switched' || record.state === 'precommitted')
      found.push(`invariant 10: the run is over, and ${name} is left ${record.state}`)
  }
  return found
}

/** A run that nothing disturbs commits: what is always safe is to do nothing, and that is not enough. */
export function checkFairWeather(story: Story, { outcome }: Finish): string[] {
  const isFair =
    story.strikes.length === 0 &&
    story.limits.windows === undefined &&
    story.limits.stages.every(({ gate }) => gate === null) &&
    story.hosts.every(({ qualities, slowness }) => Object.keys(qualities).length === 0 && slowness === 1)
  return isFair && outcome !== 'committed' ? [`fair weather: nothing is wrong, but ${outcome}`] : []
}

export function lastFinish(sheet: Sheet): Finish | undefined {
  // Another controller may have gone on since one could no longer write.
  const all = [...sheet.entries, ...sheet.published].sort((a, b) => a.atMs - b.atMs)
  const last = all.findLast(({ body }) => body.type === 'run.finished')?.body
  return last?.type === 'run.finished' ? last : undefined
}
