/** What another controller makes of a run: everything that was under way is looked at before anything else is done. */
import { fault } from '../core/fault.ts'
import type { EntryBody, HostFacts } from '../journal/entry.ts'
import { dequeue, type HostPhase, type RunState, update } from './state.ts'

/** Nothing is looked for there. */
const settled: ReadonlySet<HostPhase> = new Set(['current', 'left-out'])
/** Proven by this very run, and nobody else has had them since. */
const proven: ReadonlySet<HostPhase> = new Set(['committed', 'reverted', 'failed'])

export function applyResumed(state: RunState): void {
  for (const [host, { phase }] of state.hosts) {
    if (settled.has(phase) || (proven.has(phase) && isStillProven(state, host, phase))) continue
    // Also where nothing was begun, as far as the journal knows: it may have lost its end.
    update(state, host, 'unsure', { fault: undefined, refusals: [] })
  }
  // Whoever waits, waits anew: nobody has watched the fleet meanwhile.
  if (state.stageStep === 'baking' || state.stageStep === 'baked') state.stageStep = 'rolling'
  if (state.gate === 'waiting') state.gate = 'shut'
  // Resuming is what a pause waits for.
  state.pausedMs = undefined
  state.woke = 'no'
  state.retried.clear()
  state.finished = undefined
  state.exit = undefined
  state.journalLost = false
}

/** With its end a run has given its locks back: others may have come. And who failed to come forward may try again. */
function isStillProven(state: RunState, host: string, phase: HostPhase): boolean {
  if (state.finished !== undefined) return false
  if (!state.decided || phase === 'committed') return true
  return !isParticipant(state, host)
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
  state.failures.delete(host)
  switch (stand) {
    case 'decided':
    case 'committed':
      // Whoever has heard of the decision proves that it was made. The commit is asked for once more: it tidies up.
      learnDecided(state)
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
