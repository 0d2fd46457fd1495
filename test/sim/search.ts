/** Plays many stories, and tells of those that violate something: shrunk, with the seed to play them again. */
import type { RunOutcome } from '../../src/journal/entry.ts'
import { type Played, play } from './play.ts'
import type { Written } from './sheet.ts'
import { shrink } from './shrink.ts'
import { type Story, tell } from './story.ts'

export interface Tally {
  runs: number
  hosts: number
  steps: number
  struck: number
  virtualMs: number
  /** How the runs ended; `none`: the controller was killed, and nobody went on. */
  readonly ends: Map<RunOutcome | 'none', number>
  /** One story a kind. */
  readonly found: Map<string, { times: number; readonly story: Story; readonly violation: string }>
}

export async function search(stories: Iterable<Story>, mostFound = 3): Promise<Tally> {
  const ends: Tally['ends'] = new Map()
  const tally: Tally = { runs: 0, hosts: 0, steps: 0, struck: 0, virtualMs: 0, ends, found: new Map() }
  for (const story of stories) {
    note(tally, story, await play(story))
    if (tally.found.size >= mostFound) break
  }
  return tally
}

function note(tally: Tally, story: Story, played: Played): void {
  tally.runs++
  tally.hosts += story.hosts.length
  tally.steps += played.steps
  tally.struck += played.struck
  tally.virtualMs += played.virtualMs
  const end = played.finish?.outcome ?? 'none'
  tally.ends.set(end, (tally.ends.get(end) ?? 0) + 1)
  const [violation] = played.violations
  if (violation === undefined) return
  const kind = violation.split(':')[0] ?? violation
  const known = tally.found.get(kind)
  if (known) known.times++
  else tally.found.set(kind, { times: 1, story, violation })
}

/** What was played, in a line. */
export function figures({ runs, hosts, steps, struck, virtualMs, ends }: Tally): string {
  const each = (sum: number) => (sum / Math.max(1, runs)).toFixed(1)
  const ended = [...ends].map(([end, times]) => `${end} ${times}`).join(', ')
  return `${runs} runs; on average ${each(hosts)} hosts, ${each(steps)} steps, ${each(struck)} faults, ${each(virtualMs / 1000)} s of virtual time; ${ended}`
}

/** Empty when nothing was violated. */
export async function report(tally: Tally): Promise<string> {
  const texts: string[] = []
  for (const { times, story, violation } of tally.found.values()) {
    const small = await shrink(story, violation)
    const played = await play(small)
    const journal = [...played.sheet.entries, ...played.sheet.published].map(line)
    texts.push(
      [
        `${played.violations[0] ?? violation} (${times} of ${tally.runs}; SIM_SEED=${story.seed})`,
        `  ${tell(small)}`,
        ...journal,
      ].join('\n'),
    )
  }
  return texts.join('\n\n')
}

function line({ body, atMs }: Written): string {
  const host = 'host' in body ? ` ${body.host}` : ''
  const why = 'fault' in body ? `: ${body.fault.message}` : 'reason' in body ? `: ${body.reason}` : ''
  const stand = 'stand' in body ? `: ${body.stand}` : ''
  return `    ${atMs.toFixed(0).padStart(7)} ${body.type}${host}${why}${stand}`
}
