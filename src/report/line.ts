/** Pieces of one line of text. Whatever came from outside passes through here before it is shown. */
import { styleText } from 'node:util'
import { clip, printable } from '../core/text.ts'

export interface LineStyle {
  readonly color: boolean
}

export type Tone = 'good' | 'bad' | 'doubt' | 'strong' | 'faint'

const formats = {
  good: 'green',
  bad: 'red',
  doubt: 'yellow',
  strong: 'bold',
  faint: 'dim',
} as const

/** The caller has decided about colour; node must not decide again from its own stdout. */
export function paint({ color }: LineStyle, tone: Tone | undefined, text: string): string {
  return color && tone ? styleText(formats[tone], text, { validateStream: false }) : text
}

/** Escaped, on one line, and at most about `limit` UTF-16 units long. */
export function oneLine(text: string, limit = 400): string {
  const shown = printable(clip(text, limit)).replaceAll('\n', '\\n').replaceAll('\t', ' ')
  // Escaping may have made it longer, and a cut may have parted a surrogate pair.
  return printable(clip(shown, limit))
}

/** `h01, h02, h03 and 7 more`. */
export function nameList(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map(name => oneLine(name, 80))
  const more = names.length > most ? ` and ${names.length - most} more` : ''
  return `${shown.join(', ')}${more}`
}

/** One piece of news, and the part of the run that it belongs to. */
export interface Telling {
  /** A stage, or `inspect`, `prepare`, `look`, `decided`, `commit`, `rollback`, `run`. */
  readonly where: string
  readonly text: string
  readonly tone?: Tone
  /** Routine news of one host: left out where there are too many hosts for it. */
  readonly routine?: boolean
}
