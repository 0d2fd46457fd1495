/** The event stream for programs: one entry a line. The last line is `run.finished`, with the exit code and every host. */
import type { Entry } from '../journal/entry.ts'

// What JSON leaves as it is and a terminal or a line reader might act on: DEL, C1, bidirectional and zero-width
// controls, line and paragraph separators.
const unsafe = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

export function createJsonView(write: (text: string) => void): (entry: Entry) => void {
  return entry => write(`${jsonLine(entry)}\n`)
}

export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    unsafe,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
