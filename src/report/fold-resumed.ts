/** What another controller makes of a run. `run/apply-resumed.ts` decides by the same rules; a test holds the two together. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'
import type { RunStand } from '../core/run-stand.ts'
import { isAsBefore, notAsBefore } from '../journal/as-before.ts'
import type { Entry, HostFacts } from '../journal/entry.ts'
import { type HostStanding, type HostStep, moveTo, type Standing } from './standing.ts'

/** Nothing is looked for there. */
const settled: ReadonlySet<HostStep> = new Set(['current', 'left out'])

export function applyResumed(standing: Standing, entry: Extract<Entry, { type: 'run.resumed' }>): void {
  standing.resumed = entry
  standing.finished = undefined
  standing.stoodStill = false
  // Whoever waits, waits anew: nobody has watched the fleet meanwhile.
  // Resuming is what a pause waits for.
  standing.pause = undefined
  // Judged as of now.
  standing.hold = undefined
  for (const stage of standing.stages) {
    if (stage.step === 'baking' || stage.step === 'baked') stage.step = 'rolling'
  }
  for (const host of standing.hosts.values()) {
    if (settled.has(host.step) || isUntouched(standing, host)) continue
    // What was begun there is not under way any more: the look tells how it ended.
    host.open.clear()
    host.wasBack = host.step === 'reverted' || host.step === 'released'
    if (!host.wasBack) host.faults = []
    moveTo(standing, host, 'unsure')
  }
}

/** It was only prepared, and released again. */
function isUntouched(standing: Standing, { name, step, touched }: HostStanding): boolean {
  const isBack = step === 'reverted' || step === 'released'
  return isBack && !touched && !(standing.decided && isParticipant(standing, name))
}

function isParticipant({ participants }: Standing, host: string): boolean {
  return participants === undefined || participants.has(host)
}

export function applyFound(
  standing: Standing,
  host: HostStanding,
  { stand, found }: Extract<Entry, { type: 'host.found' }>,
): void {
  // A run that has turned around meanwhile does not wait for what is found, but for a decision.
  const isDecision = stand === 'decided' || stand === 'committed'
  if (host.step !== 'looking' && !(host.step === 'reverting' && isDecision)) return
  if (host.wasBack && isBackStill(standing, host, stand)) return stayBack(standing, host, found)
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
      if (standing.decided && isParticipant(standing, host.name)) {
        host.after = found
        return moveTo(standing, host, 'waiting')
      }
      if (!host.touched) return moveTo(standing, host, 'waiting')
      if (standing.precommitting && !standing.decided) return lose(standing, host, 'its lease ran out')
      host.after = found
      host.faults = [gone('LEASE_LOST', host, ', and its lease ran out: it went back by itself')]
      return moveTo(standing, host, 'reverted')
    case 'switching':
    case 'reverting':
      host.touched = true
      return lose(standing, host, `it was left half-way (${stand})`)
  }
}

/** Who had failed and was proven back is no participant, and stays out of it; whoever else has it now. */
function isBackStill(standing: Standing, { name }: HostStanding, stand: RunStand): boolean {
  const isOver = stand === 'reverted' || stand === 'none'
  return isOver && !(standing.decided && isParticipant(standing, name))
}

function stayBack(standing: Standing, host: HostStanding, found: HostFacts): void {
  if (host.before && !isAsBefore(found, host.before)) {
    host.faults = [notAsBefore(host.name, found)]
    return moveTo(standing, host, 'in doubt')
  }
  host.after = found
  return moveTo(standing, host, 'reverted')
}

/** The journal was lost before the decision was in it. Whoever failed and went back is brought forward, too. */
function learnDecided(standing: Standing, { name }: HostStanding): void {
  if (standing.decided) return
  standing.decided = true
  standing.decisionHeardFrom = name
  standing.rollingBack = undefined
  standing.interrupted = undefined
  standing.hold = undefined
  standing.pause = undefined
  for (const host of standing.hosts.values()) {
    if (!['reverted', 'released', 'unreachable', 'refused'].includes(host.step)) continue
    host.faults = []
    moveTo(standing, host, 'waiting')
  }
}

/** Nobody has watched: until its health was counted anew no host is healthy, and no bake has passed. */
export function judgeAnew(standing: Standing): void {
  if (standing.decided) return
  for (const host of standing.hosts.values()) {
    if (['healthy', 'precommitting', 'precommitted'].includes(host.step)) moveTo(standing, host, 'switched')
  }
  for (const stage of standing.stages) {
    if (stage.step === 'baking' || stage.step === 'baked') stage.step = 'rolling'
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
