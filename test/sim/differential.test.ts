/** Random scripts of signals and accidents: the model and a real nginx must be the same after every action. */
import { afterAll, expect, test } from 'vitest'
import { labBinaries } from '../lab/world.ts'
import type { Dice } from './actions.ts'
import type { MasterView, View } from './nginx-model.ts'
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

const alive = ({ masters }: View) => masters.filter(one => one.isAlive)
const has = (isSo: (master: MasterView) => boolean) => (view: View) => alive(view).some(isSo)

const situations: Readonly<Record<string, (view: View, before: View) => boolean>> = {
  'both serve': view => alive(view).filter(one => one.accepting > 0).length === 2,
  'the old one is parked, the new one serves': view =>
    alive(view)[0]?.isParked === true && (alive(view)[1]?.accepting ?? 0) > 0,
  'the new one is gone, the old one has its pid file again (R2, R8)': (view, before) =>
    typeof view.pidFile === 'number' && view.pidFile === before.oldbin && view.oldbin === 'none',
  'a third master': view => view.masters.length > 2 && alive(view).length === 2,
  'nobody accepts on sockets that are held (R9)': view => view.front === 'hangs' && alive(view).length > 1,
  'refused while an old one drains (R15)': view => view.front === 'refused' && alive(view).length > 0,
  'all gone': view => view.front === 'refused' && alive(view).length === 0,
  'draining before QUIT': has(one => one.listens && one.draining > 0),
  'a master without workers (R5)': has(one => one.binary === 'childless' && one.isParked),
  'more workers than wanted (R10)': has(one => one.accepting > 2),
  'orphans beside a master (T1, R13)': view => Object.keys(view.orphans).length > 0 && alive(view).length > 0,
  'orphans of both binaries': view => 'old' in view.orphans && 'new' in view.orphans,
  'a start that hangs (R3)': view => view.starting > 0,
  'no pid file beside a living master (T2)': view => view.pidFile === 'none' && alive(view).length > 0,
  'a dead pid file (R13)': view => view.pidFile === 'dead',
  'a dead .oldbin (R14)': view => view.oldbin === 'dead',
  'an empty pid file (R25)': view => view.pidFile === 'empty' || view.oldbin === 'empty',
}

// A few scripts, played again, need not come to everything.
test.skipIf(scripts < 200).each(Object.entries(situations))('the scripts came to: %s', (_, isSo) => {
  const found = [...outcomes.values()].filter(({ views }) =>
    views.some((view, step) => isSo(view, views[step - 1] ?? view)),
  )
  expect(found.length).toBeGreaterThan(0)
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
