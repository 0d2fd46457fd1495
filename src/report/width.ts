/** How many columns a text takes on a terminal. The text must be printable: no control characters. */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u
const none = /\p{Mn}|\p{Me}|\p{Cf}/u

export function displayWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const char of text) width += charWidth(char)
  return width
}

/** At most `width` columns; what was cut is marked by `...`, or by nothing where not even that fits. */
export function cutToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  const mark = width > 6 ? '...' : ''
  let left = width - mark.length
  let kept = ''
  for (const char of text) {
    left -= charWidth(char)
    if (left < 0) break
    kept += char
  }
  return `${kept}${mark}`
}

export function padToWidth(text: string, width: number): string {
  return `${text}${' '.repeat(Math.max(0, width - displayWidth(text)))}`
}

function charWidth(char: string): number {
  if (none.test(char)) return 0
  return wide.test(char) ? 2 : 1
}
