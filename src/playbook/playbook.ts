/**
 * A playbook as it was written, checked and with its defaults filled in.
 * What may differ from host to host stays a `HostValue` and is resolved by the plan.
 */
import type { Place } from '../core/fault.ts'
import type { OnWindowClose, Window } from './windows.ts'

/** Variables by name; values are plain data from YAML or text from the command line. */
export type Vars = Readonly<Record<string, unknown>>

/** A whole number, or a whole percentage of the hosts in the run. */
export type Count =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number }

export type StageHosts =
  | Count
  | { readonly kind: 'rest' }
  | { readonly kind: 'pattern'; readonly value: string }

/** Something that was written once and may come out different on each host. */
export interface HostValue {
  /** For messages: `handover.binary`. */
  readonly key: string
  /** With its templates. */
  readonly source: string | boolean
  readonly place: Place
}

/** Where the text of a secret is: an environment variable of the controller, or the absolute path of a file there. */
export type SecretSource = { readonly env: string } | { readonly file: string }

export type Vantage = 'controller' | 'host'

export type Probe =
  | {
      readonly kind: 'http'
      readonly url: HostValue
      readonly status: number
      /** Text the answer must contain. */
      readonly body: HostValue | null
      readonly from: Vantage
    }
  | { readonly kind: 'tcp'; readonly address: HostValue; readonly from: Vantage }
  | { readonly kind: 'command'; readonly run: readonly HostValue[]; readonly from: Vantage }

export interface HealthCheck {
  readonly name: string
  readonly probe: Probe
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Passes in a row that make it healthy. */
  readonly healthy: number
  /** Failures in a row that make it fail. */
  readonly unhealthy: number
  /** Must be healthy within this after the switch. */
  readonly deadlineMs: number
}

export interface Stage {
  readonly name: string
  readonly hosts: StageHosts
  /** May only lower the concurrency of the run. */
  readonly concurrency: Count | null
  readonly bakeMs: number
  /** What must pass before the first of its hosts switches. */
  readonly gate: 'approval' | null
  /** How long a gate is waited for, also one that only the command line puts there. */
  readonly gateMs: number
  /** Where `hosts` is written. */
  readonly place: Place
  /** Where `concurrency` is written, or the stage when it is not. */
  readonly concurrencyPlace: Place
}

export interface Playbook {
  /** As it was named to `loadPlays`. */
  readonly file: string
  /** Where the play begins. */
  readonly place: Place
  readonly name: string
  /** An Ansible pattern. */
  readonly hosts: string
  readonly hostsPlace: Place
  /** Null when the playbook does not say. */
  readonly become: HostValue | null
  /** Those of its `vars_files` win over its own. */
  readonly vars: Vars
  /** Absolute. */
  readonly varsFiles: readonly string[]
  readonly extraVars: Vars
  /** By name; their texts are read when a run begins. */
  readonly secrets: Readonly<Record<string, SecretSource>>
  readonly artifact: {
    /** Absolute. */
    readonly path: string
    /** Lower case hex. */
    readonly sha256: string | null
    readonly pathPlace: Place
    readonly sha256Place: Place
  }
  readonly handover: {
    readonly driver: 'nginx'
    readonly binary: HostValue
    readonly pidFile: HostValue
    readonly drainTimeoutMs: number
    readonly startTimeoutMs: number
    readonly stateDir: HostValue | null
    /** The configuration may have been edited since it was loaded. */
    readonly allowConfigChange: boolean
    /** The new binary may have other compiled-in paths, or fewer modules. */
    readonly allowBuildChange: boolean
  }
  readonly concurrency: Count
  readonly maxFailed: Count
  readonly maxUnreachable: Count
  /** In which hosts are taken: `inventory` and `reverse` as the inventory has them, `sorted` by name. */
  readonly order: 'inventory' | 'sorted' | 'reverse' | 'shuffle'
  readonly onDrainLimit: 'terminate' | 'leave'
  /** A host goes back by itself this long after the controller was last heard. */
  readonly leaseMs: number
  readonly commit: 'fleet'
  readonly rollbackConcurrency: Count
  readonly health: readonly HealthCheck[]
  readonly stages: readonly Stage[]
  readonly stagesPlace: Place
  /** When hosts may start to switch; empty: at any time. */
  readonly windows: readonly Window[]
  /** The playbook where it has none. */
  readonly windowsPlace: Place
  readonly onWindowClose: OnWindowClose
}
