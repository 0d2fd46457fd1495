/**
 * Filling in templates from variables, and from nothing else: values are data, only what the user wrote in
 * files or on the command line is ever read as a template, and no name can reach a prototype.
 */
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { shellQuote } from '../core/shell-quote.ts'
import { nearest } from '../core/suggest.ts'
import type { Vars } from './playbook.ts'
import { isSealed, namesIn, type Sealed, sealed } from './sealed.ts'
import {
  type Expression,
  hasTemplate,
  type Operand,
  parseTemplate,
  type Template,
} from './template-syntax.ts'

export type Scalar = string | number | boolean | null

/** The variables one template sees. */
export interface Scope {
  /** Later layers win. */
  readonly layers: readonly Vars[]
  /** Parsed templates by source; share one between scopes. */
  readonly parsed: Map<string, Template>
  /** Variables that were templates themselves, by dotted path. */
  readonly known: Map<string, unknown>
}

const deepest = 32
// A chain of variables that each double the one before must not fill the memory.
const longestText = 64 * 1024

export function createScope(layers: readonly Vars[], parsed: Map<string, Template> = new Map()): Scope {
  return { layers, parsed, known: new Map() }
}

/**
 * The value of a text with templates. A text that is one template and nothing else keeps the value's type.
 * @throws HandoverError PLAYBOOK_UNDEFINED_VARIABLE, PLAYBOOK_TEMPLATE, PLAYBOOK_NOT_BUILT, without a place.
 */
export function renderTemplate(source: string, scope: Scope): Scalar {
  const value = render(source, scope, [])
  if (isSealed(value)) throw exposed(value)
  if (!isScalar(value)) throw refusal(`the template gives ${kindOf(value)}, and a single value is needed`)
  return value
}

/**
 * As `renderTemplate`, for a value in which secrets may stand.
 * @throws HandoverError as `renderTemplate`.
 */
export function renderSealed(source: string, scope: Scope): Scalar | Sealed {
  const value = render(source, scope, [])
  return isSealed(value) ? value : renderTemplate(source, scope)
}

function render(source: string, scope: Scope, trail: readonly string[]): unknown {
  if (!hasTemplate(source)) return source
  let template = scope.parsed.get(source)
  if (!template) {
    template = parseTemplate(source)
    scope.parsed.set(source, template)
  }
  const [only] = template
  if (template.length === 1 && only !== undefined && typeof only !== 'string')
    return evaluate(only, scope, trail)
  let length = 0
  const texts: (string | Sealed)[] = []
  for (const part of template) {
    const value = typeof part === 'string' ? part : evaluate(part, scope, trail)
    const text = isSealed(value) ? value : textOf(value)
    length += typeof text === 'string' ? text.length : 0
    texts.push(text)
    if (length > longestText) throw refusal(`the text grows beyond ${longestText} characters`)
  }
  return texts.some(isSealed) ? sealed(...texts) : texts.join('')
}

function evaluate(expression: Expression, scope: Scope, trail: readonly string[]): unknown {
  let value = operandValue(expression.head, scope, trail)
  for (const filter of expression.filters) {
    // As in Jinja: an empty value is defined, so `default` leaves it alone.
    if (filter.kind === 'default')
      value = value === undefined ? operandValue(filter.value, scope, trail) : value
    else if (isSealed(value)) throw refusal(`the filter "${filter.kind}" cannot be used on a secret`)
    else if (value !== undefined) value = applied(filter.kind, textOf(value))
  }
  if (value === undefined) throw undefinedName(expression.head, scope, trail)
  return value
}

function applied(kind: 'upper' | 'lower' | 'quote', text: string): string {
  if (kind === 'upper') return text.toUpperCase()
  if (kind === 'lower') return text.toLowerCase()
  if (text.includes('\0')) throw refusal('text with a NUL byte cannot be quoted')
  return shellQuote(text)
}

/** Undefined when there is no such variable. */
function operandValue(operand: Operand, scope: Scope, trail: readonly string[]): unknown {
  if (operand.kind === 'literal') return operand.value
  const [root = '', ...parts] = operand.path
  if (root === 'env' && parts.length > 0) throw environment(operand.path)
  const layer = scope.layers.findLast(vars => Object.hasOwn(vars, root))
  let at = root
  let value = layer && settled(layer[root], at, scope, trail)
  for (const part of parts) {
    at = `${at}.${part}`
    value = settled(member(value, part), at, scope, trail)
  }
  return value
}

/** Own members only: a name must never reach a prototype. */
function member(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(part) ? value[Number(part)] : undefined
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
  return (value as Vars)[part]
}

/** A variable that is itself a template, filled in. */
function settled(value: unknown, at: string, scope: Scope, trail: readonly string[]): unknown {
  if (typeof value !== 'string' || !hasTemplate(value)) return value
  if (scope.known.has(at)) return scope.known.get(at)
  const here = [...trail, at]
  if (trail.includes(at))
    throw refusal(
      `the variable "${at}" is defined by itself: ${here.join(' -> ')}`,
      'give one of them a value',
    )
  if (here.length > deepest) throw refusal(`variables refer to each other more than ${deepest} deep`)
  const result = render(value, scope, here)
  scope.known.set(at, result)
  return result
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || !isScalar(value)) {
    throw refusal(`${kindOf(value)} cannot stand inside a text`)
  }
  return String(value)
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'a mapping' : 'an empty value'
}

function undefinedName(head: Operand, scope: Scope, trail: readonly string[]): HandoverError {
  const path = head.kind === 'name' ? head.path : []
  const through = trail.length > 0 ? ` (used by ${trail.map(name => `"${name}"`).join(', then ')})` : ''
  const near = nearDefined(path, scope)
  return new HandoverError(
    fault('PLAYBOOK_UNDEFINED_VARIABLE', `"${path.join('.')}" is not defined${through}`, {
      ...(near && { hint: `did you mean "${near}"?` }),
    }),
  )
}

/** The dotted path with its first unknown part replaced by the nearest known one. */
function nearDefined(path: readonly string[], scope: Scope): string | undefined {
  const [root = '', ...parts] = path
  const layer = scope.layers.findLast(vars => Object.hasOwn(vars, root))
  if (!layer) return nearest(root, new Set(scope.layers.flatMap(vars => Object.keys(vars))))
  let value = layer[root]
  const before = [root]
  for (const part of parts) {
    const next = member(value, part)
    if (next === undefined) {
      const keys =
        typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
      const near = nearest(part, keys)
      return near && [...before, near].join('.')
    }
    before.push(part)
    value = next
  }
  return undefined
}

function environment(path: readonly string[]): HandoverError {
  const message = `"${path.join('.')}" is part of the playbook format but this version cannot read the environment yet`
  return new HandoverError(fault('PLAYBOOK_NOT_BUILT', message, { hint: 'pass the value with -e' }))
}

function exposed(value: Sealed): HandoverError {
  const [name] = namesIn(value)
  const hint = 'a secret may stand in the url, body and run of health checks, where it is never shown'
  return new HandoverError(
    fault(
      'PLAYBOOK_SECRET',
      `the secret "${name}" cannot be used here: the value is shown and kept on disk`,
      { hint },
    ),
  )
}

function refusal(message: string, hint?: string): HandoverError {
  return new HandoverError(fault('PLAYBOOK_TEMPLATE', message, hint === undefined ? {} : { hint }))
}

/** The faults of a template that failed, with what its caller knows: the place and the host. */
export function faultsAt(error: unknown, more: Pick<Fault, 'place' | 'host'>): Fault[] {
  if (!(error instanceof HandoverError)) throw error
  return error.faults.map(one => ({ ...more, ...one }))
}
