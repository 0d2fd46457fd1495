/** From a story that violates something to a small one that still violates the same: fewer faults, fewer hosts, plainer ones. */
import { play } from './play.ts'
import type { Story } from './story.ts'

const mostPlays = 150

/** @returns the smallest story found. */
export async function shrink(story: Story, violation: string): Promise<Story> {
  const wanted = kindOf(violation)
  let [best, plays] = [story, 0]
  const isStillSo = async (smaller: Story) => {
    plays++
    const { violations } = await play(smaller)
    return violations.some(one => kindOf(one) === wanted)
  }
  for (;;) {
    let isSmaller = false
    for (const smaller of smallerOnes(best)) {
      if (plays >= mostPlays) return best
      if (!(await isStillSo(smaller))) continue
      best = smaller
      isSmaller = true
      break
    }
    if (!isSmaller) return best
  }
}

/** `invariant 10` is the same with any host and any detail. */
function kindOf(violation: string): string {
  return violation.split(':')[0] ?? violation
}

function* smallerOnes(story: Story): Generator<Story> {
  for (const strike of story.strikes) yield { ...story, strikes: story.strikes.filter(one => one !== strike) }
  if (story.hosts.length > 1) for (const { name } of story.hosts) yield without(story, name)
  for (const [index, traits] of story.hosts.entries()) {
    const plain = { ...traits, qualities: {}, rate: 1, slowness: 1, clients: [], workers: 2 }
    if (JSON.stringify(plain) !== JSON.stringify(traits))
      yield { ...story, hosts: story.hosts.with(index, plain) }
  }
  if (story.hasChecks) yield { ...story, hasChecks: false }
  if (story.limits.stages.length > 1) yield inOneStage(story)
}

function without(story: Story, host: string): Story {
  const stages = story.limits.stages
    .map(stage => ({ ...stage, hosts: stage.hosts.filter(name => name !== host) }))
    .filter(({ hosts }) => hosts.length > 0)
  const strikes = story.strikes.flatMap(one => {
    const { what } = one
    if ('host' in what) return what.host === host ? [] : [one]
    if (what.kind !== 'partition') return [one]
    const hosts = what.hosts.filter(name => name !== host)
    return hosts.length > 0 ? [{ ...one, what: { ...what, hosts } }] : []
  })
  const hosts = story.hosts.filter(({ name }) => name !== host)
  return { ...story, hosts, strikes, limits: { ...story.limits, stages } }
}

function inOneStage(story: Story): Story {
  const [first] = story.limits.stages
  if (!first) return story
  const hosts = story.hosts.map(({ name }) => name)
  const stage = { ...first, hosts, concurrency: hosts.length, gate: null, gateMs: 0 }
  return { ...story, limits: { ...story.limits, stages: [stage] } }
}
