/** Leaving a run before its end: the leases decide then. What can be said of it is what its entries prove. */
import { type ExitCode, exitCode } from '../core/exit-code.ts'
import { waysOn } from '../report/steering-text.ts'
import type { RunState } from '../run/state.ts'
import type { Signal } from './signals.ts'

/** 130 or 143 before anything was begun, 2 when every host is proven back, else 3. */
export function exitOnLeaving(state: RunState, signal: Signal): ExitCode {
  if (state.exit !== undefined) return state.exit
  const hosts = [...state.hosts.values()]
  if (state.decided) return exitCode.needsHuman
  if (hosts.every(host => !host.touched && untouched.has(host.phase))) {
    return signal === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted
  }
  const isBack = hosts.every(host => (host.touched ? back : released).has(host.phase))
  return isBack ? exitCode.rolledBack : exitCode.needsHuman
}

const untouched: ReadonlySet<string> = new Set([
  'waiting',
  'inspecting',
  'inspected',
  'current',
  'unreachable',
  'refused',
  'left-out',
])
const back: ReadonlySet<string> = new Set(['reverted', 'failed'])
/** Also a host that was only prepared gives up its lock when it is released. */
const released: ReadonlySet<string> = new Set([...untouched, ...back])

export function wordsOnLeaving(state: RunState, run: string, exit: ExitCode): string[] {
  if (exit !== exitCode.needsHuman) return ['leaving at once: nothing is left changed on any host']
  if (state.decided) {
    return [
      'leaving at once: the run is decided; a host that has heard of it commits, the others go back when their lease ends',
      `next: ${waysOn(run, true).on}`,
    ]
  }
  return [
    'leaving at once: every host goes back by itself when its lease ends',
    `next: \`handover rollback ${run}\` takes them back now and proves it, \`handover resume ${run}\` goes on with the run`,
  ]
}
