/** Numbers as Python writes them. */

const integer =
  /^[-+]?(?:0(?:_?0)*|[1-9](?:_?\d)*|0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/
const float =
  /^[-+]?(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*|\d(?:_?\d)*(?=[eE]))(?:[eE][-+]?\d(?:_?\d)*)?$/

/** Undefined when the text is not a number. `0755` is none in Python 3. */
export function pythonNumber(text: string): number | string | undefined {
  const digits = text.replaceAll('_', '')
  if (integer.test(text)) return exact(digits)
  if (!float.test(text)) return undefined
  const value = Number(digits)
  return Number.isFinite(value) ? value : digits
}

/** An integer that JavaScript cannot hold exactly stays text: a changed value would be worse than a changed type. */
export function exact(digits: string): number | string {
  const sign = digits.startsWith('-') ? -1 : 1
  const value = Number(digits.replace(/^[-+]/, ''))
  return Number.isSafeInteger(value) ? (value === 0 ? 0 : sign * value) : digits.replace(/^\+/, '')
}
