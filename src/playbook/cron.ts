/**
 * Cron's five fields: minute, hour, day of the month, month, day of the week. Only what crontab(5) has; a sixth field, `@daily`
 * and `L` mean different things to different programs, and are refused.
 */
import type { Refusal } from './values.ts'

/** The moments on a wall clock that an expression means. */
export interface CronTimes {
  /** 0 to 59, in order, each once; so are all. */
  readonly minutes: readonly number[]
  /** 0 to 23. */
  readonly hours: readonly number[]
  /** 1 to 31. */
  readonly days: readonly number[]
  /** 1 to 12. */
  readonly months: readonly number[]
  /** 0 (Sunday) to 6. */
  readonly weekdays: readonly number[]
  /** As in cron: where both kinds of days are restricted, one of them is enough. */
  readonly eitherDay: boolean
}

interface Field {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly words?: readonly string[]
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const weekdays = 'sun mon tue wed thu fri sat'.split(' ')

const fields = {
  minute: { name: 'minute', least: 0, most: 59 },
  hour: { name: 'hour', least: 0, most: 23 },
  day: { name: 'day of the month', least: 1, most: 31 },
  month: { name: 'month', least: 1, most: 12, words: ['', ...months] },
  // 7 is Sunday, too.
  weekday: { name: 'day of the week', least: 0, most: 7, words: [...weekdays, 'sun'] },
} as const satisfies Record<string, Field>

const order = 'minute, hour, day of the month, month and day of the week'

/** @returns why it means nothing, as a predicate, where it does not. */
export function parseCron(text: string): CronTimes | Refusal {
  const words = text.trim().split(/\s+/)
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = words
  if (words.length !== 5) return wrongLength(text, words)
  const minutes = readField(fields.minute, minute)
  const hours = readField(fields.hour, hour)
  const days = readField(fields.day, day)
  const months = readField(fields.month, month)
  const weekdays = readField(fields.weekday, weekday)
  for (const read of [minutes, hours, days, months, weekdays]) if ('message' in read) return read
  const times = { minutes, hours, days, months, weekdays, eitherDay: isRestricted(day, weekday) } as CronTimes
  return never(times) ?? { ...times, weekdays: inOrder(times.weekdays.map(value => value % 7)) }
}

function isRestricted(...days: readonly string[]): boolean {
  return days.every(text => !text.startsWith('*'))
}

export function isCron(read: CronTimes | Refusal): read is CronTimes {
  return 'minutes' in read
}

function wrongLength(text: string, words: readonly string[]): Refusal {
  const message = `must have the five fields of cron, not ${JSON.stringify(text)}`
  if (text.trim().startsWith('@')) return { message, hint: 'write "0 0 * * *" for midnight' }
  const hint =
    words.length === 6 ? `there are no seconds: the fields are ${order}` : `the fields are ${order}`
  return { message, hint }
}

function readField(field: Field, text: string): readonly number[] | Refusal {
  const values: number[] = []
  for (const item of text.split(',')) {
    const read = readItem(field, item)
    if ('message' in read) return read
    values.push(...read)
  }
  return inOrder(values)
}

function inOrder(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}

function readItem(field: Field, item: string): readonly number[] | Refusal {
  const [range = '', step, ...rest] = item.split('/')
  const every = step === undefined ? 1 : /^\d{1,2}$/.test(step) ? Number(step) : 0
  if (every === 0 || rest.length > 0) return refusal(field, item)
  const [first, last] = range === '*' ? [field.least, field.most] : ends(field, range)
  if (first === undefined || last === undefined) return refusal(field, item)
  if (last < first) return refusal(field, item, 'a range goes upwards: write two of them, such as 22-23,0-3')
  if (step !== undefined && range !== '*' && !range.includes('-'))
    return refusal(field, item, `write ${range}-${field.most}/${step}, or ${range} alone`)
  return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, at) => first + at * every)
}

function ends(field: Field, range: string): readonly (number | undefined)[] {
  const [first, last, ...rest] = range.split('-').map(text => readValue(field, text))
  if (rest.length > 0) return []
  if (!range.includes('-')) return [first, first]
  // "fri-sun" ends with the Sunday after it.
  return [first, last === 0 && field.least === 0 && field.most === 7 && first !== 0 ? 7 : last]
}

function readValue({ least, most, words }: Field, text: string): number | undefined {
  const word = text === '' ? -1 : (words?.indexOf(text.toLowerCase()) ?? -1)
  const value = word >= 0 ? word : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : undefined
}

function refusal({ name, least, most, words }: Field, item: string, hint?: string): Refusal {
  const names = words ? `, or a name such as ${words.find(Boolean)}` : ''
  const known = `${name === 'hour' ? 'an' : 'a'} ${name} is a number from ${least} to ${most}${names}; lists, ranges and steps are understood`
  return { message: `has ${JSON.stringify(item)} as its ${name}`, hint: hint ?? known }
}

/** The 30th of February. */
function never({ days, months, eitherDay }: CronTimes): Refusal | undefined {
  const [first = 1] = days
  if (eitherDay || months.some(month => first <= longest(month))) return undefined
  return { message: `never comes: there is no day ${first} in any month that it names` }
}

function longest(month: number): number {
  return month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31
}
