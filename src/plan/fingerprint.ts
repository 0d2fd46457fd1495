import { createHash } from 'node:crypto'
import type { Plan } from './plan.ts'

/** sha256 in hex over the canonical JSON of a plan without its own fingerprint. */
export function fingerprintOf(plan: Omit<Plan, 'fingerprint'>): string {
  const { fingerprint: _, ...rest } = plan as Plan
  return createHash('sha256').update(canonicalJson(rest)).digest('hex')
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
