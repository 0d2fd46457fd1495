/** Why a run may not begin now, or could never begin: in words, and with the play where there are several. */
import { formatDuration } from '../core/duration.ts'
import { type Fault, fault, type Place } from '../core/fault.ts'
import type { PlayInfo } from '../journal/entry.ts'
import { momentText } from '../plan/moment-text.ts'
import type { Plan } from '../plan/plan.ts'
import { firstTogether, neededMs, type RunStart, runStart, type Timed, zoneOf } from '../plan/windows.ts'
import { oneLine } from '../report/line.ts'

/** A play whose window is judged. */
export interface Gated {
  readonly plan: Pick<Plan, 'name' | 'stages' | 'windows'>
  readonly play?: PlayInfo | undefined
  /** Where the playbook begins to speak of it. */
  readonly place?: Place | undefined
}

export function startOf({ plan }: Gated, nowMs: number): RunStart | undefined {
  const timed = timedOf(plan)
  return timed && runStart(timed, nowMs)
}

function timedOf({ windows, stages }: Gated['plan']): Timed | undefined {
  return windows && { windows, stages }
}

/** `play 2 (back)`; undefined where there is one only. */
export function playText({ plan, play }: Gated): string | undefined {
  return play && play.of > 1 ? `play ${play.number} (${oneLine(plan.name, 120)})` : undefined
}

/** A WINDOW_NEVER_OPENS for each whose windows never open, or never for long enough. @param nowMs since 1970 */
export function neverOpening(plays: readonly Gated[], nowMs: number): Fault[] {
  return plays.flatMap(each => {
    const start = startOf(each, nowMs)
    return start && !start.opening ? [neverFault(each, start)] : []
  })
}

function neverFault(gated: Gated, { opensAtAll }: RunStart): Fault {
  const within = 'within the next two years'
  const message = opensAtAll
    ? `no maintenance window ${within} is open for longer than ${bakesText(gated)}`
    : `the maintenance windows never open ${within}`
  const hint = opensAtAll
    ? 'shorten the bakes, lengthen the windows, or choose on_window_close: hold'
    : 'correct windows in the playbook: what is denied wins over what is allowed'
  return placed(gated, 'WINDOW_NEVER_OPENS', message, hint)
}

/** A WINDOW_CLOSED for each that cannot begin now. @param all that are to begin, one behind the other. */
export function closedNow(all: readonly Gated[], nowMs: number): Fault[] {
  return all.flatMap(each => {
    const start = startOf(each, nowMs)
    if (!start?.opening || start.isNow) return []
    const zone = zoneOf(each.plan.windows?.rules ?? [])
    const what = start.isTooLate
      ? `what is left of the maintenance window is shorter than ${bakesText(each)}`
      : 'the maintenance window is closed'
    const message = `${what}: hosts may start from ${momentText(start.opening.fromMs, zone)}`
    return [placed(each, 'WINDOW_CLOSED', message, hintFor(all, zone, nowMs))]
  })
}

/** Without --wait all of them have to be open when the first one begins. */
function hintFor(all: readonly Gated[], zone: string, nowMs: number): string {
  if (all.length < 2) return 'run it then, or add --wait; `handover plan` shows the next openings'
  const together = firstTogether(
    all.flatMap(({ plan }) => timedOf(plan) ?? []),
    nowMs,
  )
  return together === undefined
    ? 'the windows of these plays are not open together within two years: add --wait, and each play waits for its own'
    : `run it from ${momentText(together, zone)}, when the windows of all plays are open, or add --wait: each play then waits for its own`
}

function bakesText({ plan: { windows, stages } }: Gated): string {
  const bakesMs = windows ? neededMs(windows, stages) : 0
  return `the bakes between the first host and the last (${formatDuration(bakesMs)})`
}

function placed(
  gated: Gated,
  code: 'WINDOW_CLOSED' | 'WINDOW_NEVER_OPENS',
  message: string,
  hint: string,
): Fault {
  const { place } = gated
  const who = playText(gated)
  return fault(code, who ? `${who}: ${message}` : message, { hint, ...(who && place ? { place } : {}) })
}
