/** From playbook, hosts and artifact to a plan. Pure: no files, no clock, no network. */
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { Artifact } from '../playbook/artifact.ts'
import type { Playbook } from '../playbook/playbook.ts'
import type { Template } from '../playbook/template-syntax.ts'
import { fingerprintOf } from './fingerprint.ts'
import { resolveHost } from './host.ts'
import { inOrder } from './order.ts'
import type { Plan, PlanHost, PlannedCheck } from './plan.ts'
import { countOf, divideIntoStages, type MatchHosts } from './stages.ts'

export interface PlanOptions {
  /** `--concurrency`: may only lower what the playbook says. */
  readonly concurrencyCap?: number | undefined
  /** `-b`: used when neither the inventory nor the playbook says. */
  readonly become?: boolean | undefined
  /** With `--limit` a stage may well be left without hosts: drop it instead of refusing. */
  readonly dropEmptyStages?: boolean | undefined
  /** `--step`: a gate before every stage, the first one included. */
  readonly step?: boolean | undefined
  /** Of `order: shuffle`, which cannot be planned without. */
  readonly seed?: number | undefined
}

/**
 * @param meant the hosts of the run (the playbook's pattern and `--limit` already applied), in inventory order, each once.
 * @param match hosts an Ansible pattern matches, by name; names outside the run are ignored.
 * @throws HandoverError with every fault found: PLAN_*, PLAYBOOK_*, and what `match` throws.
 */
export function planRollout(
  playbook: Playbook,
  meant: readonly PlanHost[],
  match: MatchHosts,
  artifact: Artifact,
  options: PlanOptions = {},
): Plan {
  if (meant.length === 0) throw noHosts(playbook)
  const { order } = playbook
  const seed = order === 'shuffle' ? (options.seed ?? null) : null
  const hosts = inOrder(meant, order, seed)
  const size = hosts.length
  const concurrency = countOf(playbook.concurrency, size, 1)
  const concurrencyCap = Math.max(1, options.concurrencyCap ?? concurrency)
  const { stages, emptyStages, faults } = divideIntoStages({
    playbook,
    names: hosts.map(host => host.name),
    match,
    seed,
    concurrency,
    concurrencyCap,
    dropEmptyStages: options.dropEmptyStages ?? false,
    step: options.step ?? false,
  })
  const stageOf = new Map(stages.flatMap((stage, index) => stage.hosts.map(name => [name, index] as const)))
  const parsed = new Map<string, Template>()
  const become = options.become ?? false
  const resolved = hosts.map(host =>
    resolveHost(host, stageOf.get(host.name) ?? 0, { playbook, become, parsed }),
  )
  faults.push(...together(resolved.flatMap(one => one.faults)))
  if (faults.length > 0) throw new HandoverError(faults)
  const plan = {
    version: 1 as const,
    name: playbook.name,
    artifact: { path: artifact.path, sha256: artifact.sha256, bytes: artifact.bytes },
    hosts: resolved.map(one => one.planned),
    order,
    seed,
    stages,
    emptyStages,
    concurrency: Math.min(concurrency, concurrencyCap),
    // Where every host may fail nothing ever takes the fleet back, and nobody is left to commit.
    maxFailed: Math.min(countOf(playbook.maxFailed, size, 0), size - 1),
    maxUnreachable: countOf(playbook.maxUnreachable, size, 0),
    rollbackConcurrency: countOf(playbook.rollbackConcurrency, size, 1),
    onDrainLimit: playbook.onDrainLimit,
    leaseMs: playbook.leaseMs,
    commit: playbook.commit,
    ...namedSecrets(
      playbook,
      resolved.flatMap(one => one.planned.health),
    ),
    ...windowsOf(playbook),
  }
  return { ...plan, fingerprint: fingerprintOf(plan) }
}

/** Those that a check names: the others are never read. */
function namedSecrets({ secrets }: Playbook, checks: readonly PlannedCheck[]): Pick<Plan, 'secrets'> {
  const names = new Set(checks.flatMap(({ probe }) => ('secrets' in probe ? (probe.secrets ?? []) : [])))
  if (names.size === 0) return {}
  return { secrets: Object.fromEntries(Object.entries(secrets).filter(([name]) => names.has(name))) }
}

function windowsOf({ windows: rules, onWindowClose: onClose }: Playbook): Pick<Plan, 'windows'> {
  return rules.length === 0 ? {} : { windows: { rules, onClose } }
}

function noHosts(playbook: Playbook): HandoverError {
  const message = `no host matches ${JSON.stringify(playbook.hosts)}`
  const hint = 'check the pattern, the inventory and --limit'
  return new HandoverError(fault('PLAN_NO_HOSTS', message, { place: playbook.hostsPlace, hint }))
}

/** One mistake in the playbook fails on every host: say it once, with the first host and how many more. */
function together(faults: readonly Fault[]): Fault[] {
  const groups = new Map<string, Fault[]>()
  for (const one of faults) {
    const message = one.host === undefined ? one.message : withoutName(one.message, one.host)
    const key = `${one.code} ${one.place?.line}:${one.place?.column} ${message}`
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return [...groups.values()].map(group => {
    const [first, ...others] = group as [Fault, ...Fault[]]
    if (others.length === 0) return first
    return { ...first, message: `${first.message} (the same on ${plural(others.length, 'other host')})` }
  })
}

/** A template that names its host makes a text of its own for each, and is one mistake all the same. */
function withoutName(message: string, host: string): string {
  const [short = host] = host.split('.')
  const names = [host, short].map(name => name.replace(/[^\w-]/g, '\\$&')).join('|')
  return message.replace(new RegExp(`(?<![\\w-])(?:${names})(?![\\w-])`, 'g'), '')
}
