/** Maintenance windows in words. */
import { formatDuration } from '../core/duration.ts'
import type { OnWindowClose, Window } from '../playbook/windows.ts'
import { laterText, momentText } from './moment-text.ts'
import { isLongEnough, neededMs, type Opening, openingsToShow, type Timed, zoneOf } from './windows.ts'

/** Lines for a plan. @param nowMs since 1970 */
export function describeWindows({ windows, stages }: Timed, nowMs: number): string[] {
  const { rules, onClose } = windows
  const needed = neededMs(windows, stages)
  const openings = openingsToShow({ windows, stages }, nowMs)
  const zone = zoneOf(rules)
  return [
    'windows, in which hosts may start to switch:',
    ...rules.map(rule => `  ${ruleText(rule)}`),
    ...openings.map(opening => {
      const short = isLongEnough(opening, needed) ? '' : ', too short'
      return `  ${openingText(opening, nowMs, zone)}${short}`
    }),
    ...(openings.length === 0 ? ['  never open within the next two years: the run cannot start'] : []),
    ...shortLines(openings, needed),
    `when the window closes in between: ${closeText[onClose]}`,
  ]
}

function shortLines(openings: readonly Opening[], needed: number): string[] {
  const long = openings.filter(opening => isLongEnough(opening, needed))
  if (long.length === openings.length) return []
  const short = `  too short: the bakes between the first host and the last take ${formatDuration(needed)}`
  const none = ', and none within the next two years is open for so long: the run cannot start'
  return [long.length === 0 ? `${short}${none}` : short]
}

const closeText: Record<OnWindowClose, string> = {
  finish: 'the run goes on to its end',
  hold: 'hosts in hand are finished, then the run holds until the next opening if that is within 24h, else every host goes back',
  rollback: 'hosts in hand are finished, then every host goes back',
}

function ruleText({ kind, cron, timeZone, durationMs, cutoffMs }: Window): string {
  const length = formatDuration(cutoffMs)
  const late = kind === 'allow' ? `the last ${length}` : `the ${length} before it`
  const cutoff = cutoffMs > 0 ? `, no start in ${late}` : ''
  return `${kind} "${cron}" ${timeZone} for ${formatDuration(durationMs)}${cutoff}`
}

function openingText({ fromMs, startsUntilMs, endMs }: Opening, nowMs: number, zone: string): string {
  const isOpen = fromMs <= nowMs
  const seen = Math.max(fromMs, nowMs)
  const end = isEnd(endMs) ? `, until ${laterText(endMs, seen, zone)}${isOpen ? ` ${zone}` : ''}` : ''
  const hasCutoff = isEnd(startsUntilMs) && startsUntilMs < endMs
  const cutoff = hasCutoff ? `, last start before ${laterText(startsUntilMs, seen, zone)}` : ''
  return `${isOpen ? 'open now' : `opens ${momentText(fromMs, zone)}`}${end}${cutoff}`
}

function isEnd(ms: number): boolean {
  return ms !== Number.POSITIVE_INFINITY
}
