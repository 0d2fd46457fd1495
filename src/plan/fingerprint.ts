import { createHash } from 'node:crypto'
import type { Plan } from './plan.ts'

/** sha256 in hex over the canonical JSON of a plan without its own fingerprint. */
export function fingerprintOf(plan: Omit<Plan, 'fingerprint'>): string {
  const { fingerprint: _, ...rest } = plan as Plan
  const hash = createHash('sha256')
  // Piece by piece: of ten thousand hosts the whole text would be one string of megabytes.
  for (const piece of pieces(rest)) hash.update(piece)
  return hash.digest('hex')
}

/** JSON with sorted keys and no blanks, so that the same content always gives the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as Readonly<Record<string, unknown>>
  let members = ''
  for (const key of Object.keys(object).sort()) {
    if (object[key] === undefined) continue
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(object[key])}`
  }
  return `{${members}}`
}

/** The canonical JSON of an object, with the entries of its lists one by one. */
function* pieces(object: Readonly<Record<string, unknown>>): Generator<string> {
  let before = '{'
  for (const key of Object.keys(object).sort()) {
    const value = object[key]
    if (value === undefined) continue
    yield `${before}${JSON.stringify(key)}:`
    before = ','
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) yield `${index === 0 ? '[' : ','}${canonicalJson(item)}`
      yield value.length === 0 ? '[]' : ']'
    } else yield canonicalJson(value)
  }
  yield before === '{' ? '{}' : '}'
}
