/** In which order the hosts of a run are taken. Stages that count hosts take the first ones of this order. */
import type { Playbook } from '../playbook/playbook.ts'

export type Order = Playbook['order']

/** The largest seed: what fits into 32 bits. */
export const largestSeed = 2 ** 32 - 1

/**
 * `sorted` compares the names code unit by code unit, as Ansible does: web10 before web2. `shuffle` gives the same order for
 * the same hosts and seed on every machine.
 * @param hosts in the order of the inventory.
 * @param seed of `shuffle`: a whole number up to `largestSeed`; the others have none.
 */
export function inOrder<Host extends { readonly name: string }>(
  hosts: readonly Host[],
  order: Order,
  seed: number | null,
): readonly Host[] {
  switch (order) {
    case 'inventory':
      return hosts
    case 'reverse':
      return hosts.toReversed()
    case 'sorted':
      return hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    case 'shuffle':
      return shuffled(hosts, seed)
  }
}

/** Fisher and Yates: from the end, each place gets one of those not placed yet. */
function shuffled<Item>(items: readonly Item[], seed: number | null): Item[] {
  if (seed === null) throw new RangeError('a shuffle needs its seed')
  const next = randomNumbers(seed)
  const list = [...items]
  for (let place = list.length - 1; place > 0; place--) {
    const other = Math.floor((next() / 2 ** 32) * (place + 1))
    const [here, there] = [list[place] as Item, list[other] as Item]
    list[place] = there
    list[other] = here
  }
  return list
}

/** xorshift32 (Marsaglia, Xorshift RNGs, 2003): whole numbers from 1 below 2 to the 32nd. It must not begin with 0. */
function randomNumbers(seed: number): () => number {
  // Spread over the word (the constant is 2 to the 32nd over the golden ratio): seeds that people type are small and alike.
  let word = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) || 1
  const next = () => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return word >>> 0
  }
  for (let skipped = 0; skipped < 8; skipped++) next()
  return next
}
