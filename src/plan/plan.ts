/**
 * A plan: playbook, artifact and hosts resolved, frozen and fingerprinted. Plain data that survives JSON;
 * whoever carries it out looks nowhere else.
 */
import type { Artifact } from '../playbook/artifact.ts'
import type { Playbook, SecretSource, StageHosts, Vantage } from '../playbook/playbook.ts'
import type { PlannedWindows } from './windows.ts'

/** A host of the run as the inventory knows it. */
export interface PlanHost {
  readonly name: string
  /** What is connected to: a name or an IP address. */
  readonly address: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly knownHostsFiles: readonly string[]
  /** From `ansible_become`; undefined when the inventory does not say. */
  readonly become?: boolean | undefined
  /** From `ansible_timeout`; undefined when the inventory does not say. */
  readonly connectTimeoutMs?: number | undefined
  /** Plain texts of what the inventory has encrypted; it grows while variables are read. */
  readonly decrypted?: ReadonlySet<string>
  readonly vars: Readonly<Record<string, unknown>>
}

/** `secrets` are the names for which `{{ name }}` stands in its texts; without them nothing there stands for anything. */
export type PlannedProbe =
  | {
      readonly kind: 'http'
      readonly url: string
      readonly status: number
      readonly body: string | null
      readonly from: Vantage
      readonly secrets?: readonly string[]
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly from: Vantage }
  /** From the controller a relative program has been made absolute, from the playbook's directory. */
  | {
      readonly kind: 'command'
      readonly run: readonly string[]
      readonly from: Vantage
      readonly secrets?: readonly string[]
    }

export interface PlannedCheck {
  readonly name: string
  readonly probe: PlannedProbe
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthy: number
  readonly unhealthy: number
  readonly deadlineMs: number
}

export interface PlannedHandover {
  readonly driver: 'nginx'
  readonly binary: string
  readonly pidFile: string
  readonly drainTimeoutMs: number
  readonly startTimeoutMs: number
  /** Null lets the host choose. */
  readonly stateDir: string | null
  /** What is let pass that is refused otherwise. */
  readonly allow: readonly ('config' | 'build')[]
}

/** A binary as a run has found it at the path of a host. */
export interface KnownBinary {
  readonly version: string
  readonly sha256: string
}

/** What a host gets back from its own backups, and the only binary it may be put in place of. */
export interface PlannedRestore {
  readonly wanted: KnownBinary
  readonly replaces: KnownBinary
}

export interface PlannedHost {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly knownHostsFiles: readonly string[]
  readonly become: boolean
  /** Null: what the command line says. */
  readonly connectTimeoutMs: number | null
  /** Index into `stages`. */
  readonly stage: number
  /** Only in a plan that undoes a run. */
  readonly restore?: PlannedRestore
  readonly handover: PlannedHandover
  readonly health: readonly PlannedCheck[]
}

export interface PlannedStage {
  readonly name: string
  /** Names, in the order of the run. */
  readonly hosts: readonly string[]
  /** What the playbook says of its hosts. */
  readonly selects: StageHosts
  /** How many hosts that would be if no earlier stage had taken any of them. */
  readonly asked: number
  /** Most hosts being changed at one time in this stage. */
  readonly concurrency: number
  readonly bakeMs: number
  /** What must pass before the first of its hosts switches. */
  readonly gate: 'approval' | null
  /** How long that is waited for before the run goes back, in milliseconds. */
  readonly gateMs: number
}

export interface Plan {
  readonly version: 1
  readonly name: string
  /** sha256 over the canonical JSON of everything else. */
  readonly fingerprint: string
  /** The run that is undone. */
  readonly undoes?: string
  /** Null in a plan that undoes a run: there every host has its own `restore`. */
  readonly artifact: Artifact | null
  /** In the order in which they are taken. */
  readonly hosts: readonly PlannedHost[]
  readonly order: Playbook['order']
  /** Of `order: shuffle`; null for the others. */
  readonly seed: number | null
  readonly stages: readonly PlannedStage[]
  /** Names of the stages that the playbook has and that nobody is left for. */
  readonly emptyStages: readonly string[]
  readonly concurrency: number
  /** Hosts that may fail after the start; always fewer than there are, for one has to come through. */
  readonly maxFailed: number
  /** Hosts that may be left out because they do not answer at the start. */
  readonly maxUnreachable: number
  readonly rollbackConcurrency: number
  readonly onDrainLimit: 'terminate' | 'leave'
  /** A host goes back by itself this long after the controller was last heard. */
  readonly leaseMs: number
  readonly commit: 'fleet'
  /** Where the texts of those secrets are that its checks name; never the texts. */
  readonly secrets?: Readonly<Record<string, SecretSource>>
  /** Not there: hosts may start at any time. */
  readonly windows?: PlannedWindows
}
