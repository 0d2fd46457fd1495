/** What the library finds wrong with a YAML text, told so that somebody who does not know YAML by heart can mend it. */
import { type Document, isScalar, isSeq, type Node, visit, type YAMLError } from 'yaml'
import { type Fault, fault } from '../core/fault.ts'
import { placeAt, type SourceLines } from './place.ts'

interface Told {
  readonly message: string
  readonly hint?: string | undefined
  /** Where it began, when that is not where it was noticed. */
  readonly offset?: number | undefined
}

const mostErrors = 20

/** One fault a place: what follows from a mistake is noticed right behind it again. */
export function syntaxFaults(source: SourceLines, parsed: Document.Parsed): Fault[] {
  const faults = new Map<string, Fault>()
  // Thousands of brackets are one mistake, and to explain each would take minutes.
  // What follows a tab is read as if it were not there.
  const tabs = parsed.errors.filter(error => error.code === 'TAB_AS_INDENT')
  for (const error of (tabs.length > 0 ? tabs : parsed.errors).slice(0, mostErrors)) {
    const line = lineAt(source.text, error.pos[0])
    const { message, hint, offset = error.pos[0] } = told(error, line, source.text, parsed)
    const place = placeAt(source, offset)
    const key = `${place.line}`
    if (!faults.has(key)) faults.set(key, fault('YAML_SYNTAX', message, { place, ...(hint && { hint }) }))
  }
  return [...faults.values()]
}

function told(error: YAMLError, line: string, text: string, parsed: Document.Parsed): Told {
  const template = /(?<=[:,[{-]\s+)\{\{[^}]*\}\}[^\s,\]}#]*/.exec(line)
  if (template) {
    const offset = text.lastIndexOf('\n', error.pos[0] - 1) + 1 + template.index
    return { message: braces, hint: `put it in quotes: "${template[0]}"`, offset }
  }
  if (line.includes('\u00a0')) {
    const message = 'a no-break space (U+00A0) is no blank to YAML'
    return { message, hint: 'type the line anew: such spaces come from web pages and word processors' }
  }
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab cannot indent', hint: 'use spaces' }
    case 'BAD_SCALAR_START':
      return {
        message: `a text cannot begin with ${text.charAt(error.pos[0])}`,
        hint: quoting(valueIn(line, text, error.pos[0])),
      }
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return unfinished(error, line, text, parsed)
    case 'BAD_ALIAS':
      return {
        message: 'an unquoted "*" refers to an anchor',
        hint: quoting(valueIn(line, text, error.pos[0])),
      }
    case 'BAD_INDENT':
      return openCollection(parsed, text, error.pos[0])
    case 'BLOCK_IN_FLOW':
      return withoutComma(line, text, error.pos[0])
    case 'UNEXPECTED_TOKEN':
      return behindValue(error, line, text)
    case 'RESOURCE_EXHAUSTION':
      return { message: 'nested deeper than can be read', hint: 'is this the right file?' }
    default:
      return { message: lowerFirst(error.message) }
  }
}

const braces = '"{{" begins a YAML mapping here, not a template'

function unfinished(error: YAMLError, line: string, text: string, parsed: Document.Parsed): Told {
  if (error.message.startsWith('Missing closing')) {
    const begin = quoteBefore(parsed, error.pos[0])
    return { message: 'a quote is opened here and never closed', hint: 'close it', offset: begin }
  }
  if (error.message.startsWith('Flow ')) return openCollection(parsed, text, error.pos[0])
  const pair = /^\s*(?:- )?([\w-]+)([:=])\s*(\S.*)$/.exec(line)
  if (pair && !/^\s*(?:- )?[\w-]+: /.test(line)) {
    const [, key, , value] = pair
    return { message: 'a key is followed by a colon and a blank', hint: `write ${key}: ${value}` }
  }
  const value = writtenValue(line)
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && /:(\s|$)/.test(value) && !isFollowedDeeper(text, error)) {
    return {
      message: 'a text with a colon and a blank in it, or a colon at its end, needs quotes',
      hint: quoting(value),
    }
  }
  if (/^\s*- /.test(line)) {
    const message = 'an entry of a list stands among keys'
    return { message, hint: 'put it under the key of the list, indented at least as far as the key' }
  }
  const message = 'the indentation does not fit: keys of one mapping begin in the same column'
  return { message, hint: 'indent this line, or the one before or after it, like its neighbours' }
}

function isFollowedDeeper(text: string, { pos }: YAMLError): boolean {
  const [here = '', next = ''] = text.slice(text.lastIndexOf('\n', pos[0] - 1) + 1).split('\n', 2)
  return /^\s*[\w-]+:\s/.test(next) && indentOf(next) > indentOf(here)
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function withoutComma(line: string, text: string, offset: number): Told {
  const message = 'a colon and a blank within the value of an entry in brackets'
  return {
    message,
    hint: `is a comma missing in it? If it is a text, ${quoting(valueIn(line, text, offset))}`,
  }
}

/** What ends at the offset: the innermost that is not closed right before it. */
function openCollection(parsed: Document.Parsed, text: string, offset: number): Told {
  const ending: Node[] = []
  visit(parsed, {
    Collection(_key, node) {
      const [from = 0, , end = 0] = node.range ?? []
      if (node.flow && from < offset && end >= offset - 1) ending.push(node as Node)
    },
  })
  const closed = /[\s\]}]*$/.exec(text.slice(0, offset))?.[0].replaceAll(/\s/g, '').length ?? 0
  const begin = ending[Math.max(0, ending.length - 1 - closed)]
  if (!begin) return { message: 'the indentation does not fit: keys of one mapping begin in the same column' }
  const [open, close] = isSeq(begin) ? ['[', ']'] : ['{', '}']
  const message = `"${open}" is opened here and never closed, or what is in it is not indented`
  return { message, hint: `close it with "${close}"`, offset: begin.range?.[0] }
}

function quoteBefore(parsed: Document.Parsed, offset: number): number | undefined {
  let begin: number | undefined
  visit(parsed, (_key, node) => {
    if (!isScalar(node) || !node.type?.startsWith('QUOTE') || !node.range) return
    if (node.range[0] < offset && node.range[2] >= offset) begin = node.range[0]
  })
  return begin
}

function behindValue(error: YAMLError, line: string, text: string): Told {
  const before = text.slice(0, error.pos[0]).trimEnd().at(-1)
  if (/["']/.test(before ?? '') && error.message.includes('at node end')) {
    const message = 'a text that begins with a quote ends at the next one, and something follows'
    return { message, hint: requoting(writtenValue(line)) }
  }
  if (error.message.includes('at node end')) {
    return { message: 'something follows the end of a value', hint: 'put all of the value into quotes' }
  }
  return { message: lowerFirst(error.message), hint: 'is a comma, a bracket or a quote missing before it?' }
}

/** What stands behind the key of a line, without its comment. */
function writtenValue(line: string): string {
  return line
    .replace(/^\s*(?:- )?(?:[\w-]+:\s+)?/, '')
    .replace(/\s+#.*$/, '')
    .trim()
}

/** As `writtenValue`; within brackets the one entry that begins at the offset. */
function valueIn(line: string, text: string, offset: number): string {
  const from = text.lastIndexOf('\n', offset - 1) + 1
  const before = writtenValue(text.slice(from, offset))
  const entry = /^[^,\]}]*/.exec(line.slice(offset - from))?.[0].trim()
  return /^[[{]/.test(before) && entry ? entry : writtenValue(line)
}

function requoting(value: string): string {
  const [first = '', last] = [value.charAt(0), value.at(-1)]
  const other = first === '"' ? "'" : '"'
  const inner = first === last ? value.slice(1, -1) : value
  return inner.includes(other) ? 'put all of it into quotes' : `write ${other}${inner}${other}`
}

function quoting(value: string): string {
  return value.includes('"') ? `quote it: '${value.replaceAll("'", "''")}'` : `quote it: "${value}"`
}

function lineAt(text: string, offset: number): string {
  const from = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  return text
    .slice(from, end < 0 ? text.length : end)
    .replace(/\r$/, '')
    .slice(0, 500)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** A mapping that is the key of another one: a template without quotes. */
export function bracesFault(source: SourceLines, node: Node): Fault {
  const [from = 0, end = 0] = node.range ?? []
  const written = source.text.slice(from, end)
  return fault('YAML_SYNTAX', braces, {
    place: placeAt(source, from),
    hint: written.length < 80 ? `put it in quotes: "${written}"` : 'put it in quotes',
  })
}
