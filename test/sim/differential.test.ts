/** Random scripts of signals and accidents: the model and a real nginx must be the same after every action. */
import { afterAll, expect, test } from 'vitest'
import { labBinaries } from '../lab/world.ts'
import type { Dice } from './actions.ts'
import { growNginx, type RealNginx } from './real-nginx.ts'
import { type Outcome, playScript } from './script.ts'

/** HANDOVER_SIM_SEED and HANDOVER_SIM_SCRIPTS play others, or one again. */
const firstSeed = Number(process.env.HANDOVER_SIM_SEED ?? 1)
const scripts = Number(process.env.HANDOVER_SIM_SCRIPTS ?? 220)
const lanes = 4

const outcomes = new Map<number, Outcome>()
const grown: RealNginx[] = []

afterAll(() => Promise.all(grown.map(one => one.remove())))

test(`${scripts} scripts end alike on both sides`, { timeout: 600_000 }, async () => {
  const binaries = await labBinaries()
  let next = firstSeed
  const wrong: string[] = []
  const lane = async () => {
    const real = await growNginx(binaries)
    grown.push(real)
    while (next < firstSeed + scripts && wrong.length < 3) {
      const seed = next++
      const outcome = await playScript(real, diceOf(seed))
      outcomes.set(seed, outcome)
      if (outcome.mismatch) wrong.push(describeMismatch(seed, outcome))
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, scripts) }, lane))
  expect(wrong.join('\n\n')).toBe('')
})

function describeMismatch(seed: number, { done, mismatch }: Outcome): string {
  const again = `again: HANDOVER_SIM_SEED=${seed} HANDOVER_SIM_SCRIPTS=1`
  const sides = `model ${JSON.stringify(mismatch?.model)}\nreal  ${JSON.stringify(mismatch?.real)}`
  return [`seed ${seed} (${again})`, ...done.map(line => `  ${line}`), sides].join('\n')
}

/** Mulberry32: small, and the same everywhere. */
function diceOf(seed: number): Dice {
  let state = Math.imul(seed, 0x9e3779b9)
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
