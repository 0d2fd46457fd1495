/** As much of a terminal as the live view uses: it fails on any control code it does not know, and it wraps. */
import { displayWidth } from '../../src/report/width.ts'

export interface FakeTerminal {
  write(text: string): void
  /** Every line that is on the screen or has scrolled off it. */
  lines(): string[]
  readonly written: string[]
  /** Wraps what stands there already, as a terminal does that becomes narrower. */
  narrow(columns: number): void
  cursorShown(): boolean
  widest(): number
}

export function fakeTerminal(): FakeTerminal {
  let lines: string[] = ['']
  let cursor = true
  let widest = 0
  const written: string[] = []
  const act = (token: string) => {
    const up = /^\u001b\[(\d+)A$/.exec(token)
    if (up) {
      // The cursor stands on an empty line below what was drawn.
      const from = lines.length - 1 - Number(up[1])
      if (from < 0) throw new Error(`moved ${up[1]} up from line ${lines.length}`)
      lines = [...lines.slice(0, from), '']
    } else if (token === '\n') lines.push('')
    else if (token === '\u001b[?25l') cursor = false
    else if (token === '\u001b[?25h') cursor = true
    else if (token === '\r' || token === '\u001b[J' || /^\u001b\[\d+m$/.test(token)) return
    else if (/[\u0000-\u001f\u007f-\u009f]/.test(token))
      throw new Error(`unknown control ${JSON.stringify(token)}`)
    else {
      lines[lines.length - 1] += token
      widest = Math.max(widest, displayWidth(lines.at(-1) ?? ''))
    }
  }
  return {
    write(text) {
      written.push(text)
      for (const token of text.match(/\u001b\[[?\d]*[a-zA-Z]|[\n\r]|[^\u001b\n\r]+|\u001b/g) ?? []) act(token)
    },
    lines: () => [...lines],
    written,
    narrow(columns) {
      const pieces = new RegExp(`.{1,${columns}}`, 'g')
      lines = lines.flatMap(line => line.match(pieces) ?? [''])
    },
    cursorShown: () => cursor,
    widest: () => widest,
  }
}
