/** Requests and answers of the host program: one line each, told from everything else by a random nonce. */
import { randomBytes } from 'node:crypto'
import { shellQuote } from '../core/shell-quote.ts'

export interface Answer {
  /** One of the words the program answers with: ok, refused, failed, reverted, cancelled, held. */
  readonly status: string
  /** A key may stand more than once. Values are data from the host. */
  readonly fields: ReadonlyMap<string, readonly string[]>
}

const longestFrame = 4000

export function newNonce(): string {
  return randomBytes(16).toString('hex')
}

/** @throws RangeError when an argument holds a newline or NUL, or the frame would not fit. */
export function encodeRequest(nonce: string, verb: string, args: readonly string[]): string {
  if (args.some(arg => /[\n\r\0]/.test(arg)))
    throw new RangeError('a request cannot carry line breaks or NUL')
  const line = [nonce, verb, ...args.map(shellQuote)].join(' ')
  if (Buffer.byteLength(line) > longestFrame) throw new RangeError('a request does not fit into one frame')
  return `${line}\n`
}

/**
 * The nonce and the answer at the end of a line (a banner without a line break may stand before it); undefined when
 * the line is something else. Only a blank ends a value: a host's text may hold any other character.
 */
export function decodeAnswer(line: string): { nonce: string; answer: Answer } | undefined {
  const match = /@([0-9a-f]{32}) ([a-z]+)((?: [a-z_]+=[^ ]*)*)$/.exec(line)
  if (!match?.[1] || !match[2]) return undefined
  return { nonce: match[1], answer: { status: match[2], fields: decodeFields(match[3] ?? '') } }
}

/** `key=value key=value`, as the fields of an answer are written. */
export function decodeFields(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (const word of text.split(' ')) {
    const at = word.indexOf('=')
    if (at <= 0) continue
    const key = word.slice(0, at)
    const values = fields.get(key) ?? []
    values.push(decodeValue(word.slice(at + 1)))
    fields.set(key, values)
  }
  return fields
}

function decodeValue(text: string): string {
  return text.replace(/%(09|0A|0D|20|25)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The first value of a field, or an empty text. */
export function field(answer: Answer, key: string): string {
  return answer.fields.get(key)?.[0] ?? ''
}
