/** Rows of cells as aligned lines that fit the width: the last column gives way first, then the widest. */
import { type LineStyle, oneLine, paint, type Tone } from './line.ts'
import { cutToWidth, displayWidth, padToWidth } from './width.ts'

export interface Cell {
  readonly text: string
  readonly tone?: Tone
}

export interface TableStyle extends LineStyle {
  /** Columns of the terminal. */
  readonly width: number
}

const gap = 2
const narrowest = 8

export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (Cell | string)[])[],
  style: TableStyle,
): string[] {
  const cells = rows.map(row => header.map((_, column) => toCell(row[column])))
  const widths = fitWidths(
    header.map((title, column) =>
      Math.max(displayWidth(title), ...cells.map(row => displayWidth(row[column]?.text ?? ''))),
    ),
    style.width,
  )
  const line = (row: readonly Cell[]) => {
    const last = row.findLastIndex(cell => cell.text !== '')
    return row
      .slice(0, last + 1)
      .map(({ text, tone }, column) => {
        const cut = cutToWidth(text, widths[column] ?? 0)
        const shown = paint(style, tone, cut)
        return column === last
          ? shown
          : `${shown}${padToWidth('', (widths[column] ?? 0) - displayWidth(cut) + gap)}`
      })
      .join('')
  }
  return [line(header.map(text => ({ text, tone: 'faint' }))), ...cells.map(line)]
}

function toCell(cell: Cell | string | undefined): Cell {
  const { text, ...more } = typeof cell === 'string' ? { text: cell } : (cell ?? { text: '' })
  return { text: oneLine(text), ...more }
}

function fitWidths(natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  let over = widths.reduce((sum, each) => sum + each, gap * (widths.length - 1)) - width
  const shrink = (column: number) => {
    const less = Math.max(0, Math.min(over, (widths[column] ?? 0) - narrowest))
    widths[column] = (widths[column] ?? 0) - less
    over -= less
  }
  shrink(widths.length - 1)
  const byWidth = widths.map((_, column) => column).sort((a, b) => (natural[b] ?? 0) - (natural[a] ?? 0))
  // The first one says what the row is about.
  for (const column of [...byWidth.filter(each => each > 0), 0]) if (over > 0) shrink(column)
  return widths
}
