/** What another controller makes of a run: everything that was under way is looked at before anything else is done. */
import { fault } from '../core/fault.ts'
import type { RunStand } from '../core/run-stand.ts'
import { isAsBefore, notAsBefore } from '../journal/as-before.ts'
import type { EntryBody, HostFacts } from '../journal/entry.ts'
import { dequeue, type HostPhase, type HostRecord, type RunState, update } from './state.ts'

/** Nothing is looked for there. */
const settled: ReadonlySet<HostPhase> = new Set(['current', 'left-out'])

export function applyResumed(state: RunState): void {
  for (const [host, record] of state.hosts) {
    const { phase, fault } = record
    if (settled.has(phase) || isUntouched(state, record)) continue
    // Also where nothing was begun, as far as the journal knows: it may have lost its end. And also where it had ended: such
    // a host has given its lock back, and somebody else may have come since.
    const wasBack = phase === 'failed'
    update(state, host, 'unsure', { wasBack, fault: wasBack ? fault : undefined, refusals: [] })
  }
  // Whoever waits, waits anew: nobody has watched the fleet meanwhile.
  if (state.stageStep === 'baking' || state.stageStep === 'baked') state.stageStep = 'rolling'
  if (state.gate === 'waiting') state.gate = 'shut'
  // Resuming is what a pause waits for.
  state.pausedMs = undefined
  // Judged as of now.
  state.window = 'open'
  state.woke = 'no'
  state.retried.clear()
  state.finished = undefined
  state.exit = undefined
  state.journalLost = false
}

/** It was only prepared, and released again. */
function isUntouched(state: RunState, { name, phase, touched }: HostRecord): boolean {
  const isBack = phase === 'failed' || phase === 'reverted'
  return isBack && !touched && !(state.decided && isParticipant(state, name))
}

function isParticipant({ participants }: RunState, host: string): boolean {
  return participants === undefined || participants.has(host)
}

export function applyFound(
  state: RunState,
  { host, stand, found }: Extract<EntryBody, { type: 'host.found' }>,
): void {
  const record = state.hosts.get(host)
  // A run that has turned around meanwhile does not wait for what is found, but for a decision.
  const isDecision = stand === 'decided' || stand === 'committed'
  if (record?.phase !== 'looking' && !(record?.phase === 'reverting' && isDecision)) return
  if (record.wasBack && isBackStill(state, record, stand)) return stayBack(state, record, found)
  state.failures.delete(host)
  switch (stand) {
    case 'decided':
    case 'committed':
      // Whoever has heard of the decision proves that it was made. The commit is asked for once more: it tidies up.
      learnDecided(state)
      state.heard = true
      dequeue(state, host)
      return update(state, host, 'precommitted', { touched: true, fault: undefined })
    case 'precommitted':
    case 'switched':
      dequeue(state, host)
      if (state.decided && stand === 'precommitted')
        return update(state, host, 'precommitted', { fault: undefined })
      // Its health counts anew: nobody has watched it meanwhile.
      return update(state, host, 'switched', { touched: true, fault: undefined })
    case 'prepared':
      return queueAnew(state, host, 'prepared')
    case 'none':
      // What was begun there may not have arrived. A host of which more was heard has been taken over, or lost its record.
      if (record.touched) return lose(state, host, 'its state directory no longer knows this run')
      return queueAnew(state, host, 'waiting')
    case 'reverted':
      if (state.decided && isParticipant(state, host)) return queueAnew(state, host, 'waiting', found)
      if (!record.touched) return queueAnew(state, host, 'waiting')
      // Frozen participants are never fewer.
      if (state.precommitting && !state.decided) return lose(state, host, 'its lease ran out')
      state.failures.add(host)
      dequeue(state, host)
      return update(state, host, 'failed', { after: found, fault: gone(host) })
    case 'switching':
    case 'reverting':
      return lose(state, host, `it was left half-way (${stand})`)
  }
}

/** Who had failed and was proven back is no participant, and stays out of it; whoever else has it now. */
function isBackStill(state: RunState, { name }: HostRecord, stand: RunStand): boolean {
  const isOver = stand === 'reverted' || stand === 'none'
  return isOver && !(state.decided && isParticipant(state, name))
}

function stayBack(state: RunState, { name, before }: HostRecord, found: HostFacts): void {
  state.failures.add(name)
  dequeue(state, name)
  if (before && !isAsBefore(found, before))
    return update(state, name, 'in-doubt', { fault: notAsBefore(name, found) })
  return update(state, name, 'failed', { after: found })
}

/** Its switch never began, or was undone: it takes its place in its stage again. */
export function queueAnew(
  state: RunState,
  host: string,
  phase: 'waiting' | 'prepared',
  after: HostFacts | undefined = undefined,
): void {
  const record = state.hosts.get(host)
  if (!record) return
  state.pending[record.stage]?.add(host)
  const touched = record.touched && phase !== 'prepared'
  update(state, host, phase, { touched, after, fault: undefined })
}

/** Heard of from a host alone: whoever went back is brought forward, too, and nobody goes back any more. */
function learnDecided(state: RunState): void {
  if (state.decided) return
  state.decided = true
  state.rollingBack = undefined
  state.interrupted = undefined
  state.pausedMs = undefined
  for (const phase of ['failed', 'reverted', 'unreachable', 'refused'] as const) {
    for (const host of [...(state.groups.get(phase) ?? [])]) {
      state.failures.delete(host)
      queueAnew(state, host, 'waiting')
    }
  }
}

function lose(state: RunState, host: string, why: string): void {
  state.failures.add(host)
  dequeue(state, host)
  const lost = fault('SWITCH_FAILED', `the controller of the run was gone: ${why}`, { host })
  update(state, host, 'failing', { fault: lost, touched: true })
}

function gone(host: string) {
  return fault(
    'LEASE_LOST',
    'the controller of the run was gone, and its lease ran out: it went back by itself',
    {
      host,
    },
  )
}
