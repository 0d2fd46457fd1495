/** Contradictions between entries, found on the data itself so that an unrelated mistake does not hide them. */
import { type Fault, fault } from '../core/fault.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { valueAt } from './issues.ts'
import { keyName, knownKeys } from './keys.ts'

const probes = new Set(['http', 'tcp', 'command'])

export function findContradictions(document: SourceDocument, data: unknown): Fault[] {
  return [
    ...duplicateNames(document, data, 'health', 'check'),
    ...duplicateNames(document, data, 'stages', 'stage'),
    ...restNotLast(document, data),
    ...timeoutsWithoutGate(document, data),
    ...probesOf(document, data),
    ...kindsOfWindows(document, data),
    ...closeWithoutWindows(document, data),
  ]
}

function duplicateNames(document: SourceDocument, data: unknown, list: string, noun: string): Fault[] {
  const seen = new Map<string, number>()
  return entriesOf(data, list).flatMap(({ path, entry }, index) => {
    const name = entry.name
    if (typeof name !== 'string') return []
    const first = seen.get(name)
    if (first === undefined) {
      seen.set(name, index)
      return []
    }
    const line = placeOf(document, [list, first, 'name']).line
    const message = `${keyName([...path, 'name'])}: line ${line} has a ${noun} named ${JSON.stringify(name)} already`
    return [
      fault('PLAYBOOK_VALUE', message, {
        place: placeOf(document, [...path, 'name']),
        hint: 'give each its own name',
      }),
    ]
  })
}

function restNotLast(document: SourceDocument, data: unknown): Fault[] {
  const stages = entriesOf(data, 'stages')
  return stages.slice(0, -1).flatMap(({ path, entry }) => {
    if (entry.hosts !== 'rest') return []
    const message = `${keyName([...path, 'hosts'])}: "rest" takes every host that is left, so it can only stand in the last stage`
    return [fault('PLAYBOOK_VALUE', message, { place: placeOf(document, [...path, 'hosts']) })]
  })
}

function timeoutsWithoutGate(document: SourceDocument, data: unknown): Fault[] {
  return entriesOf(data, 'stages').flatMap(({ path, entry }) => {
    if (!('gate_timeout' in entry) || 'gate' in entry || hasUnknownKey('stages.*', entry)) return []
    const message = `${keyName(path)} has "gate_timeout" but no "gate" that could wait for so long`
    const place = placeOf(document, [...path, 'gate_timeout'], 'key')
    return [fault('PLAYBOOK_VALUE', message, { place, hint: 'add gate: approval, or remove gate_timeout' })]
  })
}

function probesOf(document: SourceDocument, data: unknown): Fault[] {
  return entriesOf(data, 'health').flatMap(({ path, entry }): Fault[] => {
    const [first, second] = Object.keys(entry).filter(key => probes.has(key))
    if (second) {
      const message = `${keyName(path)} has both "${first}" and "${second}", and a check looks at one thing`
      const place = placeOf(document, [...path, second], 'key')
      return [fault('PLAYBOOK_VALUE', message, { place, hint: 'make two checks of it' })]
    }
    if (first || hasUnknownKey('health.*', entry)) return []
    const message = `${keyName(path)} needs one of the keys "http", "tcp" and "command"`
    return [fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, path) })]
  })
}

function kindsOfWindows(document: SourceDocument, data: unknown): Fault[] {
  return entriesOf(data, 'windows').flatMap(({ path, entry }): Fault[] => {
    if ('allow' in entry && 'deny' in entry) {
      const message = `${keyName(path)} has both "allow" and "deny"`
      const place = placeOf(document, [...path, 'deny'], 'key')
      return [fault('PLAYBOOK_VALUE', message, { place, hint: 'make two windows of it; deny wins' })]
    }
    if ('allow' in entry || 'deny' in entry || hasUnknownKey('windows.*', entry)) return []
    const message = `${keyName(path)} needs one of the keys "allow" and "deny"`
    return [fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, path) })]
  })
}

function closeWithoutWindows(document: SourceDocument, data: unknown): Fault[] {
  const written = valueAt(data, ['on_window_close'])
  if (written === undefined || entriesOf(data, 'windows').length > 0) return []
  const place = placeOf(document, ['on_window_close'], 'key')
  const hint = 'add windows, or remove on_window_close'
  return [fault('PLAYBOOK_VALUE', '"on_window_close" has no "windows" that could close', { place, hint })]
}

/** The unknown key is most likely the misspelt one that is missed: one complaint is enough. */
function hasUnknownKey(mapping: string, entry: Record<string, unknown>): boolean {
  return Object.keys(entry).some(key => !knownKeys[mapping]?.includes(key))
}

function entriesOf(data: unknown, list: string): { path: DocumentPath; entry: Record<string, unknown> }[] {
  const entries = valueAt(data, [list])
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown, index) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? [{ path: [list, index], entry: entry as Record<string, unknown> }]
      : [],
  )
}
