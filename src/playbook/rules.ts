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
    ...moreThanAll(document, data),
    ...samePattern(document, data),
    ...everyHostMayFail(document, data),
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
    const hint = 'make it the last stage, or say how many hosts it takes'
    return [fault('PLAYBOOK_VALUE', message, { place: placeOf(document, [...path, 'hosts']), hint })]
  })
}

/** Percentages are of the whole run, and each stage takes further hosts: 25%, 50%, 100% is what other tools would mean. */
function moreThanAll(document: SourceDocument, data: unknown): Fault[] {
  let sum = 0
  return entriesOf(data, 'stages').flatMap(({ path, entry }) => {
    const [, percent] = /^(\d{1,3})%$/.exec(String(entry.hosts)) ?? []
    const before = sum
    sum += Number(percent ?? 0)
    // More than all in one stage is a complaint of its own.
    if (Number(percent ?? 101) > 100 || before > 100 || sum <= 100) return []
    const message = `${keyName([...path, 'hosts'])}: with the stages before it that is ${sum}% of the hosts`
    const hint = 'each stage takes further hosts, not a total; the last one is best written as rest'
    return [fault('PLAYBOOK_VALUE', message, { place: placeOf(document, [...path, 'hosts']), hint })]
  })
}

/** Whoever it matches is in the earlier stage already. */
function samePattern(document: SourceDocument, data: unknown): Fault[] {
  const seen = new Set<unknown>()
  return entriesOf(data, 'stages').flatMap(({ path, entry: { hosts } }) => {
    const isPattern = typeof hosts === 'string' && hosts !== 'rest' && !/^[\d.\s-]+%?$/.test(hosts)
    if (!isPattern || !seen.has(hosts)) {
      if (isPattern) seen.add(hosts)
      return []
    }
    const message = `${keyName([...path, 'hosts'])}: an earlier stage takes ${JSON.stringify(hosts)} already, so nobody is left for this one`
    const place = placeOf(document, [...path, 'hosts'])
    return [fault('PLAYBOOK_VALUE', message, { place, hint: 'remove the stage, or split the group' })]
  })
}

function everyHostMayFail(document: SourceDocument, data: unknown): Fault[] {
  if (valueAt(data, ['max_failed']) !== '100%') return []
  const message = 'max_failed: with 100% every host may fail, and nothing would ever go back'
  return [fault('PLAYBOOK_VALUE', message, { place: placeOf(document, ['max_failed']), hint: 'write less' })]
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
    const hint = 'add one, such as http: { url: "http://{{ inventory_hostname }}/" }'
    return [fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, path), hint })]
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
    const hint = 'add one, such as allow: "0 2 * * *"'
    return [fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, path), hint })]
  })
}

function closeWithoutWindows(document: SourceDocument, data: unknown): Fault[] {
  const written = valueAt(data, ['on_window_close'])
  if (written === undefined || entriesOf(data, 'windows').length > 0) return []
  const place = placeOf(document, ['on_window_close'], 'key')
  const hint = 'add windows, or remove on_window_close'
  return [fault('PLAYBOOK_VALUE', '"on_window_close" has no "windows" that could close', { place, hint })]
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
