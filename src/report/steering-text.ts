/** Words for what is done to a run from outside, and for what it waits for: each with the command that goes on. */
import type { Entry } from '../journal/entry.ts'
import { momentText } from '../plan/moment-text.ts'
import { oneLine } from './line.ts'
import type { Standing } from './standing.ts'

/** Of the run; safe to print. */
export function commandFor(verb: 'approve' | 'resume' | 'show', { opening }: Standing): string {
  return `handover ${verb} ${oneLine(opening?.run ?? 'RUN', 80)}`
}

/**
 * What can be done with a run that nobody leads any more: on, and, as long as it is not decided, back.
 * @param isUnseen somebody may still lead it, where nobody here can see: then it has to be taken from there.
 */
export function waysOn(
  run: string,
  isDecided: boolean,
  isUnseen = false,
): { readonly on: string; readonly back?: string } {
  const flag = isUnseen ? ' --takeover' : ''
  const when = isUnseen ? ', when its controller is known to be gone' : ''
  const resume = `\`handover resume ${run}${flag}\``
  if (isDecided) return { on: `${resume} brings every host forward${when}` }
  return {
    on: `${resume} goes on with it${when}`,
    back: `\`handover rollback ${run}${flag}\` takes every host back`,
  }
}

/** `2026-11-20 03:15:00 UTC`. @param ms since 1970 */
export function timeText(ms: number): string {
  const time = new Date(ms)
  // A journal is a file, and may say anything.
  return Number.isNaN(time.getTime()) ? '?' : `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

export function interruptionText({ signal, by }: Extract<Entry, { type: 'run.interrupted' }>): string {
  if (signal === 'abort')
    return by === undefined ? 'asked to go back' : `asked to go back by ${oneLine(by, 80)}`
  return `interrupted by ${signal}${by === undefined ? '' : ` from ${oneLine(by, 80)}`}`
}

/** What the run waits for; empty when it does not wait for anybody. A pause comes first: it also holds an approved stage. */
export function waitTexts(standing: Standing): string[] {
  const { gate, pause, hold } = standing
  const end = (untilMs: number) =>
    hold ? 'its time counts on from the opening' : `until ${timeText(untilMs)}, then every host goes back`
  return [
    ...(pause
      ? [
          `PAUSED by ${oneLine(pause.by, 80)}, nothing more is switched: \`${commandFor('resume', standing)}\` goes on (${end(pause.untilMs)})`,
        ]
      : []),
    ...(hold
      ? [`HOLDS until ${opensText(hold)}: window closed; nothing more is switched, leases are renewed`]
      : []),
    ...(gate
      ? [
          `stage ${oneLine(gate.stage, 40)} WAITS for an approval: \`${commandFor('approve', standing)}\` (${end(gate.untilMs)})`,
        ]
      : []),
  ]
}

/** The same for one narrow line: the command first, because the end may be cut. */
export function waitTitle(standing: Standing): string | undefined {
  const { gate, pause, hold } = standing
  if (hold)
    return `HOLDS until ${opensText(hold)}: window closed${pause ? '; and PAUSED' : gate ? `; ${commandFor('approve', standing)} counts then` : ''}`
  if (pause) {
    return `PAUSED: ${commandFor('resume', standing)} goes on (until ${shortTime(standing, pause.untilMs)})`
  }
  if (!gate) return undefined
  const stage = oneLine(gate.stage, 40)
  return `WAITS: ${commandFor('approve', standing)} begins ${stage} (until ${shortTime(standing, gate.untilMs)})`
}

function opensText({ opens, zone }: NonNullable<Standing['hold']>): string {
  const ms = Date.parse(opens ?? '')
  try {
    return momentText(ms, zone)
  } catch {
    // A journal is a file, and may say anything.
    return timeText(ms)
  }
}

/** Without the day where it cannot be mistaken. */
function shortTime({ lastMs }: Standing, ms: number): string {
  const time = timeText(ms)
  return ms - lastMs < 20 * 3_600_000 ? time.replace(/^\S+ (\d\d:\d\d):\d\d/, '$1') : time
}
