/**
 * Random stories, in two files that run beside each other.
 * SIM_RUNS: how many (default 1000). SIM_SEED: only that one, told in full. SIM_FROM: the first seed.
 */
import { expect, it } from 'vitest'
import { storyOf } from './random-story.ts'
import { figures, report, search } from './search.ts'

const runs = Number(process.env.SIM_RUNS ?? 1000)
const from = Number(process.env.SIM_FROM ?? 1)
const only = process.env.SIM_SEED

/** @param part of two */
export function playRandomStories(part: 0 | 1): void {
  it(`hold every invariant (part ${part + 1} of 2)`, async () => {
    const started = Date.now()
    const tally = await search(only === undefined ? seeds(part) : part === 0 ? [storyOf(Number(only))] : [])
    console.log(`simulation: ${figures(tally)}; ${((Date.now() - started) / 1000).toFixed(1)} s`)
    expect(await report(tally)).toBe('')
  }, 3_600_000)
}

function* seeds(part: number) {
  for (let seed = from + part; seed < from + runs; seed += 2) yield storyOf(seed)
}
