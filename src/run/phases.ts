/** The forward phases on one host: from the first look to the acknowledgement before the commit. */
import type { Mark } from '../core/clock.ts'
import { type Fault, fault, faultsOf } from '../core/fault.ts'
import type { Inspection, SwitchOutcome } from '../driver/hands.ts'
import type { HostFacts } from '../journal/entry.ts'
import { failingChecks } from './baseline.ts'
import type { Stand } from './conduct.ts'
import { isTurnedAround } from './state.ts'

export async function performInspect(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  // A lost journal has turned the run around, and that waits for every inspection to end.
  const [lost] = await begun.then(() => [], faultsOf)
  if (lost) return stand.record({ type: 'host.left_out', host, fault: lost })
  const unexpected = (found: Fault) => stand.record({ type: 'host.unreachable', host, fault: found })
  await guarded(host, unexpected, async () => {
    const { hands, checks, baseline = checks } = stand.participant(host)
    const outcome = await hands.inspect()
    if (outcome.kind === 'unreachable')
      return stand.record({ type: 'host.unreachable', host, fault: outcome.fault })
    if (outcome.kind === 'refused')
      return stand.record({ type: 'host.refused', host, faults: outcome.faults })
    const twin = twinOf(stand, host, outcome.inspection.identity)
    if (twin) return stand.record({ type: 'host.refused', host, faults: [twin] })
    const { current } = outcome.inspection
    const [ill] = current ? [] : await failingChecks(host, baseline, 'before anything was changed')
    if (ill) return stand.record({ type: 'host.refused', host, faults: [ill] })
    return stand.record({ type: 'host.inspected', host, current, found: factsOf(outcome.inspection) })
  })
}

export async function performPrepare(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  await begun.catch(() => {})
  const unexpected = (found: Fault) => stand.record({ type: 'host.refused', host, faults: [found] })
  await guarded(host, unexpected, async () => {
    // Interrupted, or the journal lost, while it waited for its turn: it is released with the others.
    if (isTurnedAround(stand.state)) {
      return stand.record({ type: 'host.prepared', host, version: '' })
    }
    const outcome = await stand.leases.ask(host, () => stand.participant(host).hands.prepare())
    if (outcome.kind === 'prepared') {
      await stand.record({ type: 'host.prepared', host, version: outcome.version })
      if (stand.state.hosts.get(host)?.phase === 'prepared') stand.vigil.keep(host)
      return
    }
    if (outcome.kind === 'refused')
      return stand.record({ type: 'host.refused', host, faults: outcome.faults })
    return stand.record({ type: 'host.unreachable', host, fault: outcome.fault })
  })
}

export async function performSwitch(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  await begun
  const failed = (found: Fault) => stand.record({ type: 'host.failed', host, fault: found, found: null })
  await guarded(host, failed, async () => {
    const { hands, checks, baseline = checks } = stand.participant(host)
    const [ill] = await failingChecks(host, baseline, 'right before the switch')
    if (ill) return failed(ill)
    // A rollback that began meanwhile reverts this host, perhaps only when there is room; it must not switch after that.
    if (stand.state.hosts.get(host)?.phase !== 'switching' || isTurnedAround(stand.state)) return
    // The checks take their time, and this machine may have slept.
    if (!stand.window.mayStart()) return stand.record({ type: 'host.postponed', host })
    const started = stand.clock.now()
    const first = await hands.switchOver()
    // A connection that was cut says nothing about the host: it is asked again, and answers with what it has done.
    const outcome = first.kind === 'unknown' ? await askAgain(stand, host, first) : first
    if (outcome === 'postponed') return stand.record({ type: 'host.postponed', host })
    if (outcome.kind === 'switched') {
      await stand.record({ type: 'host.switched', host, ms: msSince(stand, started) })
      if (stand.state.hosts.get(host)?.phase === 'switched') stand.vigil.start(host)
      return
    }
    const found = outcome.kind === 'reverted' ? outcome.found : null
    // Proven old it has no lease any more, and a renewal would be told that it was lost.
    if (found) stand.vigil.stop(host)
    await stand.record({ type: 'host.failed', host, fault: outcome.fault, found })
  })
}

/** Where the first request may never have arrived, and it is too late by now to begin. */
async function askAgain(
  { participant, window }: Stand,
  host: string,
  first: SwitchOutcome,
): Promise<SwitchOutcome | 'postponed'> {
  const { hands } = participant(host)
  if (window.mayStart()) return hands.switchOver()
  const look = await hands.stand()
  if (look.kind === 'unknown') return first
  return look.stand === 'prepared' && !look.held ? 'postponed' : hands.switchOver()
}

export async function performPrecommit(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  await begun
  const failed = (found: Fault) => stand.record({ type: 'host.failed', host, fault: found, found: null })
  await guarded(host, failed, async () => {
    const { hands } = stand.participant(host)
    const { leases } = stand
    leases.freeze()
    const ask = () => leases.ask(host, ms => hands.precommit(ms))
    const first = await ask()
    const outcome = first.kind === 'unknown' ? await ask() : first
    if (outcome.kind === 'pass') return stand.record({ type: 'host.precommitted', host })
    return failed(outcome.fault)
  })
}

/** The same machine and binary under another name of the inventory. */
function twinOf({ seen }: Stand, host: string, identity: string): Fault | undefined {
  const first = seen.get(identity)
  if (first === undefined) seen.set(identity, host)
  if (first === undefined || first === host) return undefined
  return fault('HOST_UNFIT', `this is the same machine and binary as ${first}`, {
    host,
    hint: 'keep one of the two names, or exclude one with --limit',
  })
}

export function factsOf(inspection: Inspection): HostFacts {
  const { version, sha256, runsPath, pid, workers, masters, draining } = inspection
  return { version, sha256, runsPath, pid, workers, masters, draining }
}

/** For people: whole milliseconds. */
export function msSince({ clock }: Stand, { monotonicMs }: Mark): number {
  return Math.round(clock.now().monotonicMs - monotonicMs)
}

/** A bug in one host's phase is that host's failure, never a silent end of the run. */
export async function guarded(
  host: string,
  unexpected: (found: Fault) => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    const [first] = faultsOf(error)
    if (first?.code === 'JOURNAL_FAILED') throw error
    await unexpected({ ...(first ?? fault('UNEXPECTED', String(error))), host })
  }
}
