/** The keys of the format by the mapping they stand in, and what to say about one that is not among them. */

import { nearest } from '../core/suggest.ts'
import type { DocumentPath } from '../document/document.ts'
import * as schema from './schema.ts'
import { window } from './windows.ts'

/** By mapping, `*` for an index of a list. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(schema.playbook.shape),
  'secrets.*': Object.keys(schema.secret.shape),
  artifact: Object.keys(schema.artifact.shape),
  handover: Object.keys(schema.handover.shape),
  rollback: Object.keys(schema.rollback.shape),
  'health.*': Object.keys(schema.health.shape),
  'health.*.http': Object.keys(schema.http.shape),
  'health.*.tcp': Object.keys(schema.tcp.shape),
  'health.*.command': Object.keys(schema.command.shape),
  'stages.*': Object.keys(schema.stage.shape),
  'windows.*': Object.keys(window.shape),
}

/** Part of the format, and refused until it is built: nothing is ever accepted and ignored. */
const notBuilt: Readonly<Record<string, readonly string[]>> = {
  '': ['hooks', 'notify', 'max_unavailable'],
  artifact: ['files'],
  'stages.*': ['rehearse', 'spread'],
}

const perHost = new Set([
  'become',
  'handover.binary',
  'handover.pid_file',
  'handover.state_dir',
  'health.*.http.url',
  'health.*.http.body',
  'health.*.tcp.address',
  'health.*.command.run.*',
])

const noTasks = 'there are no tasks here: artifact and handover say what is upgraded, stages in which steps'
const inInventory = 'say how a host is reached in the inventory (ansible_user, ansible_port, ...)'
const sudoOnly = 'become: true uses sudo to root, without a password; nothing else is supported'

/** What stands in the place of Ansible's own keys. */
const ansible: Readonly<Record<string, string>> = {
  serial: 'use stages for the steps of a rollout, and concurrency for the most hosts changed at once',
  max_fail_percentage: 'use max_failed with a percentage, such as max_failed: "10%"',
  any_errors_fatal: 'remove it: max_failed is 0 unless the playbook says otherwise',
  forks: 'use concurrency for the most hosts changed at once; -f sets how many are connected to',
  throttle: 'use concurrency',
  tasks: noTasks,
  pre_tasks: noTasks,
  post_tasks: noTasks,
  roles: noTasks,
  handlers: noTasks,
  gather_facts: 'remove it: what is needed of a host is always looked up',
  strategy: 'remove it: stages and concurrency decide the order',
  remote_user: inInventory,
  user: inInventory,
  port: inInventory,
  connection: inInventory,
  become_user: sudoOnly,
  become_method: sudoOnly,
}

export function isNotBuilt(mapping: string, key: string): boolean {
  return notBuilt[mapping]?.includes(key) ?? false
}

/** The unknown key is most likely the misspelt one that is missed: one complaint is enough. */
export function hasUnknownKey(mapping: string, entry: object): boolean {
  return Object.keys(entry).some(key => !knownKeys[mapping]?.includes(key))
}

/** Resolved with the variables of each host, not when the playbook is loaded. */
export function isPerHost(path: DocumentPath): boolean {
  return perHost.has(patternOf(path))
}

/** `health.*.http` for the path of the http mapping of any check; secrets are listed by name. */
export function patternOf(path: DocumentPath): string {
  return path
    .map((step, at) => (typeof step === 'number' || (at === 1 && path[0] === 'secrets') ? '*' : step))
    .join('.')
}

/** For people: `health[0].http.url`. */
export function keyName(path: DocumentPath): string {
  return path
    .map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join('')
}

/** What the user may have meant by a key that is not known in its mapping. */
export function hintForKey(mapping: string, key: string): string {
  if (key === '<<')
    return 'merge keys are not supported: write the keys out, or use an anchor for a single value'
  const asAnsible = isOfAnsible(mapping, key) ? ansible[key] : undefined
  if (asAnsible) return asAnsible
  const home = homeOf(mapping, key)
  const meant = meantKey(mapping, key)
  if (meant !== undefined) return `did you mean "${meant}"?`
  if (home !== undefined)
    return home === '' ? `"${key}" belongs at the top level` : `"${key}" belongs under ${nameOf(home)}`
  return `the keys here are ${(knownKeys[mapping] ?? []).join(', ')}`
}

/** The key that is most likely meant; none where another hint is better. */
export function meantKey(mapping: string, key: string): string | undefined {
  const spelling = spellingOf(mapping, key)
  if (spelling !== undefined) return spelling
  if (isOfAnsible(mapping, key) || homeOf(mapping, key) !== undefined) return undefined
  return nearest(key, [...(knownKeys[mapping] ?? []), ...(notBuilt[mapping] ?? [])])
}

function isOfAnsible(mapping: string, key: string): boolean {
  return (mapping === '' || mapping === 'stages.*') && Object.hasOwn(ansible, key)
}

/** Another mapping that has the key. */
function homeOf(mapping: string, key: string): string | undefined {
  return Object.keys(knownKeys).find(other => other !== mapping && knownKeys[other]?.includes(key))
}

/** The known key that is the same but for case, dashes and blanks. */
function spellingOf(mapping: string, key: string): string | undefined {
  const bare = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '')
  return knownKeys[mapping]?.find(known => bare(known) === bare(key))
}

function nameOf(mapping: string): string {
  return mapping.replaceAll('.*', '')
}
