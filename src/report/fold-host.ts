/** What an entry changes in how its host stands. */
import type { Fault } from '../core/fault.ts'
import type { Entry } from '../journal/entry.ts'
import { applyFound } from './fold-resumed.ts'
import { type Effect, type HostStanding, type HostStep, moveTo, type Standing } from './standing.ts'

/** News of an earlier phase can come after a host has turned around; it closes the effect and changes nothing else. */
const past: ReadonlySet<HostStep> = new Set([
  'failed',
  'reverting',
  'reverted',
  'released',
  'in doubt',
  'committed',
])

const participants: ReadonlySet<HostStep> = new Set(['precommitted', 'committing'])

export function applyToHost(
  standing: Standing,
  host: HostStanding,
  entry: Extract<Entry, { host: string }>,
): void {
  const forward = (step: HostStep) => {
    if (!past.has(host.step)) moveTo(standing, host, step)
  }
  switch (entry.type) {
    case 'host.inspect.begun':
      moveTo(standing, host, 'inspecting')
      return
    case 'host.inspected':
      host.before = entry.found
      moveTo(standing, host, entry.current ? 'current' : 'inspected')
      return
    case 'host.prepare.begun':
      begin(standing, host, 'prepare', 'preparing')
      return
    case 'host.prepared':
      host.open.delete('prepare')
      host.newVersion = entry.version
      forward('prepared')
      return
    case 'host.unreachable':
      leave(standing, host, standing.decided ? backStep(host) : 'unreachable', [entry.fault])
      return
    case 'host.refused':
      leave(standing, host, standing.decided ? backStep(host) : 'refused', entry.faults)
      return
    case 'host.left_out':
      leave(standing, host, 'left out', [entry.fault])
      return
    case 'host.switch.begun':
      host.touched = true
      begin(standing, host, 'switch', 'switching')
      return
    case 'host.postponed':
      host.open.delete('switch')
      if (host.step !== 'switching') return
      host.touched = false
      moveTo(standing, host, 'prepared')
      return
    case 'host.switched':
      host.open.delete('switch')
      forward('switched')
      return
    case 'host.healthy':
      if (host.step === 'switched') forward('healthy')
      return
    case 'host.precommit.begun':
      begin(standing, host, 'precommit', 'precommitting')
      return
    case 'host.precommitted':
      host.open.delete('precommit')
      // Of one that is judged anew meanwhile it says nothing any more.
      if (host.step === 'precommitting') forward('precommitted')
      return
    case 'host.failed':
      fail(standing, host, entry)
      return
    case 'host.commit.begun':
      begin(standing, host, 'commit', 'committing')
      return
    case 'host.committed':
      host.after = entry.found
      end(standing, host, 'committed')
      return
    case 'host.revert.begun':
      begin(standing, host, 'revert', 'reverting')
      return
    case 'host.reverted':
      host.after = entry.found
      end(standing, host, backStep(host))
      return
    case 'host.in_doubt':
      host.faults = [entry.fault]
      end(standing, host, 'in doubt')
      return
    case 'host.look.begun':
      moveTo(standing, host, 'looking')
      return
    case 'host.found':
      applyFound(standing, host, entry)
      return
    case 'health.changed':
      return
  }
}

/** Old serves there. After the decision that is also so of a host that cannot be brought forward. */
function backStep({ touched }: HostStanding): HostStep {
  return touched ? 'reverted' : 'released'
}

function begin(standing: Standing, host: HostStanding, effect: Effect, step: HostStep): void {
  host.open.add(effect)
  moveTo(standing, host, step)
}

/** A commit or a revert has looked at the host itself, so it also ends what was begun before it. */
function end(standing: Standing, host: HostStanding, step: HostStep): void {
  host.open.clear()
  moveTo(standing, host, step)
}

function leave(standing: Standing, host: HostStanding, step: HostStep, faults: readonly Fault[]): void {
  host.faults = faults
  end(standing, host, step)
}

function fail(standing: Standing, host: HostStanding, entry: Extract<Entry, { type: 'host.failed' }>): void {
  host.open.delete('switch')
  host.open.delete('precommit')
  // No participant goes back once the run is decided; what fails then is the commit's to report.
  if (past.has(host.step) || (standing.decided && participants.has(host.step))) return
  host.faults = [entry.fault]
  // Among frozen participants even a host that is proven old is reverted, with all the others.
  const isProven = entry.found !== null && !standing.precommitting
  if (isProven) host.after = entry.found
  moveTo(standing, host, isProven ? 'reverted' : 'failed')
}
