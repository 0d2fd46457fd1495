/** Texts that must never be shown: they print as `***`, and are taken out of whatever else is about to be shown. */
import { inspect } from 'node:util'
import { formsOf } from './secret-forms.ts'

const hidden = '***'

/** Shorter texts occur by chance everywhere, so they cannot be taken out of anything. */
export const shortestSecret = 4

/** Holds a text that only `reveal` gives away: not JSON, not a template string, not the debugger's view. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [inspect.custom](): string {
    return hidden
  }
}

export type Hide = (text: string) => string

/** Replaces every secret by `***`, in every form that `formsOf` knows. */
export function hider(secrets: Iterable<Secret>): Hide {
  const patterns = textsOf(secrets).flatMap(formsOf)
  return text => patterns.reduce((kept, pattern) => kept.replace(pattern, hidden), text)
}

/**
 * For what somebody else has said, which may have been cut before it came here: a piece of a secret at either end is replaced
 * as well. Not for names and the like: any word may begin as a secret does.
 */
export function cutHider(secrets: Iterable<Secret>): Hide {
  const hide = hider(secrets)
  const ends = textsOf(secrets).flatMap(endsOf)
  return text => ends.reduce((kept, form) => hideEnd(hideStart(kept, form), form), hide(text))
}

/** Whole, and line by line; the longest first. */
function textsOf(secrets: Iterable<Secret>): string[] {
  const texts = [...secrets].flatMap(secret => {
    const text = secret.reveal()
    return [text, ...text.split(/\r?\n/).map(line => line.trim())]
  })
  return [...new Set(texts)].filter(text => text.length >= shortestSecret).sort((a, b) => b.length - a.length)
}

function endsOf(text: string): string[] {
  return [...new Set([text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)])]
}

function hideStart(text: string, form: string): string {
  for (let length = Math.min(form.length - 1, text.length); length >= shortestSecret; length--) {
    if (text.startsWith(form.slice(-length))) return hidden + text.slice(length)
  }
  return text
}

function hideEnd(text: string, form: string): string {
  for (let length = Math.min(form.length - 1, text.length); length >= shortestSecret; length--) {
    if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + hidden
  }
  return text
}

/** What is written for people. Everything else is read by programs, handover itself among them, and stays what it is. */
const prose: ReadonlySet<string> = new Set([
  'message',
  'hint',
  'excerpt',
  'detail',
  'reason',
  'summary',
  'notes',
])

/** Plain data with the texts hidden that are written for people: never a key, a name, a type or a number. */
export function hideIn<T>(value: T, hide: Hide, isProse = false): T {
  if (typeof value === 'string') return (isProse ? hide(value) : value) as T
  if (Array.isArray(value)) return value.map(item => hideIn(item, hide, isProse)) as T
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, item]) => [
    key,
    hideIn(item, hide, isProse || (prose.has(key) && !isMapping(item))),
  ])
  return Object.fromEntries(members) as T
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
