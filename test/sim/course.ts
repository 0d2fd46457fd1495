/** The course of a run as its journal tells it: the window of hosts that are being changed, and what may follow what. */
import type { EntryBody } from '../../src/journal/entry.ts'
import type { Limits } from '../../src/run/state.ts'

/** @returns what is wrong with the next durable entry; told of every one, in order. */
export function courseOf(limits: Limits): (body: EntryBody) => string | undefined {
  /** Being switched, not yet healthy, or failed and not yet proven old. */
  let open = new Set<string>()
  const before = new Map<string, string>()
  const touched = new Set<string>()
  /** Switched, and neither failed nor back. */
  const held = new Set<string>()
  let bake: 'none' | 'begun' | 'over' = 'none'
  let isDecided = false
  let isTurned = false
  let started = ''
  let widest = Number.POSITIVE_INFINITY
  return body => {
    switch (body.type) {
      case 'run.resumed':
        // Each is found where it stands, before anything else begins.
        open = new Set()
        bake = 'none'
        return
      case 'run.woke':
        // Nobody has watched them, so they count as if they had just been switched.
        if (isDecided) return
        for (const host of held) open.add(host)
        bake = 'none'
        return
      case 'host.found':
        return find(body)
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
        return isOpen(body.type)
      case 'host.inspected':
        before.set(body.host, body.found.sha256)
        return
      case 'host.switch.begun':
        open.add(body.host)
        touched.add(body.host)
        held.add(body.host)
        if (isTurned && !isDecided) return `window: ${body.host} is switched although the run goes back`
        if (open.size > Math.min(limits.concurrency, isDecided ? limits.concurrency : widest))
          return `window: ${[...open].join(' ')} at one time`
        return
      case 'host.postponed':
        open.delete(body.host)
        held.delete(body.host)
        touched.delete(body.host)
        return
      case 'host.failed':
        held.delete(body.host)
        if (body.found) open.delete(body.host)
        // Of one that was only prepared there is nothing to undo.
        else if (touched.has(body.host)) open.add(body.host)
        return
      case 'host.reverted':
        open.delete(body.host)
        held.delete(body.host)
        if (touched.has(body.host) && body.found.sha256 !== before.get(body.host))
          return `invariant 12: ${body.host} is said to be reverted to ${body.found.version}`
        return
      case 'host.in_doubt':
      case 'host.left_out':
        held.delete(body.host)
        open.delete(body.host)
        return
      case 'host.healthy':
        open.delete(body.host)
        return
      case 'gate.waiting':
        return isOpen(body.type)
      case 'stage.baked':
        if (bake !== 'begun') return `window: ${body.stage} has baked while nobody watched`
        bake = 'over'
        return
      case 'stage.baking':
        bake = 'begun'
        return isOpen(body.type)
      case 'stage.finished':
        return isUnbaked(body.stage) ?? isOpen(body.type)
    }
    return
  }

  function find({ host, stand }: Extract<EntryBody, { type: 'host.found' }>): undefined {
    if (stand === 'decided' || stand === 'committed') {
      isDecided = true
      isTurned = false
    }
    const isHeld = stand === 'switched' || (stand === 'precommitted' && !isDecided)
    if (isHeld) held.add(host)
    else held.delete(host)
    if (isHeld || stand === 'switching' || stand === 'reverting') open.add(host)
  }

  function isOpen(what: EntryBody['type']): string | undefined {
    if (open.size === 0 || isDecided) return
    return `window: ${what} while ${[...open].join(' ')} are not done`
  }

  /** One that nobody is left to switch in is passed over. */
  function isUnbaked(stage: string): string | undefined {
    const isBaked = bake === 'over'
    bake = 'none'
    const bakeMs = limits.stages.find(({ name }) => name === stage)?.bakeMs ?? 0
    return started === stage && bakeMs > 0 && !isBaked ? `window: ${stage} ends without its bake` : undefined
  }
}
