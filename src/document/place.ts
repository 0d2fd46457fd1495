import type { LineCounter } from 'yaml'
import type { Place } from '../core/fault.ts'
import { printable } from '../core/text.ts'

const widest = 100

/** A text that a YAML line counter has read. */
export interface SourceLines {
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
}

export function placeAt(source: SourceLines, offset: number): Place {
  const { line, col } = source.lines.linePos(offset)
  const from = source.lines.lineStarts[line - 1] ?? 0
  const whole = source.text.slice(from, source.lines.lineStarts[line])
  return placeIn(source.file, whole, Math.max(1, line), Math.max(1, col))
}

/** The place at a 1-based line and column, with the line itself and a caret below it. */
export function placeOn(file: string, text: string, line: number, column: number): Place {
  return placeIn(file, text.split('\n', line)[line - 1] ?? '', line, column)
}

/** @param written the line, perhaps with its end: a file of nothing but mistakes must not be walked through for each. */
function placeIn(file: string, written: string, line: number, column: number): Place {
  const whole = written.slice(0, written.length - endOf(written))
  const from = column > widest ? column - Math.floor(widest / 2) : 1
  const visible = (text: string): string => printable(text).replaceAll('\t', ' ')
  const shown = visible(whole.slice(from - 1, from - 1 + widest))
  // What is shown escaped is wider than it was, so the caret is measured on what is shown.
  const past = Math.max(0, column - 1 - whole.length)
  const caret = `${' '.repeat(visible(whole.slice(from - 1, column - 1)).length + past)}^`
  return whole.trim() === '' ? { file, line, column } : { file, line, column, excerpt: `${shown}\n${caret}` }
}

/**
 * The place of a part of a value: `at` units behind where `text` begins, which may be behind a quote.
 * @param place of the value; it is the answer where the line does not show the text as it is, as behind a template.
 */
export function placeWithin(place: Place, text: string, at: number): Place {
  const [line = '', caret = ''] = place.excerpt?.split('\n') ?? []
  const from = caret.length - 1
  const begin = [from, from + 1].find(one => line.startsWith(text.slice(0, at + 1), one))
  if (place.column === undefined || from < 0 || begin === undefined) return place
  const past = begin - from + at
  return { ...place, column: place.column + past, excerpt: `${line}\n${' '.repeat(past)}${caret}` }
}

function endOf(line: string): number {
  return line.endsWith('\r\n') ? 2 : line.endsWith('\n') || line.endsWith('\r') ? 1 : 0
}
