/** The course of a run as its journal tells it: the window of hosts that are being changed, and what may follow what. */
import type { EntryBody } from '../../src/journal/entry.ts'
import type { Limits } from '../../src/run/state.ts'

/** @returns what is wrong with the next durable entry; told of every one, in order. */
export function courseOf(limits: Limits): (body: EntryBody) => string | undefined {
  /** Being switched, not yet healthy, or failed and not yet proven old. */
  let open = new Set<string>()
  const before = new Map<string, string>()
  const touched = new Set<string>()
  let isDecided = false
  let isTurned = false
  let started = ''
  let widest = Number.POSITIVE_INFINITY
  return body => {
    switch (body.type) {
      case 'run.resumed':
        open = new Set()
        return
      case 'run.decided':
        isDecided = true
        return
      case 'run.rolling_back':
        isDecided = false
        isTurned = true
        return
      case 'run.interrupted':
        isTurned = true
        return
      case 'stage.started':
        started = body.stage
        widest = limits.stages.find(({ name }) => name === body.stage)?.concurrency ?? widest
        return
      case 'host.inspected':
        before.set(body.host, body.found.sha256)
        return
      case 'host.switch.begun':
        open.add(body.host)
        touched.add(body.host)
        if (isTurned && !isDecided) return `window: ${body.host} is switched although the run goes back`
        if (open.size > Math.min(limits.concurrency, isDecided ? limits.concurrency : widest))
          return `window: ${[...open].join(' ')} at one time`
        return
      case 'host.failed':
        if (body.found) open.delete(body.host)
        // Of one that was only prepared there is nothing to undo.
        else if (touched.has(body.host)) open.add(body.host)
        return
      case 'host.reverted':
        open.delete(body.host)
        if (touched.has(body.host) && body.found.sha256 !== before.get(body.host))
          return `invariant 12: ${body.host} is said to be reverted to ${body.found.version}`
        return
      case 'host.healthy':
      case 'host.in_doubt':
      case 'host.left_out':
        open.delete(body.host)
        return
      case 'stage.baking':
      case 'stage.finished':
        // One that nobody is left to switch in is passed over.
        if (started === body.stage && open.size > 0 && !isDecided)
          return `window: ${body.type} while ${[...open].join(' ')} are not done`
        return
    }
    return
  }
}
