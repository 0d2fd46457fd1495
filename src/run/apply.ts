/** From entries to the state of a run: nothing else changes it. */
import type { Fault } from '../core/fault.ts'
import type { EntryBody } from '../journal/entry.ts'
import { applyFound, applyResumed, queueAnew } from './apply-resumed.ts'
import { dequeue, type HostPhase, type RunState, update } from './state.ts'

/** A host whose part in the run has ended, or that is going back: later news of an earlier phase is too late. */
const past: ReadonlySet<HostPhase> = new Set(['reverting', 'reverted', 'failed', 'in-doubt', 'committed'])

const participants: ReadonlySet<HostPhase> = new Set(['precommitted', 'committing'])

export function apply(state: RunState, entry: EntryBody): void {
  switch (entry.type) {
    case 'host.inspect.begun':
      return update(state, entry.host, 'inspecting')
    case 'host.inspected':
      update(state, entry.host, entry.current ? 'current' : 'inspected', { before: entry.found })
      if (entry.current) dequeue(state, entry.host)
      return
    case 'host.unreachable':
      if (state.decided) return failLate(state, entry.host, entry.fault)
      return update(state, entry.host, 'unreachable', { fault: entry.fault })
    case 'host.refused':
      if (state.decided) return failLate(state, entry.host, entry.faults[0])
      return update(state, entry.host, 'refused', { fault: entry.faults[0], refusals: entry.faults })
    case 'host.left_out':
      dequeue(state, entry.host)
      return update(state, entry.host, 'left-out', { fault: entry.fault })
    case 'host.prepare.begun':
      return update(state, entry.host, 'preparing', { begun: true })
    case 'host.prepared':
      return update(state, entry.host, 'prepared', { newVersion: entry.version, begun: true })
    case 'host.look.begun':
      return update(state, entry.host, 'looking')
    case 'host.found':
      return applyFound(state, entry)
    case 'gate.waiting':
      state.gate = 'waiting'
      return
    case 'gate.passed':
      state.gate = 'passed'
      return
    case 'stage.started':
      state.stageStep = 'rolling'
      return
    case 'host.switch.begun':
      dequeue(state, entry.host)
      return update(state, entry.host, 'switching', { touched: true, begun: true })
    case 'host.postponed':
      if (state.hosts.get(entry.host)?.phase !== 'switching') return
      return queueAnew(state, entry.host, 'prepared')
    case 'host.switched':
      return updateUnlessPast(state, entry.host, 'switched')
    case 'host.healthy':
      if (state.hosts.get(entry.host)?.phase !== 'switched') return
      return update(state, entry.host, 'healthy')
    case 'host.failed':
      return applyFailure(state, entry)
    case 'stage.baking':
      state.stageStep = 'baking'
      state.bakes++
      state.bakeMs = entry.ms
      return
    case 'stage.baked':
      state.stageStep = 'baked'
      return
    case 'stage.finished':
      state.stage++
      state.stageStep = 'waiting'
      state.gate = 'shut'
      return
    case 'run.precommitting':
      state.precommitting = true
      return
    case 'host.precommit.begun':
      return update(state, entry.host, 'precommitting')
    case 'host.precommitted':
      // Of one that is judged anew meanwhile it says nothing any more.
      if (state.hosts.get(entry.host)?.phase !== 'precommitting') return
      return update(state, entry.host, 'precommitted')
    case 'run.decided':
      state.decided = true
      state.participants = new Set(entry.hosts)
      return
    case 'host.commit.begun':
      return update(state, entry.host, 'committing')
    case 'host.committed':
      state.heard = true
      return update(state, entry.host, 'committed', { after: entry.found })
    case 'run.interrupted':
      state.interrupted ??= entry.signal
      return
    case 'run.paused':
      state.pausedMs = entry.ms
      return
    case 'run.continued':
      state.pausedMs = undefined
      return
    case 'window.closed':
      state.window = entry.next
      state.windowOpensMs = entry.opens === null ? undefined : Date.parse(entry.opens)
      return
    case 'window.opened':
      state.window = 'open'
      return
    case 'run.woke':
      state.woke = 'yes'
      state.wakes++
      judgeAnew(state)
      return
    case 'run.looked_again':
      state.woke = 'no'
      return
    case 'run.resumed':
      return applyResumed(state)
    case 'run.rolling_back':
      if (state.decided) forgetDecision(state)
      state.rollingBack = entry.reason
      return
    case 'host.revert.begun':
      if (state.rollingBack) state.retried.add(entry.host)
      return update(state, entry.host, 'reverting')
    case 'host.reverted':
      if (comesForward(state, entry.host)) return queueAnew(state, entry.host, 'waiting', entry.found)
      return update(state, entry.host, state.failures.has(entry.host) ? 'failed' : 'reverted', {
        after: entry.found,
      })
    case 'host.in_doubt':
      // Not looked for in vain while going back or, decided, in the commit: there it is the end of that host.
      if (!state.decided && state.rollingBack === undefined) state.failures.add(entry.host)
      return update(state, entry.host, 'in-doubt', { fault: entry.fault })
    case 'run.finished':
      state.finished = entry.outcome
      state.exit = entry.exit
      return
    case 'run.started':
    case 'health.changed':
      return
  }
}

function applyFailure(state: RunState, entry: Extract<EntryBody, { type: 'host.failed' }>): void {
  const record = state.hosts.get(entry.host)
  if (!record || past.has(record.phase)) return
  // No participant goes back once the run is decided; what fails then is the commit's to report.
  if (state.decided && participants.has(record.phase)) return
  state.failures.add(entry.host)
  dequeue(state, entry.host)
  const { fault, found } = entry
  // Frozen participants are never fewer: after that even a failure proven old takes the fleet back.
  if (found && !state.precommitting) update(state, entry.host, 'failed', { fault, after: found })
  else update(state, entry.host, 'failing', { fault })
}

function updateUnlessPast(state: RunState, host: string, phase: HostPhase): void {
  const record = state.hosts.get(host)
  if (record && !past.has(record.phase) && record.phase !== 'failing') update(state, host, phase)
}

/** Nobody has watched: until its health was counted anew no host is healthy, and no bake has passed. */
function judgeAnew(state: RunState): void {
  if (state.decided) return
  for (const phase of ['healthy', 'precommitting', 'precommitted'] as const) {
    for (const host of [...(state.groups.get(phase) ?? [])]) update(state, host, 'switched')
  }
  if (state.stageStep === 'baking' || state.stageStep === 'baked') state.stageStep = 'rolling'
}

/** It was on its way back when another host was found to have heard of the decision. */
function comesForward(state: RunState, host: string): boolean {
  return state.decided && !state.journalLost && !state.failures.has(host)
}

/** No host has heard of it, and all have gone back by themselves. */
function forgetDecision(state: RunState): void {
  state.decided = false
  for (const host of [...(state.groups.get('waiting') ?? [])]) {
    if (state.hosts.get(host)?.touched) update(state, host, 'reverted')
  }
}

/** Only who went back before it heard of the decision is prepared after it: it is proven old, and stays so. */
function failLate(state: RunState, host: string, fault: Fault | undefined): void {
  state.failures.add(host)
  dequeue(state, host)
  update(state, host, 'failed', { fault })
}
