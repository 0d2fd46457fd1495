/**
 * A controller that stood still for long has to notice it by itself before anything goes forward. Told of it by the fault, so
 * that a run which never says `run.woke` is found out.
 */
import type { EntryBody } from '../../src/journal/entry.ts'
import type { StoodStill } from './life.ts'

export interface Standstills {
  wentOn(stoodStill: StoodStill): void
  /** Told of every entry as it is handed to the journal. @param toHear whose answers a look waits for */
  handed(body: EntryBody, atMs: number, toHear: () => readonly string[]): void
  /** A lease is asked for. @returns to be called when it was granted. */
  asking(host: string): () => void
  /** It was handed to the journal by a controller that stood still, and had not noticed. */
  isBlind(body: EntryBody): boolean
}

/** How often a controller looks at its clocks, in milliseconds. */
const tickMs = 1000
const rounding = 0.01

export function standstillsOf(leaseMs: number): Standstills {
  // A tick that was nearly due when it stopped hides as much of the stop.
  const longestUnnoticedMs = Math.min(5000, leaseMs / 2) + tickMs
  const blind = new WeakSet<EntryBody>()
  let isWatching = false
  /** Until then it may not have noticed yet. */
  let noticesByMs: number | undefined
  let times = 0
  let heard = new Set<string>()
  return {
    wentOn({ ms, wasSuspended, atMs }) {
      // Before its first phase it knows nothing that could be out of date.
      if (!isWatching || (ms <= longestUnnoticedMs && noticesByMs === undefined)) return
      // What was due meanwhile happens at that moment, in the order in which it was due, but a clock that stood still goes on first.
      noticesByMs = Math.max(noticesByMs ?? 0, atMs + (wasSuspended ? tickMs : 0))
      times++
      heard = new Set()
    },
    handed(body, atMs, toHear) {
      const { type } = body
      if (type === 'run.started' || type === 'run.resumed') isWatching = false
      if (type.endsWith('.begun')) isWatching = true
      if (type === 'run.woke' || type === 'run.resumed') noticesByMs = undefined
      if (noticesByMs === undefined || atMs <= noticesByMs + rounding) return
      // It had to look at them already when it stopped, and has done so since.
      if (type === 'run.looked_again' && toHear().every(host => heard.has(host))) noticesByMs = undefined
      else blind.add(body)
    },
    asking(host) {
      const asked = times
      return () => {
        if (asked === times) heard.add(host)
      }
    },
    isBlind: body => blind.has(body),
  }
}
