/** The grammar of templates: text with `{{ name.part | filter }}` in it. Everything else of Jinja is refused by name. */
import { fault, HandoverError } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'

export type Operand =
  | { readonly kind: 'name'; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }

export type Filter =
  | { readonly kind: 'default'; readonly value: Operand }
  | { readonly kind: 'upper' | 'lower' | 'quote' }

export interface Expression {
  readonly head: Operand
  readonly filters: readonly Filter[]
}

/** Literal text and expressions, in order. */
export type Template = readonly (string | Expression)[]

const filterNames = ['default', 'upper', 'lower', 'quote'] as const
const words = /^(if|else|and|or|not|in|is|for)$/
const tokenPattern =
  /\s*(?:([A-Za-z_]\w*(?:\.(?:[A-Za-z_]\w*|\d+))*)|'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?)|(.))/sy

interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'mark'
  readonly text: string
}

export function hasTemplate(source: string): boolean {
  return source.includes('{{') || source.includes('{%') || source.includes('{#')
}

/** @throws HandoverError PLAYBOOK_TEMPLATE, without a place. */
export function parseTemplate(source: string): Template {
  const parts: (string | Expression)[] = []
  let from = 0
  while (from < source.length) {
    const open = source.indexOf('{{', from)
    const plain = source.slice(from, open < 0 ? source.length : open)
    refuseBlocks(plain)
    if (plain !== '') parts.push(plain)
    if (open < 0) break
    const close = endOfExpression(source, open + 2)
    parts.push(parseExpression(source.slice(open + 2, close)))
    from = close + 2
  }
  return parts
}

function refuseBlocks(plain: string): void {
  if (plain.includes('{%'))
    throw refusal('statements such as {% if %} are not supported', 'decide it in vars')
  if (plain.includes('{#')) throw refusal('template comments {# #} are not supported', 'use a YAML comment')
}

function endOfExpression(source: string, from: number): number {
  let quote = ''
  for (let at = from; at < source.length; at++) {
    const char = source.charAt(at)
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === "'" || char === '"') quote = char
    else if (source.startsWith('}}', at)) return at
  }
  throw refusal('a template is opened with {{ and never closed', 'close it with }}')
}

function parseExpression(body: string): Expression {
  const tokens = tokensOf(body)
  const [first, ...rest] = tokens
  if (!first) throw refusal('an empty template {{ }} gives nothing')
  if ([first, tokens.at(-1)].some(token => token?.kind === 'mark' && token.text === '-')) {
    throw refusal('whitespace control ({{- and -}}) is not supported')
  }
  const head = operandOf(first)
  if (!head) throw unsupported(first)
  const filters: Filter[] = []
  while (rest.length > 0) {
    const bar = rest.shift() as Token
    if (bar.kind !== 'mark' || bar.text !== '|') throw unsupported(bar)
    filters.push(takeFilter(rest))
  }
  return { head, filters }
}

function tokensOf(body: string): Token[] {
  const tokens: Token[] = []
  const source = body.trim()
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < source.length) {
    const match = tokenPattern.exec(source)
    if (!match) break
    const [, name, single, double, number, mark] = match
    if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (single !== undefined || double !== undefined)
      tokens.push({ kind: 'string', text: single ?? double ?? '' })
    else if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else tokens.push({ kind: 'mark', text: mark ?? '' })
  }
  return tokens
}

function operandOf(token: Token): Operand | undefined {
  if (token.kind === 'string') return { kind: 'literal', value: token.text }
  if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) }
  if (token.kind === 'mark' || words.test(token.text)) return undefined
  if (/^(true|false)$/i.test(token.text))
    return { kind: 'literal', value: token.text.toLowerCase() === 'true' }
  return { kind: 'name', path: token.text.split('.') }
}

function takeFilter(rest: Token[]): Filter {
  const name = rest.shift()
  if (name?.kind !== 'name') throw refusal('a filter is missing after "|"', filterHint())
  const kind = filterNames.find(known => known === name.text)
  if (!kind) throw refusal(`the filter "${name.text}" is not supported`, filterHint(name.text))
  const argument = takeArgument(rest, kind)
  if (kind !== 'default') {
    if (argument) throw refusal(`the filter "${kind}" takes no argument`)
    return { kind }
  }
  if (!argument) throw refusal('the filter "default" needs a value', `write default('text') or default(80)`)
  return { kind, value: argument }
}

function takeArgument(rest: Token[], filter: string): Operand | undefined {
  if (rest[0]?.text !== '(' || rest[0].kind !== 'mark') return undefined
  const [, value, close] = rest.splice(0, 3)
  const operand = value && operandOf(value)
  if (!operand || close?.kind !== 'mark' || close.text !== ')') {
    throw refusal(`the filter "${filter}" takes at most one plain value`, 'give a text, a number or a name')
  }
  return operand
}

function filterHint(name?: string): string {
  const near = name === 'd' ? 'default' : name && nearest(name, filterNames)
  return near ? `did you mean "${near}"?` : `the filters are ${filterNames.join(', ')}`
}

function unsupported(token: Token): HandoverError {
  if (token.kind === 'name' && words.test(token.text)) {
    return refusal(`"${token.text}" is not supported in a template`, 'decide it in vars')
  }
  if (token.kind !== 'mark')
    return refusal(`"${token.text}" is not expected there`, 'one template holds one name')
  if (token.text === '(') return refusal('calls such as lookup(...) are not supported')
  if (token.text === '[')
    return refusal('"[" is not supported in a template', 'write a dotted path: name.0.part')
  if ('+-*/%~<>=!'.includes(token.text)) {
    return refusal(
      `calculations and comparisons ("${token.text}") are not supported`,
      'set the result in vars',
    )
  }
  return refusal(
    `"${token.text}" is not supported in a template`,
    'a template is {{ name }} or {{ name | filter }}',
  )
}

function refusal(message: string, hint?: string): HandoverError {
  return new HandoverError(fault('PLAYBOOK_TEMPLATE', message, hint === undefined ? {} : { hint }))
}
