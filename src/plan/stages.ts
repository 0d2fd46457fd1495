/** Which host belongs to which stage. Each stage takes further hosts; together they take every one. */
import { type Fault, fault, HandoverError, type Place } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { Count, Playbook, Stage } from '../playbook/playbook.ts'
import { namesText } from './names.ts'
import type { PlannedStage } from './plan.ts'

/** Names of the hosts an Ansible pattern matches; may throw HandoverError for one that cannot be read, with its place. */
export type MatchHosts = (pattern: string, place: Place) => readonly string[]

export interface StageInput {
  readonly playbook: Playbook
  /** In the order of the run, each once. */
  readonly names: readonly string[]
  readonly match: MatchHosts
  /** Most hosts changed at once over the whole run, as the playbook says. */
  readonly concurrency: number
  /** What the command line lowers it to. */
  readonly concurrencyCap: number
  readonly dropEmptyStages: boolean
  /** Of a shuffled order, null in any other. */
  readonly seed: number | null
  /** Every stage gets a gate. */
  readonly step: boolean
}

const shown = 10

export interface Division {
  readonly stages: readonly PlannedStage[]
  /** Names of the stages that nobody is left for. */
  readonly emptyStages: readonly string[]
  readonly faults: Fault[]
}

/** Linear in hosts times stages. */
export function divideIntoStages(input: StageInput): Division {
  const faults: Fault[] = []
  const stages: PlannedStage[] = []
  const emptyStages: string[] = []
  const matched = matchPatterns(input, faults)
  let left = input.names
  for (const stage of input.playbook.stages) {
    if (stage.hosts.kind === 'pattern' && !matched.has(stage)) continue
    try {
      const { hosts, asked } = takeHosts(stage, left, input, matched)
      const taken = new Set(hosts)
      if (hosts.length === 0 && !mayBeEmpty(stage, left, input)) {
        faults.push(emptyStage(stage, left, asked, input))
      }
      left = left.filter(name => !taken.has(name))
      const concurrency = stageConcurrency(stage, input)
      const { name, bakeMs, hosts: selects } = stage
      if (hosts.length === 0) emptyStages.push(name)
      else stages.push({ name, hosts, selects, asked, concurrency, bakeMs, ...gateOf(stage, input) })
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
      faults.push(...error.faults)
    }
  }
  // The hosts of a stage that is itself at fault are not worth a second complaint.
  if (left.length > 0 && faults.length === 0) faults.push(uncovered(input, left, stages))
  return { stages, emptyStages, faults }
}

type Matched = ReadonlyMap<Stage, ReadonlySet<string>>

/** What the stages with a pattern name, whoever takes it; one whose pattern cannot be read is missing, and a fault. */
function matchPatterns({ playbook, match }: StageInput, faults: Fault[]): Matched {
  const matched = new Map<Stage, ReadonlySet<string>>()
  for (const stage of playbook.stages) {
    const { hosts, place } = stage
    if (hosts.kind !== 'pattern') continue
    try {
      matched.set(stage, new Set(match(hosts.value, place)))
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
      faults.push(...error.faults.map(one => ({ place, ...one })))
    }
  }
  return matched
}

/** One playbook serves fleets of every size: in a small one nobody may be left for the later stages. */
function mayBeEmpty({ hosts }: Stage, left: readonly string[], { dropEmptyStages }: StageInput): boolean {
  return dropEmptyStages || (left.length === 0 && hosts.kind !== 'pattern')
}

/** `asked`: how many it would get if no earlier stage had taken any. */
function takeHosts(
  stage: Stage,
  left: readonly string[],
  { names, playbook, seed }: StageInput,
  matched: Matched,
): { readonly hosts: readonly string[]; readonly asked: number } {
  const { hosts } = stage
  if (hosts.kind === 'rest') return { hosts: left, asked: left.length }
  if (hosts.kind === 'pattern') {
    const named = matched.get(stage) ?? new Set()
    const asked = names.filter(name => named.has(name)).length
    return { hosts: left.filter(name => named.has(name)), asked }
  }
  const asked = countOf(hosts, names.length, 1)
  if (seed === null) return { hosts: left.slice(0, asked), asked }
  const later = playbook.stages.slice(playbook.stages.indexOf(stage) + 1)
  const kept = keptFor(
    later.flatMap(one => matched.get(one) ?? []),
    left,
  )
  const first = left.filter(name => !kept.has(name)).slice(0, asked)
  const more = left.filter(name => kept.has(name)).slice(0, asked - first.length)
  return { hosts: [...first, ...more], asked }
}

/**
 * Whether a playbook can be run must not hang on the seed: each later stage that names its hosts keeps one of them, the last
 * of the order. A host goes to the first stage that names it.
 */
function keptFor(later: readonly ReadonlySet<string>[], left: readonly string[]): Set<string> {
  const kept = new Map<ReadonlySet<string>, string>()
  for (const name of left) {
    const taker = later.find(named => named.has(name))
    if (taker) kept.set(taker, name)
  }
  return new Set(kept.values())
}

/** A percentage is of the whole run, rounded down. */
export function countOf(count: Count, hosts: number, least: 0 | 1): number {
  return count.kind === 'count' ? count.value : Math.max(least, Math.floor((hosts * count.value) / 100))
}

/** @throws HandoverError when the stage would raise the concurrency: it may only lower it. */
function stageConcurrency(stage: Stage, { names, concurrency, concurrencyCap }: StageInput): number {
  const own = stage.concurrency ? countOf(stage.concurrency, names.length, 1) : concurrency
  if (own <= concurrency) return Math.min(own, concurrencyCap)
  const message = `stage ${JSON.stringify(stage.name)}: its concurrency ${own} is more than the ${concurrency} of the whole run`
  const hint = 'a stage may only lower it: raise concurrency at the top level'
  throw new HandoverError(fault('PLAYBOOK_VALUE', message, { place: stage.concurrencyPlace, hint }))
}

function gateOf({ gate, gateMs }: Stage, { step }: StageInput): Pick<PlannedStage, 'gate' | 'gateMs'> {
  if (gate === null && !step) return { gate: null, gateMs: 0 }
  return { gate: gate ?? 'approval', gateMs }
}

/** Why nobody: its pattern matches no host of the run, or earlier stages have them all. */
function emptyStage(
  { name, hosts, place }: Stage,
  left: readonly string[],
  asked: number,
  { names, seed }: StageInput,
): Fault {
  const wanted = hosts.kind === 'pattern' ? JSON.stringify(hosts.value) : 'it'
  const reason =
    asked === 0
      ? `${wanted} matches none of the ${plural(names.length, 'host')} of the run`
      : `${wanted} matches ${plural(asked, 'host')}, and earlier stages have ${asked === 1 ? 'it' : 'all of them'}; ${plural(left.length, 'other host')} ${left.length === 1 ? 'is' : 'are'} left${seed === null ? '' : ` (order: shuffle, seed ${seed})`}`
  const hint =
    asked === 0
      ? 'correct the pattern, or remove the stage'
      : 'remove the stage, or let earlier stages take fewer hosts'
  return fault('PLAN_EMPTY_STAGE', `stage ${JSON.stringify(name)} gets no host: ${reason}`, { place, hint })
}

function uncovered(
  { playbook, names }: StageInput,
  left: readonly string[],
  stages: readonly PlannedStage[],
): Fault {
  const verb = left.length === 1 ? 'is' : 'are'
  const sizes = stages.map(({ name, hosts }) => `${name} takes ${hosts.length}`).join(', ')
  const message = `${plural(left.length, 'host')} of ${names.length} ${verb} in no stage: ${namesText(left, shown)} (${sizes})`
  const last = playbook.stages.at(-1)?.name
  const hint =
    last === 'rest'
      ? 'let the last stage take all others: { name: rest, hosts: rest }'
      : `add a last stage that takes all others: { name: ${isTaken(playbook, 'rest') ? 'others' : 'rest'}, hosts: rest }`
  return fault('PLAN_UNCOVERED_HOSTS', message, { place: playbook.stagesPlace, hint })
}

function isTaken({ stages }: Playbook, name: string): boolean {
  return stages.some(stage => stage.name === name)
}
