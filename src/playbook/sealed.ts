/** A text with secrets in it, of which only their names are known: what a plan holds and shows in their place. */

const pieces = Symbol('sealed')

/** Literal text, and names of secrets. */
type Piece = string | { readonly secret: string }

/** No name of a template leads into it: it has no member but a symbol. */
export interface Sealed {
  readonly [pieces]: readonly Piece[]
}

export function sealed(...parts: readonly (string | Sealed | { readonly secret: string })[]): Sealed {
  return { [pieces]: parts.flatMap(part => (isSealed(part) ? part[pieces] : [part])) }
}

export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && pieces in value
}

/** The names of secrets become variables of their own. */
export function sealedVars(secrets: Readonly<Record<string, unknown>>): Record<string, Sealed> {
  return Object.fromEntries(Object.keys(secrets).map(name => [name, sealed({ secret: name })]))
}

export function namesIn(text: Sealed): string[] {
  return text[pieces].flatMap(piece => (typeof piece === 'string' ? [] : piece.secret))
}

/**
 * The text as a plan holds it, with `{{ name }}` for every secret.
 * @returns undefined when the rest of the text could be taken for such a reference
 */
export function referring(text: Sealed): string | undefined {
  const literal = text[pieces].map(piece => (typeof piece === 'string' ? piece : '\n')).join('')
  if (literal.includes('{{') || literal.includes('}}')) return undefined
  return text[pieces].map(piece => (typeof piece === 'string' ? piece : `{{ ${piece.secret} }}`)).join('')
}

/** The references of `referring`, filled in. Only of a text that is known to be sealed: elsewhere `{{` means itself. */
export function unsealed(text: string, textOf: (secret: string) => string): string {
  return text.replace(/\{\{ (\w+) \}\}/g, (_, name: string) => textOf(name))
}
