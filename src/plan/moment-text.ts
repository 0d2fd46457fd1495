/** A moment as the people of a time zone read it, and in UTC. */

/**
 * `Mon 2026-11-23 02:00 Europe/Berlin (01:00 UTC)`; seconds only where there are some.
 * @param ms since 1970 @throws RangeError for a zone or a time that is none.
 */
export function momentText(ms: number, zone: string): string {
  const there = wallText(ms, zone)
  if (zone === 'UTC') return `${there} UTC`
  const utc = wallText(ms, 'UTC')
  return `${there} ${zone} (${isSameDay(there, utc) ? clockOf(utc) : utc} UTC)`
}

/** Without the day where it is that of `beforeMs`, and without the zone. */
export function laterText(ms: number, beforeMs: number, zone: string): string {
  const text = wallText(ms, zone)
  return isSameDay(text, wallText(beforeMs, zone)) ? clockOf(text) : text
}

function isSameDay(one: string, other: string): boolean {
  return one.split(' ')[1] === other.split(' ')[1]
}

function clockOf(text: string): string {
  return text.split(' ')[2] ?? text
}

function wallText(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const [weekday, year, month, day] = (['weekday', 'year', 'month', 'day'] as const).map(one =>
    parts.get(one),
  )
  const time = `${parts.get('hour')}:${parts.get('minute')}`
  const seconds = parts.get('second')
  return `${weekday} ${year}-${month}-${day} ${time}${seconds === '00' ? '' : `:${seconds}`}`
}
