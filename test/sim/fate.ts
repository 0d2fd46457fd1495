/** When what strikes: at a time, at a step, or so long after an entry. */
import type { EntryType } from '../../src/journal/entry.ts'
import type { Story, Strike, Trouble } from './story.ts'
import type { VirtualTime } from './virtual-clock.ts'

export interface Fate {
  /** An entry was handed to the journal of the first run. */
  hear(type: EntryType): void
  /** A step has happened. */
  step(): void
  /** How many have struck. */
  struck(): number
}

export function fateOf({ strikes }: Story, time: VirtualTime, hit: (what: Trouble) => void): Fate {
  const heard = new Map<EntryType, number>()
  const atStep = new Map<number, Strike[]>()
  let struck = 0
  const strike = ({ what }: Strike) => {
    struck++
    hit(what)
  }
  const later = (ms: number, one: Strike) => time.after(ms, () => strike(one), 'controller')
  for (const one of strikes) {
    const { when } = one
    if ('ms' in when) later(when.ms, one)
    else if ('step' in when) atStep.set(when.step, [...(atStep.get(when.step) ?? []), one])
  }
  return {
    struck: () => struck,
    hear(type) {
      const times = (heard.get(type) ?? 0) + 1
      heard.set(type, times)
      for (const one of strikes) {
        const { when } = one
        if ('entry' in when && when.entry === type && when.nth === times) later(when.plusMs, one)
      }
    },
    step() {
      for (const one of atStep.get(time.steps()) ?? []) strike(one)
    },
  }
}
