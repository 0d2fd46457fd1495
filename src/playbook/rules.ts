/** Contradictions between entries, found on the data itself so that an unrelated mistake does not hide them. */
import { type Fault, fault } from '../core/fault.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { valueAt } from './issues.ts'
import { hasUnknownKey, keyName } from './keys.ts'

const probes = new Set(['http', 'tcp', 'command'])

export function findContradictions(document: SourceDocument, data: unknown): Fault[] {
  return [
    ...duplicateNames(document, data, 'health', 'check'),
    ...duplicateNames(document, data, 'stages', 'stage'),
    ...restNotLast(document, data),
    ...timeoutsWithoutGate(document, data),
    ...probesOf(document, data),
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

function entriesOf(data: unknown, list: string): { path: DocumentPath; entry: Record<string, unknown> }[] {
  const entries = valueAt(data, [list])
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown, index) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? [{ path: [list, index], entry: entry as Record<string, unknown> }]
      : [],
  )
}
