/**
 * The kinds of value a playbook is made of. A type error carries a noun phrase ("a list"), every other
 * refusal a whole predicate ("must be at least 1"); `issues.ts` puts the key in front.
 */
import * as z from 'zod'
import { formatDuration, parseDuration } from '../core/duration.ts'
import type { FaultCode } from '../core/fault.ts'
import type { Count, StageHosts } from './playbook.ts'

/** What a refusal tells beside its message. */
export interface Refusal {
  readonly message: string
  readonly hint?: string | undefined
}

/** As `Refusal`, with a code of its own and a message that stands for itself. */
export interface CodedRefusal extends Refusal {
  readonly code: FaultCode
}

// Timers overflow after 24 days; nobody bakes for more than a week.
const longestMs = 7 * 24 * 3_600_000

export const text = z
  .string({ error: 'text' })
  .meta({ minLength: 1 })
  .superRefine((value, ctx) => {
    if (value.trim() === '') refuse(ctx, { message: 'must not be empty' })
  })

/** One line without anything a shell, a terminal or a pattern could trip over. */
export const line = text.superRefine((value, ctx) => {
  if (/[\u0000-\u001f\u007f]/.test(value))
    refuse(ctx, {
      message: 'must be one line without control characters',
      hint: 'within double quotes "\\n" and "\\t" are such: use single quotes where a backslash is meant',
    })
})

/** @param least milliseconds; 0 allows none at all */
export function duration(least: number, most = longestMs) {
  return z
    .string({ error: 'a duration such as "30s"' })
    .meta({ pattern: '^\\d+(\\.\\d+)?(ms|s|m|h)$' })
    .transform((source, ctx) => {
      const ms = parseDuration(source)
      if (ms === undefined) {
        const hint = durationHint(source, most)
        return refuse(ctx, {
          message: `must be a duration such as "30s", not ${JSON.stringify(source)}`,
          hint,
        })
      }
      if (ms < least) {
        const message = least > 1 ? `must be at least "${formatDuration(least)}"` : 'must be longer than 0'
        return refuse(ctx, { message })
      }
      if (ms > most) return refuse(ctx, { message: `must be at most "${hours(most)}"` })
      return ms
    })
}

const units: readonly (readonly [RegExp, (amount: number) => string])[] = [
  [/^(?:milliseconds?|millis|msecs?|ms)$/, amount => `${amount}ms`],
  [/^(?:seconds?|secs?|s|)$/, amount => `${amount}s`],
  [/^(?:minutes?|mins?|m)$/, amount => `${amount}m`],
  [/^(?:hours?|hrs?|h)$/, amount => `${amount}h`],
  [/^(?:days?|d)$/, amount => `${amount * 24}h`],
]

function durationHint(source: string, most: number): string {
  const both = /^(\d+)h\s*(\d+)m(?:in)?$/i.exec(source.trim())
  if (both) return `write "${Number(both[1]) * 60 + Number(both[2])}m"`
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(source.trim()) ?? []
  const [, write] = units.find(([pattern]) => pattern.test(unit.toLowerCase())) ?? []
  const meant = amount === undefined ? undefined : write?.(Number(amount))
  if (meant === undefined) return 'the units are ms, s, m and h'
  return (parseDuration(meant) ?? 0) > most ? `the longest is "${hours(most)}"` : `write "${meant}"`
}

function hours(ms: number): string {
  return `${ms / 3_600_000}h`
}

/** A whole number; as text too, because `-e n=5` is text. */
export function wholeNumber(least: number, most: number) {
  return z
    .union([z.number(), z.string()], { error: 'a whole number' })
    .meta({ pattern: '^\\d+$', minimum: least, maximum: most })
    .transform((value, ctx) => {
      const number = typeof value === 'number' ? value : /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
      if (!Number.isInteger(number)) {
        return refuse(ctx, { message: `must be a whole number, not ${JSON.stringify(value)}` })
      }
      if (number < least) return refuse(ctx, { message: `must be at least ${least}` })
      if (number > most) return refuse(ctx, { message: `must be at most ${most}` })
      return number
    })
}

const countError = { error: 'a whole number or a percentage such as "25%"' }

/** `least` 1 for what must let work go on, 0 for a tolerance. */
export function count(least: 0 | 1) {
  return z
    .union([z.number(), z.string()], countError)
    .meta({ pattern: '^\\d+%?$', minimum: least })
    .transform((value, ctx): Count => {
      const read = readCount(value)
      if (!read) {
        return refuse(ctx, notCount(value))
      }
      return boundCount(ctx, read, least)
    })
}

export const stageHosts = z
  .union([z.number(), z.string()], { error: 'a number of hosts, a percentage, a pattern, or "rest"' })
  .meta({ minimum: 1, minLength: 1 })
  .transform((value, ctx): StageHosts => {
    const read = readCount(value)
    if (read) return boundCount(ctx, read, 1)
    if (typeof value === 'number' || /^[\d.\s-]+%?$/.test(value)) {
      return refuse(ctx, notCount(value))
    }
    if (value.trim() === '') return refuse(ctx, { message: 'must not be empty' })
    return value === 'rest' ? { kind: 'rest' } : { kind: 'pattern', value }
  })

function notCount(value: number | string): Refusal {
  const plain = String(value).replaceAll(/[\s_,]/g, '')
  const isMeant = plain !== String(value) && /^\d{1,9}%?$/.test(plain)
  const message = `must be ${countError.error}, not ${JSON.stringify(value)}`
  return { message, hint: isMeant ? `write ${plain}` : undefined }
}

function readCount(value: number | string): Count | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'count', value } : undefined
  const match = /^(\d{1,9})(%?)$/.exec(value)
  return match ? { kind: match[2] ? 'percent' : 'count', value: Number(match[1]) } : undefined
}

function boundCount(ctx: z.RefinementCtx, read: Count, least: 0 | 1): Count {
  if (read.value < least) return refuse(ctx, { message: `must be at least ${least}` })
  if (read.kind === 'percent' && read.value > 100) return refuse(ctx, { message: 'must be at most 100%' })
  return read
}

export function refuse(ctx: z.RefinementCtx, refusal: Refusal | CodedRefusal): never {
  const { message, ...params } = refusal
  ctx.addIssue({ code: 'custom', message, params })
  return z.NEVER
}
