/** Texts that must never be shown: they print as `***`, and are taken out of whatever else is about to be shown. */
import { inspect } from 'node:util'

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

/**
 * Replaces every secret by `***`: as it is, as it stands in an address, in JSON, and line by line. A piece of one is replaced
 * as well at either end of the text, where something before may have been cut off.
 */
export function hider(secrets: Iterable<Secret>): Hide {
  const known = [...secrets].flatMap(secret => formsOf(secret.reveal()))
  const forms = [...new Set(known)]
    .filter(form => form.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
  if (forms.length === 0) return text => text
  return text => {
    const whole = forms.reduce((kept, form) => kept.replaceAll(form, hidden), text)
    return forms.reduce((kept, form) => hideEnd(hideStart(kept, form), form), whole)
  }
}

function formsOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map(line => line.trim())
  return [text, ...lines].flatMap(form => [form, encodeURIComponent(form), JSON.stringify(form).slice(1, -1)])
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

/** Plain data with every text in it hidden, also those of its keys. */
export function hideIn<T>(value: T, hide: Hide): T {
  if (typeof value === 'string') return hide(value) as T
  if (Array.isArray(value)) return value.map(item => hideIn(item, hide)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [hide(key), hideIn(item, hide)])) as T
}
