/** Which host belongs to which stage. Each stage takes further hosts; together they take every one. */
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { Count, Playbook, Stage } from '../playbook/playbook.ts'
import type { PlannedStage } from './plan.ts'

/** Names of the hosts an Ansible pattern matches; may throw HandoverError for a pattern that cannot be read. */
export type MatchHosts = (pattern: string) => readonly string[]

export interface StageInput {
  readonly playbook: Playbook
  /** In the order of the inventory, each once. */
  readonly names: readonly string[]
  readonly match: MatchHosts
  /** Most hosts changed at once over the whole run, as the playbook says. */
  readonly concurrency: number
  /** What the command line lowers it to. */
  readonly concurrencyCap: number
  readonly dropEmptyStages: boolean
  /** Every stage gets a gate. */
  readonly step: boolean
}

const shown = 10

export function divideIntoStages(input: StageInput): { stages: PlannedStage[]; faults: Fault[] } {
  const faults: Fault[] = []
  const stages: PlannedStage[] = []
  let left = input.names
  for (const stage of input.playbook.stages) {
    try {
      const hosts = takeHosts(stage, left, input)
      const taken = new Set(hosts)
      if (hosts.length === 0 && !mayBeEmpty(stage, left, input)) faults.push(emptyStage(stage, left))
      left = left.filter(name => !taken.has(name))
      const concurrency = stageConcurrency(stage, input)
      const { name, bakeMs } = stage
      if (hosts.length > 0) stages.push({ name, hosts, concurrency, bakeMs, ...gateOf(stage, input) })
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
      faults.push(...error.faults.map(one => ({ place: stage.place, ...one })))
    }
  }
  // The hosts of a stage that is itself at fault are not worth a second complaint.
  if (left.length > 0 && faults.length === 0) faults.push(uncovered(input.playbook, left))
  return { stages, faults }
}

/** One playbook serves fleets of every size: in a small one nobody may be left for the later stages. */
function mayBeEmpty({ hosts }: Stage, left: readonly string[], { dropEmptyStages }: StageInput): boolean {
  return dropEmptyStages || (left.length === 0 && hosts.kind !== 'pattern')
}

function takeHosts(
  { hosts }: Stage,
  left: readonly string[],
  { names, match }: StageInput,
): readonly string[] {
  if (hosts.kind === 'rest') return left
  if (hosts.kind !== 'pattern') return left.slice(0, countOf(hosts, names.length, 1))
  const matched = new Set(match(hosts.value))
  return left.filter(name => matched.has(name))
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

function emptyStage({ name, hosts, place }: Stage, left: readonly string[]): Fault {
  const wanted = hosts.kind === 'pattern' ? JSON.stringify(hosts.value) : 'it'
  const reason = `${wanted} matches none of the ${plural(left.length, 'host')} still left`
  const hint = 'remove the stage, or let earlier stages take fewer hosts'
  return fault('PLAN_EMPTY_STAGE', `stage ${JSON.stringify(name)} gets no host: ${reason}`, { place, hint })
}

function uncovered(playbook: Playbook, left: readonly string[]): Fault {
  const more = left.length > shown ? ` and ${left.length - shown} more` : ''
  const verb = left.length === 1 ? 'is' : 'are'
  const message = `${plural(left.length, 'host')} ${verb} in no stage: ${left.slice(0, shown).join(', ')}${more}`
  const hint = 'add a last stage that takes all others: { name: rest, hosts: rest }'
  return fault('PLAN_UNCOVERED_HOSTS', message, { place: playbook.stagesPlace, hint })
}
