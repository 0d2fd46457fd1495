/** Long lines over several, for a page that is read at a terminal. The text must be printable. */
import { displayWidth } from './width.ts'

/** Below this a page would be a column of single words; the terminal breaks the lines itself then. */
const narrowest = 40

/**
 * Broken at blanks. What goes on is set in by two more than the line, or as far as its text where two blanks part that from
 * a label.
 */
export function wrapLines(lines: readonly string[], width: number): string[] {
  return width < narrowest ? [...lines] : lines.flatMap(line => wrapped(line, width))
}

function wrapped(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line]
  const [indent = ''] = /^ */.exec(line) ?? []
  const [label = ''] = /^ +\S(?:\S| (?! ))* {2,}/.exec(line) ?? []
  const start = label || indent
  const set = ' '.repeat(label ? label.length : indent.length + 2)
  const [first = '', ...words] = line.slice(start.length).split(' ')
  const lines: string[] = []
  let current = `${start}${first}`
  for (const word of words) {
    if (displayWidth(current) + 1 + displayWidth(word) <= width) current += ` ${word}`
    else {
      lines.push(current)
      current = `${set}${word}`
    }
  }
  return [...lines, current]
}
