/** `-e`: name=value pairs, a JSON or YAML mapping, or `@file` with one. */
import { fault, HandoverError, type Place } from '../core/fault.ts'
import { parseDocument, readDocument, type SourceDocument } from '../document/document.ts'
import type { Vars } from './playbook.ts'
import { findTraps } from './traps.ts'
import { nameProblem } from './variables.ts'
import { refuseVault } from './vars-files.ts'

/**
 * Later ones win, whole values are replaced. Values of pairs are always text, as in Ansible.
 * @throws HandoverError PLAYBOOK_EXTRA_VARS, PLAYBOOK_UNQUOTED_NUMBER, FILE_*, YAML_*.
 */
export function parseExtraVars(args: readonly string[]): Vars {
  const vars: Record<string, unknown> = Object.create(null)
  const faults = args.flatMap(arg => {
    try {
      Object.assign(vars, readOne(arg))
      return []
    } catch (error) {
      if (error instanceof HandoverError) return error.faults
      throw error
    }
  })
  if (faults.length > 0) throw new HandoverError(faults)
  return vars
}

function readOne(arg: string): Vars {
  const trimmed = arg.trim()
  if (trimmed.startsWith('@')) return mappingOf(readDocument(trimmed.slice(1)), trimmed)
  if (/^[{[]/.test(trimmed)) return mappingOf(parseDocument('--extra-vars', trimmed), 'the value of -e')
  return readPairs(arg)
}

function mappingOf(document: SourceDocument, what: string): Vars {
  const { data, file } = document
  refuseVault(document)
  if (data === null && file !== '--extra-vars') return {}
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw refusal(`${what} must hold a mapping of names to values`, { file })
  }
  const lossy = findTraps(document)
  if (lossy.length > 0) throw new HandoverError(lossy.map(one => one.fault))
  for (const name of Object.keys(data)) checkName(name, { file })
  return data as Vars
}

function readPairs(arg: string): Vars {
  const vars: Record<string, unknown> = Object.create(null)
  const words = splitWords(arg)
  if (words.length === 0) throw refusal('-e is empty')
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals < 1) throw refusal(`${JSON.stringify(word)} is not name=value`)
    const name = word.slice(0, equals)
    checkName(name)
    vars[name] = word.slice(equals + 1)
  }
  return vars
}

/** Words as a shell would split them: quotes hold blanks together, a backslash outside single quotes escapes. */
function splitWords(arg: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < arg.length; at++) {
    const char = arg.charAt(at)
    if (char === '\\' && quote !== "'" && at + 1 < arg.length) word = (word ?? '') + arg.charAt(++at)
    else if (quote !== '' ? char === quote : char === '"' || char === "'") {
      quote = quote === '' ? char : ''
      word ??= ''
    } else if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  if (quote !== '') throw refusal(`a quote (${quote}) is never closed in ${JSON.stringify(arg)}`)
  return word === undefined ? words : [...words, word]
}

function checkName(name: string, place?: Place): void {
  const problem = nameProblem(name)
  if (problem) throw refusal(problem, place)
}

function refusal(message: string, place?: Place): HandoverError {
  const hint = 'write -e name=value, -e \'{"name": "value"}\' or -e @file.yml'
  return new HandoverError(fault('PLAYBOOK_EXTRA_VARS', message, { hint, ...(place && { place }) }))
}
