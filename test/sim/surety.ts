/**
 * What the entries of a run alone let anybody be sure of, host by host, and so what may begin and what may be decided.
 * The coordinator is not asked: it may have made something else of the same entries.
 */
import type { EntryBody } from '../../src/journal/entry.ts'
import type { StoodStill } from './life.ts'
import { standstillsOf } from './standstill.ts'

interface Host {
  /** `unsure`: another controller has come, and has not looked there yet. */
  doubt: 'unsure' | 'in doubt' | undefined
  /** Its way to the decision; it begins anew whenever nobody has watched. */
  step: 'none' | 'switched' | 'healthy' | 'asked' | 'acknowledged' | 'failed'
  isTouched: boolean
  /** This run has never changed it, or has let it go untouched: nobody has to look there again. */
  isProven: boolean
}

export interface Surety {
  /** @returns what is wrong with the next durable entry; told of every one, in order. */
  durable(body: EntryBody): string | undefined
  /** Told of every entry as it is handed to the journal. */
  handed(body: EntryBody, atMs: number): void
  /** The controller stood still, and goes on. */
  wentOn(stoodStill: StoodStill): void
  /** A lease is asked for. @returns to be called when it was granted. */
  asking(host: string): () => void
}

/** What goes forward, and is in nobody's way only as long as it is known where everybody stands. */
const begins: ReadonlySet<EntryBody['type']> = new Set([
  'host.inspect.begun',
  'host.prepare.begun',
  'host.switch.begun',
  'host.precommit.begun',
  'gate.waiting',
  'stage.started',
  'stage.baking',
  'stage.finished',
  'run.precommitting',
  'run.decided',
])

const judged: ReadonlySet<Host['step']> = new Set(['healthy', 'asked', 'acknowledged'])

export function suretyOf(leaseMs: number): Surety {
  const standstills = standstillsOf(leaseMs)
  const hosts = new Map<string, Host>()
  /** Those that are unsure: asked for at every step, of thousands. */
  const unlooked = new Set<string>()
  /** By its own entry, or by what a host was found to have heard of; then nothing is decided any more. */
  let isDecided = false
  let isTurned = false
  let isAsleep = false
  let frozen: ReadonlySet<string> | undefined
  /** Who was watched when the controller stood still. */
  let toHear: readonly string[] = []
  let wakes = 0
  let heard = new Set<string>()
  let heardInTime: ReadonlySet<string> = new Set()

  const where = (wanted: (host: Host) => boolean) =>
    [...hosts].filter(([, host]) => wanted(host)).map(([name]) => name)

  return {
    wentOn: standstills.wentOn,
    handed(body, atMs) {
      const { type } = body
      standstills.handed(body, atMs, stillToHear)
      if (type === 'run.woke') {
        wakes++
        heard = new Set()
      }
      if (type === 'run.looked_again') heardInTime = new Set(heard)
    },
    asking(host) {
      const asked = wakes
      const grantedSince = standstills.asking(host)
      // What was granted before the controller stood still may have run out.
      return () => {
        grantedSince()
        if (asked === wakes) heard.add(host)
      }
    },
    durable(body) {
      const wrong = check(body)
      if ('host' in body) {
        const host = hosts.get(body.host)
        if (host) moveHost(host, body)
        if (host?.doubt !== 'unsure') unlooked.delete(body.host)
      }
      moveRun(body)
      return wrong
    },
  }

  function check(body: EntryBody): string | undefined {
    if (body.type === 'run.decided' && isDecided) return 'invariant 5: decided once more'
    if (isDecided) return
    if (body.type === 'run.looked_again') return checkHeard()
    if (!begins.has(body.type)) return
    const what = 'host' in body ? `${body.type} of ${body.host}` : body.type
    if (isTurned) return `invariant 13: ${what} although the run goes back`
    // What was begun there may have outlived its controller.
    const [unsure] = unlooked
    if (unsure) return `doubt: ${what} before anybody has looked at ${unsure}`
    if (standstills.isBlind(body))
      return `doubt: ${what} by a controller that has not noticed that it stood still`
    if (isAsleep)
      return `doubt: ${what} by a controller that stood still, and has not heard of its hosts since`
    if (body.type === 'host.precommit.begun' && hosts.get(body.host)?.step !== 'healthy')
      return `doubt: ${what}, whose health nobody has seen`
    if (body.type === 'run.precommitting') return checkFrozen()
    return body.type === 'run.decided' ? checkDecided(body.hosts) : undefined
  }

  function checkFrozen(): string | undefined {
    const [unjudged] = where(({ step }) => step === 'switched')
    return unjudged && `doubt: run.precommitting with ${unjudged}, whose health nobody has seen`
  }

  function checkDecided(participants: readonly string[]): string | undefined {
    const [doubtful] = where(({ doubt }) => doubt !== undefined)
    if (doubtful) return `invariant 5: decided while ${doubtful} is in doubt`
    const taking = new Set(participants)
    const missing = [...(frozen ?? [])].find(host => !taking.has(host))
    if (missing) return `invariant 5: decided without ${missing}, which was frozen as a participant`
    const added = participants.find(host => !frozen?.has(host))
    if (added) return `invariant 5: decided with ${added}, which was not frozen as a participant`
    const silent = participants.find(host => hosts.get(host)?.step !== 'acknowledged')
    return silent && `invariant 5: decided with ${silent}, which has not acknowledged since it was judged`
  }

  function checkHeard(): string | undefined {
    if (isTurned) return
    const unheard = stillToHear().find(host => !heardInTime.has(host))
    return unheard && `doubt: run.looked_again, but ${unheard} was not heard from`
  }

  function stillToHear(): readonly string[] {
    return toHear.filter(host => hosts.get(host)?.step === 'switched')
  }

  function moveRun(body: EntryBody): void {
    switch (body.type) {
      case 'run.started':
        for (const name of body.stages.flatMap(stage => stage.hosts))
          hosts.set(name, { doubt: undefined, step: 'none', isTouched: false, isProven: false })
        return
      case 'run.resumed':
        isAsleep = false
        for (const [name, host] of hosts) {
          if (host.isProven) continue
          host.doubt = 'unsure'
          unlooked.add(name)
        }
        return judgeAnew()
      case 'run.woke':
        if (isDecided) return
        isAsleep = true
        toHear = where(({ step }) => judged.has(step))
        return judgeAnew()
      case 'run.looked_again':
        isAsleep = false
        return
      case 'run.precommitting':
        frozen = new Set(where(({ step }) => step === 'healthy'))
        return
      case 'run.decided':
        isDecided = true
        return
      case 'run.interrupted':
        isTurned = !isDecided
        return
      case 'run.rolling_back':
        isDecided = false
        isTurned = true
        return
      case 'host.found':
        if (body.stand === 'decided' || body.stand === 'committed') isDecided = true
    }
  }

  function judgeAnew(): void {
    for (const host of hosts.values()) if (judged.has(host.step)) host.step = 'switched'
  }
}

function moveHost(host: Host, body: EntryBody): void {
  switch (body.type) {
    case 'host.inspected':
      host.isProven = body.current
      return
    case 'host.switch.begun':
      Object.assign(host, { step: 'switched', isTouched: true, isProven: false })
      return
    case 'host.healthy':
      if (host.step === 'switched') host.step = 'healthy'
      return
    case 'host.precommit.begun':
      if (host.step === 'healthy') host.step = 'asked'
      return
    case 'host.precommitted':
      // The answer to a question from before it was judged anew says nothing.
      if (host.step === 'asked') host.step = 'acknowledged'
      return
    case 'host.failed':
      host.step = 'failed'
      host.isProven = body.found !== null && !host.isTouched
      return
    case 'host.in_doubt':
      host.doubt = 'in doubt'
      host.step = 'failed'
      return
    case 'host.unreachable':
      host.doubt = undefined
      return
    case 'host.left_out':
      Object.assign(host, { doubt: undefined, step: 'none', isProven: true })
      return
    case 'host.reverted':
    case 'host.committed':
      // With its end there the host has given its lock back, so another controller looks again.
      Object.assign(host, { doubt: undefined, step: 'none', isProven: !host.isTouched })
      return
    case 'host.found': {
      const { stand } = body
      const isHeld = stand === 'switched' || stand === 'precommitted'
      host.doubt = undefined
      host.isTouched ||= isHeld
      host.step = isHeld ? 'switched' : 'none'
      host.isProven = false
    }
  }
}
