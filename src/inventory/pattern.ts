/** Which hosts a pattern selects: union, then `&`, then `!`, whatever the written order. */
import { type Fault, fault, HandoverError, type Place } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'
import { placeOn, placeWithin } from '../document/place.ts'
import { readText } from '../document/text-file.ts'
import { hostsOfGroup } from './hierarchy.ts'
import { addGroup, addHost, createInventory, type Inventory } from './inventory.ts'
import { isWildcard, type Selection, selectNames } from './name-match.ts'
import { type PatternPart, readSubscript, type Subscript, splitPattern } from './pattern-words.ts'

// Comparing every wrong name with every known one is only worth it for the first few.
const mostSuggestions = 10

/**
 * A part and where it stands, since the parts of `--limit @file` stand in a file. Worked out for the few that are wrong:
 * ten thousand terms must not be ten thousand walks through the text.
 */
interface Term extends PatternPart {
  readonly place: () => Place
}

/**
 * Host names in Ansible's order: term by term, a group's own hosts before those of its children.
 * Ansible only warns about a name it does not know; here it is a fault. A glob or regex may select nothing after
 * `&` and `!`, and a group may be empty, so the result can be empty.
 * @param written where: a place, or the name of an option that it is the value of. Faults point at the part that is wrong.
 * @throws HandoverError INVENTORY_BAD_PATTERN, INVENTORY_UNKNOWN_NAME; every term that is wrong is reported.
 */
export function matchHosts(
  inventory: Inventory,
  pattern: string,
  written: Place | string = 'pattern',
): string[] {
  const faults: Fault[] = []
  const placeAt = (at: number) =>
    typeof written === 'string' ? placeOn(written, pattern, 1, at + 1) : placeWithin(written, pattern, at)
  const terms = readTerms(pattern, placeAt, faults)
  const hosts = selectHosts(inventory, terms, faults)
  if (faults.length > 0) throw new HandoverError(faults)
  return hosts
}

/**
 * The hosts that are also selected by `--limit`: a pattern in which `@file` stands for the patterns of a file, one a
 * line. Keeps the order of `hosts`.
 * @throws HandoverError as matchHosts, and FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export function limitHosts(inventory: Inventory, hosts: readonly string[], limit: string): string[] {
  const faults: Fault[] = []
  const written = readTerms(limit, at => placeOn('--limit', limit, 1, at + 1), faults)
  const terms = written.flatMap(term =>
    term.kind === 'union' && term.text.startsWith('@') ? readLimitFile(term.text.slice(1), faults) : term,
  )
  const selected = new Set(selectHosts(inventory, terms, faults))
  if (faults.length > 0) throw new HandoverError(faults)
  return hosts.filter(host => selected.has(host))
}

/** The same for hosts of which only the names are known: there are no groups but `all`. */
export function limitNames(names: readonly string[], limit: string): string[] {
  const inventory = createInventory()
  const spot = { source: { file: '', text: '' }, offset: 0 }
  for (const name of names) {
    addHost(inventory, addGroup(inventory, 'ungrouped'), { name, port: undefined, file: undefined, spot })
  }
  return limitHosts(inventory, names, limit)
}

function readTerms(text: string, placeAt: (at: number) => Place, faults: Fault[]): Term[] {
  const split = splitPattern(text)
  if (split.ok) {
    if (split.parts.length > 0) return split.parts.map(part => ({ ...part, place: () => placeAt(part.at) }))
    faults.push(fault('INVENTORY_BAD_PATTERN', 'the pattern is empty', { place: placeAt(0) }))
    return []
  }
  faults.push(fault('INVENTORY_BAD_PATTERN', split.message, { place: placeAt(split.at) }))
  return []
}

function readLimitFile(file: string, faults: Fault[]): Term[] {
  const text = readText(file)
  const terms = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return []
    return readTerms(line, at => placeOn(file, text, index + 1, at + 1), faults)
  })
  // Nothing but exclusions means all but these; nothing at all must not.
  if (terms.length === 0) {
    faults.push(fault('INVENTORY_BAD_PATTERN', `${file} holds no pattern`, { place: { file } }))
  }
  return terms
}

function selectHosts(inventory: Inventory, terms: readonly Term[], faults: Fault[]): string[] {
  const of = (kind: Term['kind']) =>
    terms.filter(term => term.kind === kind).map(term => hostsOfTerm(inventory, term, faults))
  const unions = of('union')
  let hosts = [...new Set(unions.length > 0 ? unions.flat() : hostsOfGroup(inventory, 'all'))]
  for (const kept of of('intersection')) {
    const names = new Set(kept)
    hosts = hosts.filter(host => names.has(host))
  }
  const excluded = new Set(of('exclusion').flat())
  return hosts.filter(host => !excluded.has(host))
}

function hostsOfTerm(inventory: Inventory, term: Term, faults: Fault[]): readonly string[] {
  // Ansible looks a host up before anything else, but only where no sign stands before it.
  if (term.kind === 'union' && inventory.hosts.has(term.text)) return [term.text]
  const subscript = readSubscript(term.text)
  if (subscript === 'dash') {
    const hint = `write ${term.text.replace(/-(?=\d*\]$)/, ':')}`
    faults.push(fault('INVENTORY_BAD_PATTERN', 'a subscript has a colon', { place: term.place(), hint }))
    return []
  }
  const hosts = hostsOfName(inventory, term, subscript?.name ?? term.text, faults)
  return subscript ? applySubscript(hosts, subscript, term, faults) : hosts
}

function hostsOfName(inventory: Inventory, term: Term, text: string, faults: Fault[]): string[] {
  const groups = namesIn(inventory.groups, text)
  // As Ansible: a group hides a host of the same name, unless the text could mean several names.
  const both = groups.ok && (groups.names.length === 0 || /^~|[.?*[]/.test(text))
  const hosts = both ? namesIn(inventory.hosts, text) : noNames
  if (!groups.ok || !hosts.ok) {
    const message = !groups.ok ? groups.message : !hosts.ok ? hosts.message : ''
    faults.push(fault('INVENTORY_BAD_PATTERN', message, { place: term.place() }))
    return []
  }
  if (groups.names.length + hosts.names.length === 0) reportUnknown(inventory, term, text, faults)
  return [...new Set([...groups.names.flatMap(name => hostsOfGroup(inventory, name)), ...hosts.names])]
}

const noNames: Selection = { ok: true, names: [] }

/** A plain word is looked up: a file of ten thousand of them must not be ten thousand searches. */
function namesIn(known: ReadonlyMap<string, unknown>, text: string): Selection {
  if (isWildcard(text)) return selectNames(known.keys(), text)
  return known.has(text) ? { ok: true, names: [text] } : noNames
}

function reportUnknown(inventory: Inventory, term: Term, text: string, faults: Fault[]): void {
  if (isWildcard(text)) {
    if (term.kind !== 'union') return
    const message = `"${text}" matches no host and no group`
    faults.push(fault('INVENTORY_UNKNOWN_NAME', message, { place: term.place() }))
    return
  }
  const known = [...inventory.groups.keys(), ...inventory.hosts.keys()]
  const meant = faults.length < mostSuggestions ? nearest(text, known) : undefined
  const hint = meant === undefined ? {} : { hint: `did you mean "${meant}"?` }
  const message = `no host or group is called "${text}"`
  faults.push(fault('INVENTORY_UNKNOWN_NAME', message, { place: term.place(), ...hint }))
}

function applySubscript(hosts: string[], subscript: Subscript, term: Term, faults: Fault[]): string[] {
  const { first, last } = subscript
  if (hosts.length === 0) return hosts
  if (last !== undefined && last >= first) return hosts.slice(first, last + 1)
  const host = last === undefined ? hosts.at(first) : undefined
  if (host !== undefined) return [host]
  const message =
    last === undefined
      ? `"${subscript.name}" has ${hosts.length} hosts, none at ${first}`
      : `the subscript of "${term.text}" runs backwards`
  faults.push(fault('INVENTORY_BAD_PATTERN', message, { place: term.place() }))
  return []
}
