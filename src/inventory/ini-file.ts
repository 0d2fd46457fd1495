/** An INI inventory. The rules are those of ansible-core's `plugins/inventory/ini.py`. */
import { nearest } from '../core/suggest.ts'
import { refusalOfGroupName } from './host-name.ts'
import { readIniHost, readIniVariable } from './ini-entry.ts'
import { addGroup, type Group } from './inventory.ts'
import { hintDidYouMean, type Loading, linkGroups } from './loading.ts'
import { complain, type SourceText, type Spot } from './spot.ts'

type SectionKind = 'hosts' | 'children' | 'vars'

interface Section {
  /** Undefined under a header that was refused: its lines are skipped, or every one would complain again. */
  readonly group: Group | undefined
  readonly kind: SectionKind
}

/** One file while it is read. */
interface Reading {
  readonly loading: Loading
  readonly source: SourceText
  /** Groups with a header of their own in this file, and those of earlier sources. */
  readonly declared: Set<string>
  /** Children whose header has not come yet, by name. */
  readonly waiting: Map<string, { readonly parent: Group; readonly spot: Spot }[]>
  readonly varsHeaders: { readonly name: string; readonly spot: Spot }[]
}

/** Adds a file's hosts, groups and vars. Mistakes go to `loading.faults`; nothing is thrown. */
export function readIniInventory(loading: Loading, source: SourceText): void {
  const declared = new Set(loading.inventory.groups.keys())
  const reading: Reading = { loading, source, declared, waiting: new Map(), varsHeaders: [] }
  let section: Section = { group: loading.inventory.groups.get('ungrouped'), kind: 'hosts' }
  let offset = 0
  for (const raw of source.text.split('\n')) {
    const line = raw.trim()
    const spot = { source, offset: offset + raw.length - raw.trimStart().length }
    offset += raw.length + 1
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    if (isHeader(line)) section = readHeader(reading, line, spot)
    else if (!section.group) continue
    else if (section.kind === 'hosts') readIniHost(loading, section.group, line, spot)
    else if (section.kind === 'vars') readIniVariable(loading, section.group, line, spot)
    else readChild(reading, section.group, line, spot)
  }
  reportUndeclared(reading)
}

/** `[::1]:22` and `[a:c]host` are hosts; a bracket that ends a word is a header. */
function isHeader(line: string): boolean {
  return line.startsWith('[') && (line.endsWith(']') || !line.includes(']') || /^\[[^\]]*\]\s/.test(line))
}

function readHeader(reading: Reading, line: string, spot: Spot): Section {
  const { loading, declared } = reading
  const refuse = (message: string, hint?: string): Section => {
    complain(loading.faults, 'INVENTORY_SYNTAX', message, spot, hint)
    return { group: undefined, kind: 'hosts' }
  }
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line)
  if (!match?.[1]) {
    const hint = 'write [group], [group:children] or [group:vars], without spaces'
    return refuse(`the section ${line} is malformed`, hint)
  }
  const name = match[1]
  const kind = match[2] ?? 'hosts'
  if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') {
    const meant = nearest(kind, ['hosts', 'children', 'vars'])
    const hint = meant ? `did you mean [${name}:${meant}]?` : 'a section ends in :hosts, :children or :vars'
    return refuse(`a section cannot end in ":${kind}"`, hint)
  }
  const refused = refusalOfGroupName(name)
  if (refused) return refuse(`the group name "${name}" ${refused}`)
  const group = addGroup(loading.inventory, name)
  if (kind === 'vars') reading.varsHeaders.push({ name, spot })
  else {
    declared.add(name)
    // Ansible puts a child in when its own header comes, and the order of children is the order of hosts.
    for (const { parent, spot } of reading.waiting.get(name) ?? []) linkGroups(loading, parent, group, spot)
    reading.waiting.delete(name)
  }
  return { group, kind }
}

function readChild(reading: Reading, parent: Group, line: string, spot: Spot): void {
  const { loading, waiting } = reading
  const name = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line)?.[1]
  if (name === undefined) {
    const message = `a line under [${parent.name}:children] is one group name`
    complain(loading.faults, 'INVENTORY_SYNTAX', message, spot)
    return
  }
  const child = loading.inventory.groups.get(name)
  if (child) linkGroups(loading, parent, child, spot)
  else waiting.set(name, [...(waiting.get(name) ?? []), { parent, spot }])
}

function reportUndeclared({ loading, declared, waiting, varsHeaders }: Reading): void {
  for (const { name, spot } of varsHeaders) {
    if (declared.has(name)) continue
    const message = `[${name}:vars] belongs to no group: "${name}" is declared nowhere`
    complain(loading.faults, 'INVENTORY_UNKNOWN_GROUP', message, spot, hintDidYouMean(name, declared))
  }
  for (const [name, mentions] of waiting) {
    for (const { parent, spot } of mentions) {
      const message = `[${parent.name}:children] names "${name}", which is declared nowhere`
      const hint = hintDidYouMean(name, declared) ?? `declare it with [${name}]`
      complain(loading.faults, 'INVENTORY_UNKNOWN_GROUP', message, spot, hint)
    }
  }
}
