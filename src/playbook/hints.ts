/** What to write in the place of a value that is of the wrong type or kind. */
import type { Place } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'
import { clip } from '../core/text.ts'

interface Wrong {
  readonly value: unknown
  /** How a scalar stands in the file. */
  readonly written: string
  readonly place: Place
  readonly choices: readonly unknown[] | undefined
}

/** The one key that a mapping is most likely meant to have when there is only its value. */
const inner: Readonly<Record<string, string>> = {
  artifact: 'src',
  rollback: 'concurrency',
  'health.*.http': 'url',
  'health.*.tcp': 'address',
  'health.*.command': 'run',
}

/** How a key that is missing could look. */
const examples: Readonly<Record<string, string>> = {
  name: 'name: nginx 1.26.3',
  hosts: 'hosts: web',
  artifact: 'artifact: { src: ../artifacts/nginx-1.26.3 }',
  handover: 'handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }',
  'artifact.src': 'src: ../artifacts/nginx-1.26.3',
  'handover.driver': 'driver: nginx',
  'handover.binary': 'binary: /usr/sbin/nginx',
  'handover.pid_file': 'pid_file: /run/nginx.pid',
  'health.*.name': 'name: answers',
  'health.*.http.url': 'url: "http://{{ inventory_hostname }}/healthz"',
  'health.*.tcp.address': 'address: "{{ inventory_hostname }}:80"',
  'health.*.command.run': 'run: [curl, -f, "http://{{ inventory_hostname }}/"]',
  'windows.*.duration': 'duration: 3h',
  'windows.*.time_zone': 'time_zone: Europe/Berlin',
  'stages.*.name': 'name: canary',
  'stages.*.hosts': 'hosts: 1',
}

export function hintForMissing(pattern: string): string | undefined {
  const example = examples[pattern]
  return example && `add it: ${example}`
}

/** Other tools' words for what is meant, by key. */
const synonyms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  order: { reverse_inventory: 'reverse', reverse_sorted: 'sorted', random: 'shuffle', name: 'sorted' },
  on_drain_limit: { kill: 'terminate', term: 'terminate', wait: 'leave', keep: 'leave' },
  'stages.*.gate': { manual: 'approval', approve: 'approval', true: 'approval', yes: 'approval' },
}

/** @param wanted what the value must be, as the message says it */
export function hintForType(pattern: string, wanted: string, wrong: Wrong): string | undefined {
  const { value, written, place } = wrong
  if (value === null && /:\s+#\S/.test(place.excerpt ?? ''))
    return 'a "#" behind a blank begins a comment: quote the value'
  if (value === null && wanted.startsWith('a list')) return 'begin each entry with "- "'
  const example = examples[pattern]
  if (value === null && example) return `write a value, such as ${example}`
  if (value === null) return 'write a value, or remove the key'
  if (wrong.choices) return hintForChoice(pattern, String(value), wrong.choices)
  if (typeof value === 'object') return hintForCollection(pattern, wanted, value)
  if (wanted.startsWith('a duration') && typeof value === 'number')
    return `write "${written}s", with its unit`
  if (wanted === 'text') return `quote it: "${written}"`
  const name = pattern.split('.').at(-1) ?? ''
  const key = inner[pattern]
  if (key !== undefined) return `write ${name}: { ${key}: ${clip(written, 60)} }`
  if (pattern === 'stages.*') return `write { name: canary, hosts: ${clip(written, 60)} }`
  if (wanted === 'a list of words')
    return 'give the program and each argument as an entry: [curl, -f, http://localhost/]'
  if (wanted === 'a list of paths')
    return `write ${name}: [${/^[\w./-]+$/.test(written) ? written : JSON.stringify(written)}]`
  return wanted.startsWith('a list') ? 'begin each entry with "- "' : undefined
}

function hintForChoice(pattern: string, value: string, choices: readonly unknown[]): string | undefined {
  const near = synonyms[pattern]?.[value.toLowerCase()] ?? nearest(value, choices.map(String))
  return near
    ? `did you mean "${near}"?`
    : choices.length === 1
      ? `${choices[0]} is the only one`
      : `write one of them`
}

function hintForCollection(pattern: string, wanted: string, value: object): string | undefined {
  if (wanted === 'text' && Array.isArray(value))
    return /(?:^|\.)hosts$/.test(pattern)
      ? 'write one text, such as "web:db" for two patterns'
      : 'write one text, without brackets or "- " around it'
  if (pattern === 'health.*.command') return `write command: { run: [${Object.values(value).join(', ')}] }`
  return wanted.startsWith('a list') ? 'begin each entry with "- "' : undefined
}
