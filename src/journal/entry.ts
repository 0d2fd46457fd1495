/**
 * The journal of one run: the append-only truth, and the event stream that every view reads.
 * Effects come in pairs: `*.begun` is durable before the effect, its end after it. A begin without an end is in-doubt.
 */
import type { ExitCode } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import type { RunStand } from '../core/run-stand.ts'
import type { PlannedWindows } from '../plan/windows.ts'

export interface StageInfo {
  readonly name: string
  readonly hosts: readonly string[]
  readonly concurrency: number
  readonly bakeMs: number
  /** What must pass before the first of its hosts switches, and how long that is waited for, in milliseconds. */
  readonly gate: 'approval' | null
  readonly gateMs: number
}

/** What runs and what is on disk on a host, as the host itself found it. */
export interface HostFacts {
  readonly version: string
  readonly sha256: string
  readonly runsPath: boolean
  readonly pid: number
  readonly workers: number
  readonly masters: number
  readonly draining: number
}

export type HostEnd = 'committed' | 'current' | 'reverted' | 'untouched' | 'left-out' | 'in-doubt'

export interface HostSummary {
  readonly end: HostEnd
  readonly before: string
  readonly after: string
  readonly fault: Fault | null
}

export type EntryBody =
  | {
      readonly type: 'run.started'
      readonly name: string
      readonly playbook: string
      readonly fingerprint: string
      /** Version of handover. */
      readonly tool: string
      readonly who: string
      readonly from: string
      readonly pid: number
      /** Start of that process in clock ticks since boot, with the boot id: tells it from a later one. */
      readonly identity: string
      /** The run that this one undoes. */
      readonly undoes?: string
      /** Null when a run is undone: every host gets back what it had. */
      readonly artifact: { readonly path: string; readonly sha256: string; readonly bytes: number } | null
      readonly stages: readonly StageInfo[]
    }
  /** Another controller goes on with the run. What was under way is not known, so every such host is looked at. */
  | {
      readonly type: 'run.resumed'
      readonly tool: string
      readonly who: string
      readonly from: string
      readonly pid: number
      readonly identity: string
      /** 2 for the second controller of the run, and so on: hosts refuse those with a lower number. */
      readonly epoch: number
      /** What is not as it was when the run began: files that were edited, for people. */
      readonly notes: readonly string[]
    }
  | { readonly type: 'host.inspect.begun'; readonly host: string }
  | {
      readonly type: 'host.inspected'
      readonly host: string
      readonly current: boolean
      readonly found: HostFacts
    }
  | { readonly type: 'host.unreachable'; readonly host: string; readonly fault: Fault }
  | { readonly type: 'host.refused'; readonly host: string; readonly faults: readonly Fault[] }
  | { readonly type: 'host.left_out'; readonly host: string; readonly fault: Fault }
  | { readonly type: 'host.prepare.begun'; readonly host: string }
  | { readonly type: 'host.prepared'; readonly host: string; readonly version: string }
  | { readonly type: 'host.look.begun'; readonly host: string }
  | {
      readonly type: 'host.found'
      readonly host: string
      readonly stand: RunStand
      readonly found: HostFacts
    }
  | {
      readonly type: 'gate.waiting'
      readonly stage: string
      readonly gate: 'approval'
      readonly ms: number
    }
  | { readonly type: 'gate.passed'; readonly stage: string; readonly gate: 'approval'; readonly by: string }
  | { readonly type: 'stage.started'; readonly stage: string }
  | { readonly type: 'host.switch.begun'; readonly host: string }
  | { readonly type: 'host.switched'; readonly host: string; readonly ms: number }
  /** Nothing was done to it: the window had closed by then. It takes its turn again. */
  | { readonly type: 'host.postponed'; readonly host: string }
  | {
      readonly type: 'health.changed'
      readonly host: string
      readonly check: string
      readonly verdict: 'pass' | 'fail'
      readonly detail: string
    }
  | { readonly type: 'host.healthy'; readonly host: string }
  /** With `found`, old is proven to serve and to be on disk, and nothing is left to undo. */
  | {
      readonly type: 'host.failed'
      readonly host: string
      readonly fault: Fault
      readonly found: HostFacts | null
    }
  | { readonly type: 'stage.baking'; readonly stage: string; readonly ms: number }
  | { readonly type: 'stage.baked'; readonly stage: string }
  | { readonly type: 'stage.finished'; readonly stage: string }
  | { readonly type: 'run.precommitting' }
  | { readonly type: 'host.precommit.begun'; readonly host: string }
  | { readonly type: 'host.precommitted'; readonly host: string }
  | { readonly type: 'run.decided'; readonly hosts: readonly string[] }
  | { readonly type: 'host.commit.begun'; readonly host: string }
  | {
      readonly type: 'host.committed'
      readonly host: string
      readonly found: HostFacts
      readonly oldLeft: number
      readonly cut: number
    }
  | {
      readonly type: 'run.interrupted'
      readonly signal: Interruption
      /** Who asked for it from another terminal. */
      readonly by?: string
    }
  /** Nothing more is switched until it is continued; for `ms` at most, then the run goes back. */
  | { readonly type: 'run.paused'; readonly by: string; readonly ms: number }
  | { readonly type: 'run.continued'; readonly by: string }
  /** No host starts to switch any more. Hosts in hand are finished, and then what `next` says, unless nobody is left to start. */
  | {
      readonly type: 'window.closed'
      readonly next: PlannedWindows['onClose']
      /** UTC, ISO 8601; null when that is more than two years away. */
      readonly opens: string | null
      /** Of the windows, for people. */
      readonly zone: string
    }
  /** The run has held, and goes on. */
  | { readonly type: 'window.opened' }
  /** The controller stood still for `ms`: what it knew of the hosts is old. */
  | { readonly type: 'run.woke'; readonly ms: number }
  /** Every host that has a lease was heard from since. */
  | { readonly type: 'run.looked_again' }
  | { readonly type: 'run.rolling_back'; readonly reason: string }
  | { readonly type: 'host.revert.begun'; readonly host: string }
  | {
      readonly type: 'host.reverted'
      readonly host: string
      readonly found: HostFacts
      readonly ms: number
      readonly how?: 'in-place' | 'reverse'
    }
  | { readonly type: 'host.in_doubt'; readonly host: string; readonly fault: Fault }
  | {
      readonly type: 'run.finished'
      readonly exit: ExitCode
      readonly outcome: RunOutcome
      readonly summary: string
      readonly hosts: Readonly<Record<string, HostSummary>>
    }

export type Interruption = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'abort'

export type RunOutcome =
  | 'committed'
  | 'committed-with-failures'
  | 'nothing-to-do'
  | 'rolled-back'
  | 'refused'
  | 'interrupted'
  | 'in-doubt'

export type Entry = EntryBody & {
  readonly v: 1
  readonly seq: number
  /** UTC, ISO 8601 with milliseconds. */
  readonly at: string
  readonly run: string
  /** Of the controller that wrote it. */
  readonly epoch: number
}

export type EntryType = EntryBody['type']
