/** What another controller makes of a run: everything that was under way is looked at before anything else is done. */
import { fault } from '../core/fault.ts'
import type { EntryBody, HostFacts } from '../journal/entry.ts'
import { dequeue, type HostPhase, type RunState, update } from './state.ts'

/** Nothing was changed there, so they are inspected anew. */
const untried: ReadonlySet<HostPhase> = new Set([
  'waiting',
  'inspecting',
  'inspected',
  'refused',
  'unreachable',
])
/** What has ended there was proven, and needs no other look. */
const proven: ReadonlySet<HostPhase> = new Set(['current', 'left-out', 'committed', 'reverted', 'failed'])

export function applyResumed(state: RunState): void {
  for (const [host, { phase }] of state.hosts) {
    if (untried.has(phase)) update(state, host, 'waiting', { fault: undefined, refusals: [] })
    else if (!proven.has(phase)) update(state, host, 'unsure')
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

export function applyFound(
  state: RunState,
  { host, stand, found }: Extract<EntryBody, { type: 'host.found' }>,
): void {
  const record = state.hosts.get(host)
  // A run that has turned around meanwhile does not wait for what is found.
  if (record?.phase !== 'looking') return
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
      if (state.decided) return queueAnew(state, host, 'waiting', found)
      if (!record.touched) return queueAnew(state, host, 'waiting')
      // Frozen participants are never fewer.
      if (state.precommitting) return lose(state, host, 'its lease ran out')
      state.failures.add(host)
      dequeue(state, host)
      return update(state, host, 'failed', { after: found, fault: gone(host) })
    case 'switching':
    case 'reverting':
      return lose(state, host, `it was left half-way (${stand})`)
  }
}

/** Its switch never began, or was undone: it takes its place in its stage again. */
function queueAnew(
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

/** Without the journal it is heard of from the hosts alone: whoever went back is brought forward, too. */
function learnDecided(state: RunState): void {
  if (state.decided) return
  state.decided = true
  for (const host of [...(state.groups.get('failed') ?? [])]) {
    state.failures.delete(host)
    queueAnew(state, host, 'waiting')
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
