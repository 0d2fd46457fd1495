/** No host starts to switch outside of its window: neither in the journal nor, whatever lies between, on the wire. */
import type { Clock } from '../../src/core/clock.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import { windowAt } from '../../src/plan/windows.ts'
import type { Limits } from '../../src/run/state.ts'

export interface WindowWatch {
  /** To the journal. */
  handed(body: EntryBody): void
  /** A request leaves the controller. */
  asked(host: string, verb: string): void
}

/**
 * @param clock of the controller: it can know no other.
 * @param past what is in the journal already; after the decision everybody is brought forward.
 */
export function watchStarts(
  { windows }: Limits,
  clock: Clock,
  past: readonly EntryBody[],
  violate: (what: string) => void,
): WindowWatch {
  if (!windows) return { handed: () => {}, asked: () => {} }
  /** Whoever was asked once may be asked again for its answer, whenever that is. */
  const begun = new Set<string>()
  let isFree = past.some(isDecision)
  const check = (what: string) => {
    const { wallMs } = clock.now()
    if (!isFree && !windowAt(windows.rules, wallMs).isOpen)
      violate(`maintenance: ${what} at ${new Date(wallMs).toISOString()}`)
  }
  return {
    handed(body) {
      if (isDecision(body) || (body.type === 'window.closed' && body.next === 'finish')) isFree = true
      if (body.type === 'stage.started') check(`${body.stage} is started`)
      if (body.type !== 'host.switch.begun') return
      begun.delete(body.host)
      check(`the switch of ${body.host} begins`)
    },
    asked(host, verb) {
      if (verb !== 'switch' || begun.has(host)) return
      begun.add(host)
      check(`${host} is told to switch`)
    },
  }
}

function isDecision(body: EntryBody): boolean {
  if (body.type === 'host.found') return body.stand === 'decided' || body.stand === 'committed'
  return body.type === 'run.decided'
}
