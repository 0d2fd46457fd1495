/** Maintenance windows in words. */
import { formatDuration } from '../core/duration.ts'
import type { OnWindowClose, Window } from '../playbook/windows.ts'
import { laterText, momentText } from './moment-text.ts'
import { nextOpenings, type Opening, type PlannedWindows, zoneOf } from './windows.ts'

/** Of the next ones. */
export const shownOpenings = 3

/** Lines for a plan. @param nowMs since 1970 @param neededMs how long the last host begins after the first, at least. */
export function describeWindows(windows: PlannedWindows, nowMs: number, neededMs = 0): string[] {
  const { rules, onClose } = windows
  const openings = nextOpenings(rules, nowMs, shownOpenings)
  const zone = zoneOf(rules)
  return [
    'windows, in which hosts may start to switch:',
    ...rules.map(rule => `  ${ruleText(rule)}`),
    ...openings.map(opening => `  ${openingText(opening, nowMs, zone)}`),
    ...(openings.length === 0 ? ['  never open within the next two years: the run cannot start'] : []),
    ...(isTooShort(openings, neededMs, onClose)
      ? [
          `  too short: the bakes between the first host and the last take ${formatDuration(neededMs)}, and none of these is open for so long`,
        ]
      : []),
    `when the window closes in between: ${closeText[onClose]}`,
  ]
}

const closeText: Record<OnWindowClose, string> = {
  finish: 'the run goes on to its end',
  hold: 'hosts in hand are finished, then the run holds until the next opening if that is within 24h, else every host goes back',
  rollback: 'hosts in hand are finished, then every host goes back',
}

function ruleText({ kind, cron, timeZone, durationMs, cutoffMs }: Window): string {
  const end = kind === 'allow' ? 'the last' : 'the last, before it,'
  const cutoff = cutoffMs > 0 ? `, no start in ${end} ${formatDuration(cutoffMs)}` : ''
  return `${kind} "${cron}" ${timeZone} for ${formatDuration(durationMs)}${cutoff}`
}

function openingText({ fromMs, startsUntilMs, endMs }: Opening, nowMs: number, zone: string): string {
  const isOpen = fromMs <= nowMs
  const seen = Math.max(fromMs, nowMs)
  const end = `until ${laterText(endMs, seen, zone)}`
  const cutoff = startsUntilMs < endMs ? `, last start before ${laterText(startsUntilMs, seen, zone)}` : ''
  return isOpen ? `open now, ${end} ${zone}${cutoff}` : `opens ${momentText(fromMs, zone)}, ${end}${cutoff}`
}

function isTooShort(openings: readonly Opening[], neededMs: number, onClose: OnWindowClose): boolean {
  if (onClose !== 'rollback' || openings.length === 0) return false
  return openings.every(({ fromMs, startsUntilMs }) => startsUntilMs - fromMs <= neededMs)
}
