/** Numbers that look random and follow from the seed alone (mulberry32). */
export interface Dice {
  /** At least `from`, less than `to`. */
  between(from: number, to: number): number
  /** A whole number from 0 to `sides - 1`. */
  roll(sides: number): number
  chance(percent: number): boolean
  pick<T>(from: readonly T[]): T
}

export function diceOf(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  // The first ones of seeds that are near each other are near each other.
  for (let turn = 0; turn < 4; turn++) next()
  const dice: Dice = {
    between: (from, to) => from + next() * (to - from),
    roll: sides => Math.floor(next() * sides),
    chance: percent => next() * 100 < percent,
    pick: from => from[Math.floor(next() * from.length)] as (typeof from)[number],
  }
  return dice
}
