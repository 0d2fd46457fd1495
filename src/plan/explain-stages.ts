/** The stages of a plan in words: who, why these, how fast, how long. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import type { Estimate, StageEstimate } from './estimate.ts'
import { namesText } from './names.ts'
import type { Plan, PlannedStage } from './plan.ts'

const orders: Readonly<Record<Plan['order'], string>> = {
  inventory: 'inventory order',
  reverse: 'reverse inventory order',
  sorted: 'order of their names',
  shuffle: 'shuffled order',
}

export function orderLines({ order, seed, undoes }: Plan): string[] {
  if (undoes !== undefined) return []
  if (order === 'shuffle')
    return [`order: shuffled with seed ${seed}; --seed ${seed} gives the same order again`]
  const why = order === 'inventory' ? 'the playbook has no other order' : `order: ${order}`
  return [`order: ${orders[order]} (${why})`]
}

export function stageLines(plan: Plan, estimate: Estimate): string[] {
  const before = plan.stages.map((_, index) =>
    plan.stages.slice(0, index).reduce((sum, { hosts }) => sum + hosts.length, 0),
  )
  return [
    'stages, one after the other:',
    ...plan.stages.flatMap((stage, index) => {
      const bounds = estimate.stages[index]
      return bounds ? oneStage(plan, stage, index, before[index] ?? 0, bounds, estimate) : []
    }),
    ...plan.emptyStages.map(name => `  (${name}: nobody is left for it, so it is passed over)`),
  ]
}

function oneStage(
  plan: Plan,
  stage: PlannedStage,
  index: number,
  before: number,
  bounds: StageEstimate,
  { hostLeastMs }: Estimate,
): string[] {
  const { name, hosts, gate, gateMs, bakeMs } = stage
  const wait = `for \`handover approve RUN\`, up to ${formatDuration(gateMs)}; without it every host goes back`
  return [
    `  ${index + 1}. ${name}: ${hosts.length} of ${plural(plan.hosts.length, 'host')}: ${namesText(hosts)}`,
    ...(gate === null ? [] : [`       waits:  ${wait}`]),
    ...(plan.undoes === undefined ? [`       why:    ${whyThese(plan, stage, before)}`] : []),
    `       pace:   ${pace(hosts.length, bounds)}`,
    ...(bakeMs > 0
      ? [`       then:   watched for ${formatDuration(bakeMs)} before anything else is switched`]
      : []),
    `       takes:  at least ${leastText(stage, bounds, hostLeastMs)}`,
  ]
}

function whyThese(plan: Plan, stage: PlannedStage, before: number): string {
  const { selects, asked, hosts } = stage
  const size = plan.hosts.length
  const place = before === 0 ? 'first' : 'next'
  const order = orders[plan.order]
  const short = asked > hosts.length
  const kept = keepsOne(plan, stage) ? '; later stages with a pattern keep one host each' : ''
  switch (selects.kind) {
    case 'rest':
      return `hosts: rest takes everybody ${before === 0 ? 'there is' : 'that earlier stages left'}`
    case 'count':
      return short
        ? `hosts: ${selects.value}, and only ${hosts.length} of ${size} ${hosts.length === 1 ? 'is' : 'are'} left, in ${order}`
        : `hosts: ${selects.value} takes the ${place} ${asked === 1 ? 'one' : asked} of ${size} in ${order}${kept}`
    case 'percent': {
      const exact = (size * selects.value) / 100
      const rounding = exact === asked ? '' : exact < 1 ? ', at least 1' : ', rounded down'
      const but = short ? `, and only ${hosts.length} ${hosts.length === 1 ? 'is' : 'are'} left` : ''
      return `hosts: ${selects.value}% of ${size} = ${number(exact)}${rounding}${rounding === '' ? '' : ` to ${asked}`}; the ${place} ${asked === 1 ? 'one' : asked} in ${order}${but || kept}`
    }
    case 'pattern': {
      const others = short ? `; ${asked - hosts.length} more of what it matches went to earlier stages` : ''
      return `hosts: ${selects.value} matches ${hosts.length === 1 ? 'it' : 'them'}, in ${order}${others}`
    }
  }
}

function keepsOne({ order, stages }: Plan, stage: PlannedStage): boolean {
  const later = stages.slice(stages.indexOf(stage) + 1)
  return order === 'shuffle' && later.some(({ selects }) => selects.kind === 'pattern')
}

function number(value: number): string {
  return value.toFixed(2).replace(/\.?0+$/, '')
}

/** A sliding window, no batches: nobody waits for the slowest of a batch. */
function pace(hosts: number, { mostAtOnce }: StageEstimate): string {
  if (hosts === 1) return 'one host'
  if (mostAtOnce === 1) return 'one at a time; the next one starts when it is healthy'
  if (mostAtOnce === hosts) return `${hosts === 2 ? 'both' : `all ${hosts}`} at once`
  return `at most ${mostAtOnce} at once; as soon as one is healthy the next one starts`
}

function leastText({ bakeMs }: PlannedStage, { turns, leastMs }: StageEstimate, hostMs: number): string {
  const parts = [
    ...(hostMs > 0 ? [`${turns > 1 ? `${turns} x ` : ''}${formatDuration(hostMs)} until healthy`] : []),
    ...(bakeMs > 0 ? [`${formatDuration(bakeMs)} watched`] : []),
  ]
  if (parts.length === 0) return 'as long as the switches take'
  const sum = parts.length > 1 || turns > 1 ? ` = ${formatDuration(leastMs)}` : ''
  return `${parts.join(' + ')}${sum}`
}
