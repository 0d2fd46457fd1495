/** From what zod found to faults a user can act on: which key, where, what is expected there and what to write. */
import { type Fault, type FaultCode, fault, type Place } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { hintForMissing, hintForType } from './hints.ts'
import { hintForKey, isNotBuilt, keyName, meantKey, patternOf } from './keys.ts'
import { sourceText } from './traps.ts'

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
export function faultsOfIssues(document: SourceDocument, data: unknown, issues: readonly Issue[]): Fault[] {
  const misspelt = new Set(issues.flatMap(issue => misspeltKeys(issue)))
  return issues.flatMap(issue => {
    const path = pathOf(issue)
    if (issue.code === 'unrecognized_keys') return unknownKeys(document, path, issue.keys ?? [])
    if (issue.code === 'custom' || issue.code === 'too_small' || issue.code === 'invalid_format')
      return refused(document, path, issue)
    const value = valueAt(data, path)
    if (value !== undefined) return wrongType(document, path, value, issue)
    // The key is there, under another spelling that is complained about.
    return misspelt.has(keyName(path)) ? [] : missingKey(document, path)
  })
}

function misspeltKeys(issue: Issue): string[] {
  const path = pathOf(issue)
  return (issue.keys ?? []).flatMap(key => {
    const meant = meantKey(patternOf(path), key)
    return meant === undefined ? [] : keyName([...path, meant])
  })
}

function pathOf({ path }: Issue): DocumentPath {
  return path.map(step => (typeof step === 'number' ? step : String(step)))
}

/** After so many nobody reads on. */
const mostUnknown = 50

function unknownKeys(document: SourceDocument, mapping: DocumentPath, keys: readonly string[]): Fault[] {
  const told = keys.slice(0, mostUnknown).map(key => unknownKey(document, mapping, key))
  const next = keys[mostUnknown]
  if (next === undefined) return told
  const place = placeOf(document, [...mapping, next], 'key')
  const message = `and ${keys.length - mostUnknown} more unknown keys`
  return [...told, fault('PLAYBOOK_UNKNOWN_KEY', message, { place, hint: 'is it the right file?' })]
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
  const hint = hintForMissing(patternOf(path))
  return fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, mapping), ...(hint && { hint }) })
}

function refused(document: SourceDocument, path: DocumentPath, issue: Issue): Fault {
  const hint = issue.params?.hint
  const code = issue.params?.code
  const message = code ? `${keyName(path)}: ${issue.message}` : `${keyName(path)} ${issue.message}`
  return fault(code ?? 'PLAYBOOK_VALUE', message, { place: placeOf(document, path), ...(hint && { hint }) })
}

function wrongType(document: SourceDocument, path: DocumentPath, value: unknown, issue: Issue): Fault {
  const place = placeOf(document, path)
  const pattern = patternOf(path)
  if (pattern === 'secrets.*') return plainSecret(path, place, issue)
  const written = sourceText(document, path) ?? (typeof value === 'object' ? '' : String(value))
  if (pattern === 'commit' && value === 'stage')
    return notBuilt('"commit: stage"', place, 'use commit: fleet')
  const hint = hintForType(pattern, issue.message, { value, written, place, choices: issue.values })
  const name = path.length === 0 ? 'the playbook' : keyName(path)
  const isChoice = typeof value === 'string' && issue.values !== undefined
  const message = `${name} must be ${issue.message}, ${described(value, written)}`
  return fault(isChoice ? 'PLAYBOOK_VALUE' : 'PLAYBOOK_TYPE', message, { place, ...(hint && { hint }) })
}

/** What is written there may be the secret itself, so neither it nor its line is told. */
function plainSecret(path: DocumentPath, { excerpt: _, ...place }: Place, { message }: Issue): Fault {
  const hint = 'never write the text itself here: { env: NAME } or { file: /path } says where it is'
  return fault('PLAYBOOK_TYPE', `${keyName(path)} must be ${message}`, { place, hint })
}

/** `written` is how a scalar stands in the file. */
function described(value: unknown, written: string): string {
  if (Array.isArray(value)) return 'not a list'
  if (value === null || value === undefined) return 'but it is empty'
  if (typeof value === 'object') return 'not a mapping'
  return typeof value === 'string'
    ? `not ${JSON.stringify(clip(value, 80))}`
    : `not the ${typeof value} ${written}`
}

export function valueAt(data: unknown, path: DocumentPath): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
