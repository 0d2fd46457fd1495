/**
 * One word for a POSIX shell, whatever the text contains. NUL cannot be passed to a process at all.
 * @throws RangeError when the text contains NUL.
 */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('text with a NUL byte cannot be quoted')
  return `'${text.replaceAll("'", `'\\''`)}'`
}
