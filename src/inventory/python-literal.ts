/** Values of an INI inventory: what Python's ast.literal_eval accepts is that value, all else is text. */
import type { Value } from './inventory.ts'
import { pythonNumber } from './python-number.ts'

interface Cursor {
  readonly text: string
  at: number
}

/** Distinguishes "not a literal" from the literal None. */
export interface Literal {
  readonly value: Value
  /** The literal as written, without a Python comment after it. */
  readonly written: string
}

const deepest = 64

/** The value of inline text: a Python literal if it is one, else the text. */
export function readPythonValue(text: string): Value {
  const literal = parsePythonLiteral(text)
  return literal ? literal.value : text
}

/** Undefined when the text is not one Python literal. Tuples and sets become lists, as in Ansible. */
export function parsePythonLiteral(text: string): Literal | undefined {
  const cursor = { text, at: 0 }
  skipSpace(cursor)
  const begin = cursor.at
  const value = readBareTuple(cursor)
  if (value === undefined) return undefined
  const written = text.slice(begin, cursor.at).trimEnd()
  skipSpace(cursor)
  if (cursor.at < text.length && text.charAt(cursor.at) !== '#') return undefined
  return { value, written }
}

/** `1, 2` is a tuple without its parentheses. */
function readBareTuple(cursor: Cursor): Value | undefined {
  const first = readValue(cursor, 0)
  skipSpace(cursor)
  if (first === undefined || !take(cursor, ',')) return first
  const items: Value[] = [first]
  for (;;) {
    skipSpace(cursor)
    if (cursor.at >= cursor.text.length || cursor.text.charAt(cursor.at) === '#') return items
    const item = readValue(cursor, 0)
    if (item === undefined) return undefined
    items.push(item)
    skipSpace(cursor)
    if (!take(cursor, ',')) return items
  }
}

function readValue(cursor: Cursor, depth: number): Value | undefined {
  skipSpace(cursor)
  if (depth > deepest) return undefined
  const rest = cursor.text.charAt(cursor.at)
  if (rest === '[') return readItems(cursor, ']', depth)
  if (rest === '(') return readTuple(cursor, depth)
  if (rest === '{') return readBraces(cursor, depth)
  const text = readStrings(cursor)
  if (text !== undefined) return text
  const word = /[^\s,:\]})#'"[({]+/y
  word.lastIndex = cursor.at
  const match = word.exec(cursor.text)?.[0]
  if (match === undefined) return undefined
  cursor.at += match.length
  if (match === 'None') return null
  if (match === 'True') return true
  if (match === 'False') return false
  return pythonNumber(match)
}

function readItems(cursor: Cursor, close: string, depth: number): Value[] | undefined {
  cursor.at++
  const items: Value[] = []
  for (;;) {
    skipSpace(cursor)
    if (take(cursor, close)) return items
    const item = readValue(cursor, depth + 1)
    if (item === undefined) return undefined
    items.push(item)
    skipSpace(cursor)
    if (!take(cursor, ',')) return take(cursor, close) ? items : undefined
  }
}

/** `(1, 2)` is a tuple, `(1)` is just 1. */
function readTuple(cursor: Cursor, depth: number): Value | undefined {
  const open = cursor.at
  const items = readItems(cursor, ')', depth)
  if (items?.length !== 1) return items
  return /,\s*\)$/.test(cursor.text.slice(open, cursor.at)) ? items : items[0]
}

/** A dict or a set. Neither may have lists, dicts or sets as keys or members, as in Python. */
function readBraces(cursor: Cursor, depth: number): Value | undefined {
  cursor.at++
  const object: { [key: string]: Value } = Object.create(null)
  const members: Value[] = []
  let kind: 'dict' | 'set' | undefined
  for (;;) {
    skipSpace(cursor)
    if (take(cursor, '}')) return kind === 'set' ? members : object
    if (/[[{]/.test(cursor.text.charAt(cursor.at))) return undefined
    const key = readValue(cursor, depth + 1)
    if (key === undefined) return undefined
    skipSpace(cursor)
    const here = take(cursor, ':') ? 'dict' : 'set'
    kind ??= here
    if (kind !== here) return undefined
    if (kind === 'dict') {
      if (typeof key === 'object' && key !== null) return undefined
      const item = readValue(cursor, depth + 1)
      if (item === undefined) return undefined
      object[String(key)] = item
      skipSpace(cursor)
    } else members.push(key)
    if (!take(cursor, ',')) return take(cursor, '}') ? (kind === 'set' ? members : object) : undefined
  }
}

/** One string or several written next to each other, which Python joins. */
function readStrings(cursor: Cursor): string | undefined {
  const parts: string[] = []
  const quoted = /([rRuUbB]?)('(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")/y
  for (;;) {
    quoted.lastIndex = cursor.at
    const match = quoted.exec(cursor.text)
    if (match?.[2] === undefined) return parts.length > 0 ? parts.join('') : undefined
    const inside = match[2].slice(1, -1)
    parts.push(/[rR]/.test(match[1] ?? '') ? inside : readEscapes(inside))
    cursor.at += match[0].length
    skipSpace(cursor)
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
}

/** Unknown escapes keep their backslash, as in Python. */
function readEscapes(text: string): string {
  const pattern =
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U(00(?:0[\da-fA-F]|10)[\da-fA-F]{4})|([0-7]{1,3})|([\s\S]))/g
  return text.replace(
    pattern,
    (whole, hex?: string, four?: string, eight?: string, octal?: string, char?: string) => {
      const code = hex ?? four ?? eight
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16))
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
      return char !== undefined && Object.hasOwn(escapes, char) ? (escapes[char] ?? whole) : whole
    },
  )
}

function skipSpace(cursor: Cursor): void {
  while (/[ \t\r\n\f]/.test(cursor.text.charAt(cursor.at))) cursor.at++
}

function take(cursor: Cursor, char: string): boolean {
  if (cursor.text.charAt(cursor.at) !== char) return false
  cursor.at++
  return true
}
