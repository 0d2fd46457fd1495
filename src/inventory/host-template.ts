/**
 * Templates in the variables that say how a host is reached: `{{ name }}` and `{{ name.part }}` with the variables of
 * the same host, and nothing else of Jinja. Nothing is ever executed. Templates of playbooks have a grammar of their own.
 */
import { fault, HandoverError, type Place } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'
import type { Value, Vars } from './inventory.ts'
import { pythonText } from './python-text.ts'

const deepest = 32
const longest = 64 * 1024

export function hasTemplateMark(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#')
}

/**
 * The variables with templates filled in when they are read: reading throws HandoverError INVENTORY_TEMPLATE, and what
 * reading from `vars` throws.
 * @param vars see hostVars; not changed.
 * @param placeOf where a variable was written.
 */
export function filledVars(vars: Vars, placeOf: (variable: string) => Place | undefined): Vars {
  const filled: Vars = Object.create(null)
  const known = new Map<string, Value>()
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(vars))) {
    // What has a getter may hold a template: it shows when it is read.
    const isPlain = typeof value === 'string' ? !hasTemplateMark(value) : value === null
    if (isPlain || typeof value === 'number' || typeof value === 'boolean') filled[name] = value
    else {
      const get = () => fill(vars[name] ?? null, { vars, known, variable: name, trail: [name], placeOf })
      Object.defineProperty(filled, name, { get, enumerable: true })
    }
  }
  return filled
}

interface Filling {
  readonly vars: Vars
  /** Variables that are filled in already: each that doubles the one before must not double the work. */
  readonly known: Map<string, Value>
  /** The variable that was asked for, which errors name. */
  readonly variable: string
  /** Variables on the way, to find those that need themselves. */
  readonly trail: readonly string[]
  readonly placeOf: (variable: string) => Place | undefined
}

/** Lists and mappings stay as they are: no connection variable is one. */
function fill(value: Value, filling: Filling): Value {
  if (typeof value !== 'string' || !hasTemplateMark(value)) return value
  const parts = value.split(/\{\{-?([\s\S]*?)-?\}\}/)
  if (parts.length === 3 && parts[0] === '' && parts[2] === '') return lookUp(parts[1] ?? '', filling)
  const texts = parts.map((part, index) => {
    if (index % 2 === 1) return textOf(lookUp(part, filling), part, filling)
    if (part.includes('{%')) throw refusal(filling, `the statement ${excerpt(part, '{%')} is not supported`)
    if (part.includes('{#'))
      throw refusal(filling, `the template comment ${excerpt(part, '{#')} is not supported`)
    if (part.includes('{{')) throw refusal(filling, 'a template is opened with {{ and never closed')
    return part
  })
  const text = texts.join('')
  if (text.length > longest) throw refusal(filling, `the text grows beyond ${longest} characters`)
  return text
}

const dotted = /^[A-Za-z_]\w*(?:\.(?:[A-Za-z_]\w*|\d+))*$/

function lookUp(written: string, filling: Filling): Value {
  const expression = written.trim()
  if (!dotted.test(expression)) {
    const filter = /\|\s*([\w.]+)/.exec(expression)?.[1]
    const what =
      filter === undefined ? `the expression {{ ${clipped(expression)} }}` : `the filter "${filter}"`
    throw refusal(
      filling,
      `${what} is not supported in an inventory`,
      'write the value, or a {{ name }} alone',
    )
  }
  const { vars, trail } = filling
  const [root = '', ...path] = expression.split('.')
  if (!Object.hasOwn(vars, root)) {
    const meant = nearest(root, Object.keys(vars))
    const hint =
      meant === undefined ? 'set it for this host or one of its groups' : `did you mean "${meant}"?`
    throw refusal(filling, `this host has no variable "${root}"`, hint)
  }
  if (trail.includes(root)) throw refusal(filling, `it needs itself: ${[...trail, root].join(' -> ')}`)
  if (trail.length > deepest)
    throw refusal(filling, `variables refer to each other more than ${deepest} deep`)
  const inner = { ...filling, trail: [...trail, root] }
  const start = filling.known.get(root) ?? fill(vars[root] ?? null, inner)
  filling.known.set(root, start)
  return path.reduce<Value>((value, part) => {
    const found = memberOf(value, part)
    if (found === undefined)
      throw refusal(filling, `"${expression}" is not there: nothing is called "${part}"`)
    return fill(found, inner)
  }, start)
}

/** Own members only: a name must never reach a prototype. */
function memberOf(value: Value, part: string): Value | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
  return (value as Vars)[part]
}

function textOf(value: Value, written: string, filling: Filling): string {
  if (value !== null && typeof value !== 'object') return pythonText(value)
  const kind = value === null ? 'empty' : Array.isArray(value) ? 'a list' : 'a mapping'
  throw refusal(filling, `"${written.trim()}" is ${kind} and cannot stand inside a text`)
}

function refusal({ variable, placeOf }: Filling, message: string, hint?: string): HandoverError {
  const place = placeOf(variable)
  const more = { ...(place ? { place } : {}), ...(hint ? { hint } : {}) }
  return new HandoverError(fault('INVENTORY_TEMPLATE', `${variable}: ${message}`, more))
}

function excerpt(part: string, mark: string): string {
  return clipped(part.slice(part.indexOf(mark)))
}

function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
