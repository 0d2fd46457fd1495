/** From what zod found to faults a user can act on: which key, where, what is expected there and what to write. */
import { type Fault, type FaultCode, fault } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'
import { clip } from '../core/text.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { hintForKey, isNotBuilt, keyName, patternOf } from './keys.ts'
import { sourceText } from './unquoted-number.ts'

/** The parts of a zod issue that are read here. */
export interface Issue {
  readonly code?: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
  readonly params?: { readonly hint?: string | undefined; readonly code?: FaultCode } | undefined
}

/** `data` is what zod looked at, to tell a missing value from a wrong one. */
export function faultsOfIssue(document: SourceDocument, data: unknown, issue: Issue): Fault[] {
  const path = issue.path.map(step => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys')
    return (issue.keys ?? []).map(key => unknownKey(document, path, key))
  if (issue.code === 'custom' || issue.code === 'too_small' || issue.code === 'invalid_format') {
    return [refused(document, path, issue)]
  }
  const value = valueAt(data, path)
  return [value === undefined ? missingKey(document, path) : wrongType(document, path, value, issue)]
}

export function unknownKey(document: SourceDocument, mapping: DocumentPath, key: string): Fault {
  const place = placeOf(document, [...mapping, key], 'key')
  const pattern = patternOf(mapping)
  if (isNotBuilt(pattern, key)) return notBuilt(`"${key}"`, place)
  const where = mapping.length === 0 ? '' : ` in ${keyName(mapping)}`
  return fault('PLAYBOOK_UNKNOWN_KEY', `unknown key "${key}"${where}`, {
    place,
    hint: hintForKey(pattern, key),
  })
}

export function notBuilt(what: string, place: NonNullable<Fault['place']>, hint = 'remove the key'): Fault {
  const message = `${what} is part of the playbook format but this version cannot do it yet`
  return fault('PLAYBOOK_NOT_BUILT', message, { place, hint })
}

/** The place is the mapping that lacks the key. */
export function missingKey(document: SourceDocument, path: DocumentPath): Fault {
  const mapping = path.slice(0, -1)
  const owner = mapping.length === 0 ? 'the playbook' : keyName(mapping)
  const message = `${owner} needs the key "${String(path.at(-1))}"`
  return fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, mapping) })
}

function refused(document: SourceDocument, path: DocumentPath, issue: Issue): Fault {
  const hint = issue.params?.hint
  const code = issue.params?.code
  const message = code ? `${keyName(path)}: ${issue.message}` : `${keyName(path)} ${issue.message}`
  return fault(code ?? 'PLAYBOOK_VALUE', message, { place: placeOf(document, path), ...(hint && { hint }) })
}

function wrongType(document: SourceDocument, path: DocumentPath, value: unknown, issue: Issue): Fault {
  const place = placeOf(document, path)
  const written = sourceText(document, path) ?? (typeof value === 'object' ? '' : String(value))
  if (patternOf(path) === 'commit' && value === 'stage')
    return notBuilt('"commit: stage"', place, 'use commit: fleet')
  const hint = hintForType(issue, value, written)
  const name = path.length === 0 ? 'the playbook' : keyName(path)
  const isChoice = typeof value === 'string' && issue.values !== undefined
  const message = `${name} must be ${issue.message}, not ${described(value, written)}`
  return fault(isChoice ? 'PLAYBOOK_VALUE' : 'PLAYBOOK_TYPE', message, { place, ...(hint && { hint }) })
}

function hintForType(issue: Issue, value: unknown, written: string): string | undefined {
  const wanted = issue.message
  if (typeof value === 'string' && issue.values) {
    const near = nearest(value, issue.values.map(String))
    if (near) return `did you mean "${near}"?`
  }
  if (wanted.startsWith('a duration') && typeof value === 'number')
    return `write "${written}s", with its unit`
  if (wanted === 'text' && (typeof value === 'number' || typeof value === 'boolean'))
    return `quote it: "${written}"`
  if (wanted === 'text' && Array.isArray(value)) return 'write one text, such as "web:db" for two patterns'
  if (wanted === 'a list of words')
    return 'give the program and each argument as an entry: [curl, -f, http://localhost/]'
  if (wanted.startsWith('a list') && typeof value === 'object') return 'begin each entry with "- "'
  return undefined
}

/** `written` is how a scalar stands in the file. */
function described(value: unknown, written: string): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string' ? JSON.stringify(clip(value, 80)) : `the ${typeof value} ${written}`
}

export function valueAt(data: unknown, path: DocumentPath): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
