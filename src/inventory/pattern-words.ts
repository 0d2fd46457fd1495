/** Splits a host pattern such as `web:&europe:!drained` into its parts. Rules: `inventory/manager.py`. */
import { isIPv6 } from 'node:net'

/** union adds, `&` keeps what is also there, `!` takes away. */
type PatternKind = 'union' | 'intersection' | 'exclusion'

export interface PatternPart {
  readonly kind: PatternKind
  /** Without `&` or `!`. */
  readonly text: string
  /** Where the text begins in what was written. */
  readonly at: number
}

export type PatternParts =
  | { readonly ok: true; readonly parts: readonly PatternPart[] }
  | { readonly ok: false; readonly message: string; readonly at: number }

/** A comma anywhere makes commas the only separators; else colons separate, but not inside brackets. */
export function splitPattern(pattern: string): PatternParts {
  const pieces = pattern.includes(',') ? splitAtCommas(pattern) : splitAtColons(pattern)
  const stray = pieces.find(piece => piece.stray)
  if (stray) return { ok: false, message: `"${stray.text}" does not belong here`, at: stray.at }
  const parts: PatternPart[] = []
  for (const { text, at } of pieces) {
    const sign = text.charAt(0)
    const kind = sign === '&' ? 'intersection' : sign === '!' ? 'exclusion' : 'union'
    const name = kind === 'union' ? text : text.slice(1)
    if (name === '') return { ok: false, message: `nothing follows "${sign}"`, at }
    parts.push({ kind, text: name, at: at + text.length - name.length })
  }
  return { ok: true, parts }
}

interface Piece {
  readonly text: string
  readonly at: number
  readonly stray: boolean
}

function splitAtCommas(pattern: string): Piece[] {
  let offset = 0
  return pattern.split(',').flatMap(part => {
    const at = offset + part.length - part.trimStart().length
    offset += part.length + 1
    return part.trim() === '' ? [] : { text: part.trim(), at, stray: false }
  })
}

/** White space separates as colons do. A bracket without its partner belongs to nothing. */
function splitAtColons(pattern: string): Piece[] {
  const whole = pattern.trim()
  if (isIPv6(whole)) return [{ text: whole, at: pattern.indexOf(whole), stray: false }]
  const words = /(?:[^\s:[\]]|\[[^\]]*\])+|([[\]])/g
  return Array.from(pattern.matchAll(words), match => ({
    text: match[0],
    at: match.index,
    stray: match[1] !== undefined,
  }))
}

export interface Subscript {
  readonly name: string
  readonly first: number
  /** Inclusive; undefined takes one host only, Infinity goes to the end. */
  readonly last: number | undefined
}

/** `g[0]`, `g[-1]`, `g[1:2]`, `g[1:]`; undefined when there is no subscript. Regular expressions have none. */
export function readSubscript(text: string): Subscript | 'dash' | undefined {
  const match = /^([^~].*)\[(?:(-?\d{1,9})|(\d{1,9})([:-])(\d{0,9}))\]$/.exec(text)
  if (!match?.[1]) return undefined
  const [, name, index, first, separator, last] = match
  if (separator === '-') return 'dash'
  if (index !== undefined) return { name, first: Number(index), last: undefined }
  return { name, first: Number(first), last: last ? Number(last) : Number.POSITIVE_INFINITY }
}
