/** Text that came from outside is data: shown escaped, cut to a bound, never printed raw. */

// C0 and C1 controls, DEL, bidirectional controls, line and paragraph separators, and lone surrogates.
const unprintable =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/g
const pairs = /[\ud800-\udbff][\udc00-\udfff]/g

/** Keeps letters, newlines and tabs; everything a terminal could act on becomes a visible `\xNN` or `\u{NNNN}`. */
export function printable(text: string): string {
  const kept: string[] = []
  let from = 0
  for (const pair of text.matchAll(pairs)) {
    kept.push(text.slice(from, pair.index).replace(unprintable, visible), pair[0])
    from = pair.index + 2
  }
  kept.push(text.slice(from).replace(unprintable, visible))
  return kept.join('')
}

function visible(char: string): string {
  const code = char.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** At most `limit` UTF-16 units: the head and the tail, with a note of what was left out between them. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text
  const half = Math.max(1, Math.floor((limit - 24) / 2))
  return `${text.slice(0, half)} [${text.length - 2 * half} left out] ${text.slice(-half)}`
}

/** `1 host`, `2 hosts`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
