/** What a finished run says: one outcome, one exit code, one line a host. It must equal what a fresh look finds. */
import { type ExitCode, exitCode, exitCodeOf } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { EntryBody, HostEnd, HostSummary, RunOutcome } from '../journal/entry.ts'
import { type HostRecord, inPhase, type RunState } from './state.ts'

export function finishEntry(
  state: RunState,
  outcome: RunOutcome,
): Extract<EntryBody, { type: 'run.finished' }> {
  const hosts: Record<string, HostSummary> = Object.create(null)
  for (const record of state.hosts.values()) {
    hosts[record.name] = {
      end: endOf(record),
      before: record.before?.version ?? '',
      after: versionAfter(record),
      fault: record.fault ?? null,
    }
  }
  return {
    type: 'run.finished',
    exit: exitOf(state, outcome),
    outcome,
    summary: summaryOf(state, outcome),
    hosts,
  }
}

/** What was proven last; nothing is claimed of a host in doubt. */
function versionAfter({ phase, before, after }: HostRecord): string {
  if (phase === 'in-doubt') return after?.version ?? ''
  return (after ?? before)?.version ?? ''
}

function endOf({ phase, touched }: HostRecord): HostEnd {
  switch (phase) {
    case 'committed':
    case 'current':
    case 'in-doubt':
      return phase
    case 'left-out':
      return touched ? 'in-doubt' : 'left-out'
    case 'failed':
    case 'reverted':
      return touched ? 'reverted' : 'untouched'
    default:
      return touched ? 'in-doubt' : 'untouched'
  }
}

function exitOf(state: RunState, outcome: RunOutcome): ExitCode {
  switch (outcome) {
    case 'committed':
    case 'nothing-to-do':
      return exitCode.done
    case 'committed-with-failures':
      return exitCode.leftOut
    case 'rolled-back':
      return exitCode.rolledBack
    case 'in-doubt':
      return exitCode.needsHuman
    case 'interrupted':
      return state.interrupted === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted
    case 'refused':
      if (state.journalLost) return exitCode.unexpected
      if (isOutsideWindow(state)) return exitCode.outsideWindow
      // A host that does not answer before any change is 6, whatever its own fault would say; a lock wins over it.
      return exitCodeOf(refusals(state)) === exitCode.locked ? exitCode.locked : exitCode.refused
  }
}

/** Nothing else has kept it from its first switch. */
function isOutsideWindow(state: RunState): boolean {
  return state.window === 'rollback' && inPhase(state, 'refused', 'unreachable') === 0
}

function refusals(state: RunState): Fault[] {
  return [...state.hosts.values()].flatMap(record => record.refusals)
}

function summaryOf(state: RunState, outcome: RunOutcome): string {
  const all = plural(state.hosts.size, 'host')
  const committed = plural(inPhase(state, 'committed'), 'host')
  const missing = [
    state.failures.size > 0 ? `, ${plural(state.failures.size, 'host')} back on the old version` : '',
    inPhase(state, 'left-out') > 0 ? `, ${plural(inPhase(state, 'left-out'), 'host')} not reached` : '',
  ].join('')
  switch (outcome) {
    case 'committed':
      return `done: ${committed} committed`
    case 'committed-with-failures':
      return `done with hosts left out: ${committed} committed${missing}`
    case 'nothing-to-do':
      return `nothing to do: all of ${all} run the wanted binary already`
    case 'rolled-back':
      return `rolled back: every host is on the version it had before, in its processes and on disk (${state.rollingBack})`
    case 'refused':
      return `${isOutsideWindow(state) ? 'the maintenance window has closed' : 'refused'}: nothing was changed on any host`
    case 'interrupted':
      return 'interrupted before anything was changed'
    case 'in-doubt':
      return `a human is needed: ${plural(inPhase(state, 'in-doubt'), 'host')} in doubt${behind(state)}`
  }
}

/** Those that could not be brought forward after the decision. */
function behind(state: RunState): string {
  const left = inPhase(state, 'failed', 'reverted')
  return state.decided && left > 0 ? `, ${plural(left, 'host')} still on the old version` : ''
}
