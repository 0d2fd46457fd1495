/** The ways in which a text comes back from elsewhere: encoded for an address, for JSON, for a page, or in base64. */

/** A pattern of more than this would be too large; a longer text is found in pieces. */
const mostChars = 256

/** @returns global patterns that together find the text, and whatever of it stands in base64. */
export function formsOf(text: string): RegExp[] {
  const chars = [...text]
  const pieces: string[][] = []
  for (let at = 0; at < chars.length; at += mostChars) pieces.push(chars.slice(at, at + mostChars))
  return pieces
    .flatMap(piece => [
      patternOf(piece, inAddressOrPage),
      patternOf(piece, inJson),
      ...inBase64(piece.join('')),
    ])
    .map(pattern => new RegExp(pattern, 'g'))
}

// The two are kept apart, so that no text can be read in many ways: a backslash is either itself or two, never both.
function patternOf(chars: readonly string[], waysOf: (char: string) => readonly string[]): string {
  return chars.map(char => (isPlain(char) ? char : `(?:${waysOf(char).join('|')})`)).join('')
}

/** Encoded by nobody. */
function isPlain(char: string): boolean {
  return /^[A-Za-z0-9]$/.test(char)
}

const entities: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
}

function inAddressOrPage(char: string): string[] {
  const code = char.codePointAt(0) ?? 0
  const named = entities[char]
  const bytes = [...Buffer.from(char)].map(byte => `%${hex(byte, 2)}`).join('')
  return [
    bytes,
    `&#0*${code};`,
    `&#[xX]0*${hex(code, 1)};`,
    ...(named ? [`&${named};`] : []),
    ...(char === ' ' ? ['\\+'] : []),
    literal(char),
  ]
}

const shorts: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' }

/** Also of a shell, and of handover's own way to show what cannot be printed. */
function inJson(char: string): string[] {
  const units = Array.from({ length: char.length }, (_, at) => `\\\\u${hex(char.charCodeAt(at), 4)}`).join('')
  const code = char.charCodeAt(0)
  const short = shorts[char]
  return [
    units,
    ...(code < 0x100 ? [`\\\\x${hex(code, 2)}`] : []),
    short ? `\\\\${short}` : `\\\\${literal(char)}`,
    ...(char === '\\' ? [] : [literal(char)]),
  ]
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}

/** In either case. */
function hex(number: number, width: number): string {
  const digits = number.toString(16).padStart(width, '0')
  return digits.replace(/[a-f]/g, digit => `[${digit}${digit.toUpperCase()}]`)
}

const digit = '[A-Za-z0-9+/_-]'
/** Fewer would be found in everything. */
const fewestDigits = 4

/** Wherever in what was encoded the text began: its own digits, and the one on either side that it shares with its neighbours. */
function inBase64(text: string): string[] {
  const bytes = Buffer.from(text)
  return [0, 1, 2].flatMap(before => {
    const all = Buffer.concat([Buffer.alloc(before), bytes])
    const own = all.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((all.length * 8) / 6))
    if (own.length < fewestDigits) return []
    const pattern = [...own].map(each => (isPlain(each) ? each : base64Ways(each))).join('')
    return `${before > 0 ? `${digit}?` : ''}${pattern}${(all.length * 8) % 6 > 0 ? `${digit}?` : ''}=*`
  })
}

/** base64url has other digits, and in addresses and JSON either is encoded again. */
function base64Ways(each: string): string {
  return each === '+' ? '(?:\\+|-|%2[bB]| )' : '(?:\\\\?\\/|_|%2[fF])'
}
