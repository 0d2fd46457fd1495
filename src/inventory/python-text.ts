/** Values as Python prints them, which `ansible-inventory --graph --vars` shows. */
import type { Value, Vars } from './inventory.ts'
import { isTagged, isVault } from './tagged.ts'

/** As `str()`: a text is itself. What is encrypted is never shown. */
export function pythonText(value: Value): string {
  return typeof value === 'string'
    ? value
    : isTagged(value) && !isVault(value)
      ? value.text
      : pythonRepr(value)
}

/** As `repr()`. */
function pythonRepr(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return numberText(value)
  if (isTagged(value)) return isVault(value) ? '(encrypted)' : quoted(value.text)
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`
  const members = Object.entries(value as Vars).map(([key, item]) => `${quoted(key)}: ${pythonRepr(item)}`)
  return `{${members.join(', ')}}`
}

/** Python writes exponents with a sign and two digits. */
function numberText(value: number): string {
  return String(value).replace(/e([-+])(\d)$/, 'e$10$2')
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inside = text.replace(/[\\'"\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, char => {
    if (char === '\\' || char === quote) return `\\${char}`
    if (char === "'" || char === '"') return char
    return named[char] ?? escaped(char.codePointAt(0) ?? 0)
  })
  return `${quote}${inside}${quote}`
}

function escaped(code: number): string {
  const hex = (length: number) => code.toString(16).padStart(length, '0')
  return code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`
}
