/** A story is plain data: a fleet, a plan, and what goes wrong when. Together with its seed it always plays the same. */
import type { EntryType } from '../../src/journal/entry.ts'
import type { Limits } from '../../src/run/state.ts'
import type { HostTraits } from './host-machine.ts'

export type When =
  | { readonly ms: number }
  | { readonly step: number }
  /** So long after the n-th entry of that type was handed to the journal. */
  | { readonly entry: EntryType; readonly nth: number; readonly plusMs: number }

export type Deed =
  | 'quit-old'
  | 'kill-old'
  | 'quit-new'
  | 'kill-new'
  | 'kill-worker'
  | 'third-binary'
  | 'reload'

/** What becomes of a run whose controller was killed. */
export type Sequel = 'resume' | 'back' | 'nothing'

export type Trouble =
  | {
      readonly kind: 'lose-request' | 'lose-answer' | 'double'
      readonly host: string
      readonly times: number
    }
  | { readonly kind: 'late'; readonly host: string; readonly times: number; readonly ms: number }
  | { readonly kind: 'cut' | 'dead-man-dies'; readonly host: string }
  /** Null: for ever. */
  | { readonly kind: 'partition'; readonly hosts: readonly string[]; readonly ms: number | null }
  | { readonly kind: 'reboot'; readonly host: string; readonly isPowerCut: boolean }
  | { readonly kind: 'intruder'; readonly host: string; readonly deed: Deed }
  | { readonly kind: 'disk-full'; readonly host: string; readonly ms: number }
  /** `isKept`: the write failed, and has arrived all the same. */
  | { readonly kind: 'journal'; readonly isKept: boolean }
  /** `forgets`: the disk has lied, and what was written since the participants were frozen is not there; in no random story. */
  | { readonly kind: 'kill'; readonly sequel: Sequel; readonly afterMs: number; readonly forgets?: true }
  /** A run that has ended in doubt is taken up by another controller; of any other nothing is left to do. */
  | { readonly kind: 'take-up'; readonly sequel: Sequel }
  | { readonly kind: 'stop'; readonly ms: number; readonly isSuspended: boolean }
  | { readonly kind: 'wall-clock'; readonly byMs: number }
  | { readonly kind: 'interrupt'; readonly signal: 'SIGINT' | 'SIGTERM' }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'proceed' | 'approve' }
  /** Another run on the same hosts, with another binary. */
  | { readonly kind: 'second-run' }

export interface Strike {
  readonly when: When
  readonly what: Trouble
}

export interface Story {
  readonly seed: number
  readonly hosts: readonly HostTraits[]
  readonly limits: Limits
  readonly leaseMs: number
  readonly drainMs: number
  readonly forks: number
  readonly hasChecks: boolean
  readonly strikes: readonly Strike[]
}

export const theOld = 'old'
export const theNew = 'new'
export const another = 'other'
export const third = 'third'

/** For people, one line a fact. */
export function tell(story: Story): string {
  const { limits } = story
  const stages = limits.stages.map(
    ({ name, hosts, concurrency, bakeMs, gate }) =>
      `${name}: ${hosts.join(' ')} (${concurrency} at a time${bakeMs ? `, bake ${bakeMs} ms` : ''}${gate ? ', gate' : ''})`,
  )
  const traits = story.hosts.map(({ name, workers, qualities, rate, slowness, clients }) =>
    [
      name,
      `${workers} workers`,
      ...Object.entries(qualities).map(([binary, quality]) => `${binary} ${quality}`),
      ...(rate === 1 ? [] : [`clock x${rate.toFixed(3)}`]),
      ...(slowness === 1 ? [] : [`x${slowness.toFixed(1)} slower`]),
      ...(clients.length ? [`clients stay ${clients.map(Math.round).join(' ')} ms`] : []),
    ].join(', '),
  )
  const strikes = story.strikes.map(({ when, what }) => `${tellWhen(when)}: ${JSON.stringify(what)}`)
  return [
    `seed ${story.seed}, lease ${story.leaseMs} ms, max_failed ${limits.maxFailed}, concurrency ${limits.concurrency}`,
    ...stages,
    ...traits,
    ...strikes,
  ].join('\n  ')
}

function tellWhen(when: When): string {
  if ('ms' in when) return `at ${when.ms.toFixed(1)} ms`
  if ('step' in when) return `at step ${when.step}`
  return `${when.plusMs.toFixed(1)} ms after ${when.entry} no. ${when.nth}`
}
