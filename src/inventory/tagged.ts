/** Values with a tag of Ansible's: `!vault` is encrypted, `!unsafe` must never be read as a template. */
import type { Value, Vars } from './inventory.ts'
import type { Spot } from './spot.ts'

const tag = Symbol('tag')

export interface Tagged {
  readonly [tag]: 'vault' | 'unsafe'
  /** The encrypted text, or the text itself. */
  readonly text: string
  readonly spot: Spot
}

export function tagged(kind: Tagged[typeof tag], text: string, spot: Spot): Tagged {
  return { [tag]: kind, text, spot }
}

export function isTagged(value: Value | undefined): value is Tagged {
  return typeof value === 'object' && value !== null && tag in value
}

export function isVault(value: Tagged): boolean {
  return value[tag] === 'vault'
}

// Values are shared by thousands of hosts, and each is looked through once.
const holders = new WeakMap<object, boolean>()

/** Whether a value is tagged or holds one that is. */
export function holdsTagged(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false
  const known = holders.get(value)
  if (known !== undefined) return known
  const found = isTagged(value) || Object.values(value).some(holdsTagged)
  holders.set(value, found)
  return found
}

/** The value with everything tagged in it replaced. */
export function replaceTagged(value: Value, replace: (found: Tagged) => Value): Value {
  if (isTagged(value)) return replace(value)
  if (!holdsTagged(value)) return value
  if (Array.isArray(value)) return value.map((item: Value) => replaceTagged(item, replace))
  const object: Vars = Object.create(null)
  for (const [key, item] of Object.entries(value as Vars)) object[key] = replaceTagged(item, replace)
  return object
}
