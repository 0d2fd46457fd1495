/** What another controller makes of a run. `run/apply-resumed.ts` decides by the same rules; a test holds the two together. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'
import type { Entry } from '../journal/entry.ts'
import { type HostStanding, type HostStep, moveTo, type Standing } from './standing.ts'

/** Nothing was changed there, so they are inspected anew. */
const untried: ReadonlySet<HostStep> = new Set([
  'waiting',
  'inspecting',
  'inspected',
  'refused',
  'unreachable',
])
/** What has ended there was proven, and needs no other look. */
const proven: ReadonlySet<HostStep> = new Set(['current', 'left out', 'committed', 'reverted', 'released'])

export function applyResumed(standing: Standing, entry: Extract<Entry, { type: 'run.resumed' }>): void {
  standing.resumed = entry
  standing.finished = undefined
  standing.stoodStill = false
  // Whoever waits, waits anew: nobody has watched the fleet meanwhile.
  // Resuming is what a pause waits for.
  standing.pause = undefined
  for (const stage of standing.stages) {
    if (stage.step === 'baking' || stage.step === 'baked') stage.step = 'rolling'
  }
  for (const host of standing.hosts.values()) {
    if (untried.has(host.step)) {
      host.faults = []
      moveTo(standing, host, 'waiting')
    } else if (!proven.has(host.step)) {
      // What was begun there is not under way any more: the look tells how it ended.
      host.open.clear()
      moveTo(standing, host, 'unsure')
    }
  }
}

export function applyFound(
  standing: Standing,
  host: HostStanding,
  { stand, found }: Extract<Entry, { type: 'host.found' }>,
): void {
  // A run that has turned around meanwhile does not wait for what is found.
  if (host.step !== 'looking') return
  host.faults = []
  switch (stand) {
    case 'decided':
    case 'committed':
      learnDecided(standing, host)
      host.touched = true
      return moveTo(standing, host, 'precommitted')
    case 'precommitted':
    case 'switched':
      host.touched = true
      return moveTo(standing, host, standing.decided && stand === 'precommitted' ? stand : 'switched')
    case 'prepared':
      host.touched = false
      return moveTo(standing, host, 'prepared')
    case 'none':
      if (host.touched) return lose(standing, host, 'its state directory no longer knows this run')
      return moveTo(standing, host, 'waiting')
    case 'reverted':
      if (standing.decided) host.after = found
      if (standing.decided || !host.touched) return moveTo(standing, host, 'waiting')
      if (standing.precommitting) return lose(standing, host, 'its lease ran out')
      host.after = found
      host.faults = [gone('LEASE_LOST', host, ', and its lease ran out: it went back by itself')]
      return moveTo(standing, host, 'reverted')
    case 'switching':
    case 'reverting':
      host.touched = true
      return lose(standing, host, `it was left half-way (${stand})`)
  }
}

/** The journal was lost before the decision was in it. Whoever failed and went back is brought forward, too. */
function learnDecided(standing: Standing, { name }: HostStanding): void {
  if (standing.decided) return
  standing.decided = true
  standing.decisionHeardFrom = name
  for (const host of standing.hosts.values()) {
    if (host.step !== 'reverted') continue
    host.faults = []
    moveTo(standing, host, 'waiting')
  }
}

/** No host has heard of it, and all have gone back by themselves. */
export function forgetDecision(standing: Standing): void {
  if (!standing.decided) return
  standing.decided = false
  for (const host of standing.hosts.values()) {
    if (host.step === 'waiting' && host.touched) moveTo(standing, host, 'reverted')
  }
}

function lose(standing: Standing, host: HostStanding, why: string): void {
  host.faults = [gone('SWITCH_FAILED', host, `: ${why}`)]
  moveTo(standing, host, 'failed')
}

function gone(code: FaultCode, { name }: HostStanding, what: string): Fault {
  return fault(code, `the controller of the run was gone${what}`, { host: name })
}
