/** Maintenance windows as a playbook has them: when hosts may start to switch, and what to do when that ends in between. */
import * as z from 'zod'
import { formatDuration } from '../core/duration.ts'
import { nearest } from '../core/suggest.ts'
import { isCron, parseCron } from './cron.ts'
import { duration, refuse } from './values.ts'

/** A recurring span of time: it begins whenever the wall clock of its zone shows what `cron` means. */
export interface Window {
  readonly kind: 'allow' | 'deny'
  /** Five fields. */
  readonly cron: string
  /** IANA. */
  readonly timeZone: string
  /** Elapsed time, also across a change of the clocks. */
  readonly durationMs: number
  /** No host starts so late before the allowed time ends, or before a denied one begins. */
  readonly cutoffMs: number
}

/** What to do with a run that has begun when its window closes. */
export type OnWindowClose = 'finish' | 'hold' | 'rollback'

// A freeze over the holidays, or over a quarter.
const longestMs = 366 * 24 * 3_600_000

const cron = z.string({ error: 'the five fields of cron, in quotes' }).superRefine((text, ctx) => {
  const read = parseCron(text)
  if (!isCron(read)) refuse(ctx, read)
})

const timeZone = z.string({ error: 'a time zone such as "Europe/Berlin"' }).transform((name, ctx) => {
  // An offset is not a zone: it would be wrong for half of the year.
  const known = /^[+-]/.test(name) ? undefined : canonical(name)
  if (known !== undefined) return known
  const near = nearest(name, Intl.supportedValuesOf('timeZone'))
  const hint = near ? `did you mean "${near}"?` : 'write UTC, or a name such as Europe/Berlin'
  return refuse(ctx, { message: `must be the name of a time zone, not ${JSON.stringify(name)}`, hint })
})

function canonical(name: string): string | undefined {
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    return timeZone
  } catch {
    return undefined
  }
}

export const window = z
  .strictObject(
    {
      allow: cron.optional(),
      deny: cron.optional(),
      duration: duration(60_000, longestMs),
      time_zone: timeZone,
      cutoff: duration(0, longestMs).prefault('0s'),
    },
    { error: 'a mapping such as { allow: "0 2 * * *", duration: 3h, time_zone: UTC }' },
  )
  .superRefine((written, ctx) => {
    const { allow, duration, cutoff } = written
    if (allow === undefined || cutoff < duration) return
    const message = `must be shorter than the window (${formatDuration(duration)}): no host could ever start`
    ctx.addIssue({ code: 'custom', message, path: ['cutoff'] })
  })

export const windows = z.array(window, { error: 'a list of windows' }).prefault([])

export const onWindowClose = z
  .enum(['finish', 'hold', 'rollback'], { error: '"finish", "hold" or "rollback"' })
  // A fleet that is left half-way overnight is for the operator to choose.
  .prefault('rollback')

export function buildWindow(written: z.output<typeof window>): Window {
  const { allow, deny = '', duration: durationMs, time_zone: timeZone, cutoff: cutoffMs } = written
  return { kind: allow === undefined ? 'deny' : 'allow', cron: allow ?? deny, timeZone, durationMs, cutoffMs }
}
