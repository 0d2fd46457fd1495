/**
 * What a run can do to one host. Two implementations: a real daemon behind SSH, and a simulated one.
 *
 * Contract of every method:
 * - it resolves with what was observed; it throws only for faults that nobody can act on (a bug);
 * - `unknown` means the connection was lost after the request was sent: the effect may or may not have happened;
 * - every method may be called again: phases that are already done answer as done, revert and commit are idempotent;
 * - of several controllers of one run the host obeys the one with the highest epoch that has changed or renewed anything
 *   there: to the others it answers FENCED and does nothing, however often they connect anew;
 * - a host that has gone back may be prepared again, but only by a controller of a higher epoch than the one that prepared it;
 * - after `unknown` the next call connects anew and looks before it acts.
 */
import type { Duplex } from 'node:stream'
import type { Fault } from '../core/fault.ts'
import type { RunStand } from '../core/run-stand.ts'

/** What the user lets pass that is refused otherwise. */
export type Allowance = 'config' | 'build'

export interface DaemonSpec {
  readonly driver: 'nginx'
  /** Absolute; symbolic links are resolved on the host. */
  readonly binary: string
  readonly pidFile: string
  /** Null: the host's default state directory. */
  readonly stateDir: string | null
  readonly drainTimeoutMs: number
  readonly startTimeoutMs: number
  readonly onDrainLimit: 'terminate' | 'leave'
  /** The first lease, from the end of the preparation. */
  readonly leaseMs: number
  readonly allow: readonly Allowance[]
}

export interface ArtifactRef {
  /** On the controller; null: only the backups of the host have it. */
  readonly path: string | null
  readonly sha256: string
  /** The only binary it may be put in place of; any if not given. */
  readonly replaces?: string
  /** Can a host whose `uname -m` is this start it? */
  runsOn(machine: string): boolean
}

/** What runs and what is on disk, as the host itself found it. */
export interface Found {
  readonly version: string
  /** Of the file at the path, which the master runs when `runsPath` is true. */
  readonly sha256: string
  readonly runsPath: boolean
  /** Of the master in the pid file; 0 when there is none. */
  readonly pid: number
  readonly workers: number
  /** Masters that run the old or the new binary; more than one means an unfinished upgrade. */
  readonly masters: number
  readonly draining: number
}

export interface Inspection extends Found {
  /** What is at the path; another thing than what runs while an upgrade is under way or was left unfinished. */
  readonly onDisk: { readonly version: string; readonly sha256: string }
  /** The wanted binary runs and is on disk already. */
  readonly current: boolean
  readonly path: string
  /** The same for two names of one machine and binary. */
  readonly identity: string
  /** How names are exchanged there; `link` leaves "(deleted)" in /proc/PID/exe while parked. */
  readonly exchange: string
  /** The run lock; null when nobody has it. */
  readonly lock: HostLock | null
  /** Worth knowing before a change, for people; they refuse nothing. */
  readonly notes: readonly string[]
  /** What became of the last run there, if nobody led it to its end. */
  readonly lastWord: string | null
  /** The last run that has prepared this host, whoever led it; null when none has. */
  readonly last: LastRun | null
}

export interface LastRun {
  readonly run: string
  /** How far it has come there, an outcome that was claimed considered: `decided` before that stands in the record. */
  readonly state: string
  /** Of the latest controller of it that was heard of there. */
  readonly epoch: number
  readonly oldSha: string
  readonly newSha: string
  /** It still has the lock, alive or not. */
  readonly isLocked: boolean
}

export interface HostLock {
  readonly run: string
  /** As recorded there: user, controller, run, since when. */
  readonly owner: string
  /** Its program or its dead-man is there, or its lease runs. */
  readonly isAlive: boolean
  /** Until the host goes back by itself, in milliseconds; null when it has no lease. */
  readonly leaseMs: number | null
  /** How far that run has come there: `switched`, `decided`, ...; empty when it has only the lock. */
  readonly state: string
}

/** `pass` with what was seen, `refused` with every reason why not, `unreachable` when it could not be asked. */
export type InspectOutcome =
  | { readonly kind: 'pass'; readonly inspection: Inspection }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[]; readonly inspection: Inspection }
  | { readonly kind: 'unreachable'; readonly fault: Fault }

export type PrepareOutcome =
  | { readonly kind: 'prepared'; readonly version: string }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type SwitchOutcome =
  | { readonly kind: 'switched' }
  /** It failed, and the host has proven that old serves and is on disk. */
  | { readonly kind: 'reverted'; readonly fault: Fault; readonly found: Found }
  /** It failed or was given up half-way; revert is needed. */
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type LookOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type CommitOutcome =
  | {
      readonly kind: 'committed'
      readonly found: Found
      /** Old processes that were left to drain (`leave`). */
      readonly oldLeft: number
      /** Connections cut at the drain limit (`terminate`). */
      readonly cut: number
    }
  | { readonly kind: 'held'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type RevertOutcome =
  /** `reverse`: the old master could not come back, so the new one was upgraded to the old binary. */
  | { readonly kind: 'reverted'; readonly found: Found; readonly how?: 'in-place' | 'reverse' }
  | { readonly kind: 'stuck'; readonly fault: Fault }
  /** The host has recorded the decision: it only goes forward. */
  | { readonly kind: 'decided'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type StandOutcome =
  /** `held`: something of the run is still at work there, so this may change without being asked for; ask again. */
  | { readonly kind: 'stand'; readonly stand: RunStand; readonly held: boolean; readonly found: Found }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export type BreakOutcome =
  /** Nobody has it any more; `state` is the end of the run that had it, or `none`. */
  | { readonly kind: 'free'; readonly state: string }
  | { readonly kind: 'refused'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly fault: Fault }

export interface HostHands {
  readonly name: string
  inspect(): Promise<InspectOutcome>
  prepare(): Promise<PrepareOutcome>
  switchOver(): Promise<SwitchOutcome>
  /** From prepared until the commit: the host waits that long for the next one. Passes if it is as it was left. */
  renew(leaseMs: number): Promise<LookOutcome>
  precommit(leaseMs: number): Promise<LookOutcome>
  commit(): Promise<CommitOutcome>
  /** From any state of this run, also before anything was switched. Makes a switch that is still waiting give up. */
  revert(): Promise<RevertOutcome>
  /**
   * Where this run stands there, once nothing of it is at work any more (waits for that, 10 s at most). Changes nothing and
   * is answered to every controller; so it keeps nobody out: ask it after a request that does, such as `renew`, or look
   * again before acting on it.
   */
  stand(): Promise<StandOutcome>
  /** Brings the run that has the lock to its end there, then frees it. A living one only by force. */
  breakLock(force: boolean): Promise<BreakOutcome>
  /** Runs a health command on the host. */
  command(argv: readonly string[], timeoutMs: number): Promise<{ exitCode: number; output: string }>
  /** A byte stream to an address as the host sees it. */
  tunnel(host: string, port: number): Promise<Duplex>
  close(): Promise<void>
}
