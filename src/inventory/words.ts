/** Splits a line into words as Python's shlex.split does: quotes, backslashes, and `#` comments when wanted. */

export interface Word {
  readonly text: string
  /** Where the word begins in the line. */
  readonly at: number
}

export type Words =
  | { readonly ok: true; readonly words: readonly Word[] }
  | { readonly ok: false; readonly message: string; readonly at: number }

const white = /[ \t\r\n]/

export function splitWords(line: string, options: { readonly comments: boolean }): Words {
  const words: Word[] = []
  let index = 0
  while (index < line.length) {
    const char = line.charAt(index)
    if (white.test(char)) {
      index++
      continue
    }
    if (options.comments && char === '#') break
    const word = readWord(line, index, options.comments)
    if (!word.ok) return word
    words.push({ text: word.text, at: index })
    index = word.end
  }
  return { ok: true, words }
}

type Read =
  | { readonly ok: true; readonly text: string; readonly end: number }
  | { readonly ok: false; readonly message: string; readonly at: number }

function readWord(line: string, from: number, comments: boolean): Read {
  const parts: string[] = []
  let index = from
  while (index < line.length) {
    const char = line.charAt(index)
    if (white.test(char) || (comments && char === '#')) break
    if (char === '"' || char === "'") {
      const quoted = readQuoted(line, index, char)
      if (!quoted.ok) return quoted
      parts.push(quoted.text)
      index = quoted.end
    } else if (char === '\\') {
      if (index + 1 >= line.length) return { ok: false, message: 'nothing follows the backslash', at: index }
      parts.push(line.charAt(index + 1))
      index += 2
    } else {
      parts.push(char)
      index++
    }
  }
  return { ok: true, text: parts.join(''), end: index }
}

function readQuoted(line: string, open: number, quote: string): Read {
  const parts: string[] = []
  let index = open + 1
  while (index < line.length) {
    const char = line.charAt(index)
    if (char === quote) return { ok: true, text: parts.join(''), end: index + 1 }
    const next = line.charAt(index + 1)
    // Inside double quotes a backslash only escapes the quote and itself; inside single quotes nothing.
    if (quote === '"' && char === '\\' && (next === '"' || next === '\\')) {
      parts.push(next)
      index += 2
    } else {
      parts.push(char)
      index++
    }
  }
  return { ok: false, message: `the quote ${quote} is not closed`, at: open }
}
