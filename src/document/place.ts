import type { LineCounter } from 'yaml'
import type { Place } from '../core/fault.ts'
import { printable } from '../core/text.ts'

const widest = 100

/** The place of an offset in a text that a YAML line counter has read. */
export function placeAt(
  source: { readonly file: string; readonly text: string; readonly lines: LineCounter },
  offset: number,
): Place {
  const { line, col } = source.lines.linePos(offset)
  return placeOn(source.file, source.text, Math.max(1, line), Math.max(1, col))
}

/** The place at a 1-based line and column, with the line itself and a caret below it. */
export function placeOn(file: string, text: string, line: number, column: number): Place {
  const whole = text.split('\n', line)[line - 1]?.replace(/\r$/, '') ?? ''
  const from = column > widest ? column - Math.floor(widest / 2) : 1
  const shown = printable(whole.slice(from - 1, from - 1 + widest)).replaceAll('\t', ' ')
  const caret = `${' '.repeat(Math.max(0, column - from))}^`
  return whole.trim() === '' ? { file, line, column } : { file, line, column, excerpt: `${shown}\n${caret}` }
}
