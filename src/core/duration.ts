/** Durations as users write them (`500ms`, `30s`, `5m`, `2h`) and as code uses them (milliseconds). */
const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** Milliseconds, or undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text)
  if (!match?.[1] || !match[2]) return undefined
  return Math.round(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs])
}

/** For people: `850ms`, `4.2s`, `5m`, `3m 05s`, `2h 10m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return pair(seconds, 60, 'm', 's')
  return pair(Math.round(seconds / 60), 60, 'h', 'm')
}

function pair(total: number, size: number, large: string, small: string): string {
  const rest = total % size
  const whole = `${Math.floor(total / size)}${large}`
  return rest === 0 ? whole : `${whole} ${String(rest).padStart(2, '0')}${small}`
}
