/** A YAML inventory: groups by name, each with hosts, children and vars. Rules: `plugins/inventory/yaml.py`. */
import { isMap, isScalar, type Node } from 'yaml'
import { refusalOfGroupName } from './host-name.ts'
import { addGroup, type Group } from './inventory.ts'
import { assignVar, hintDidYouMean, type Loading, linkGroups, mentionHosts } from './loading.ts'
import { complain } from './spot.ts'
import { type Entry, entriesOf, spotOf, type YamlReading, yamlValue } from './yaml-value.ts'

const sections = ['hosts', 'children', 'vars'] as const
const deepestGroups = 64
const notText = 'is not text: put it into quotes'

/** Adds a document's hosts, groups and vars. Mistakes go to `loading.faults`; nothing is thrown. */
export function readYamlInventory(loading: Loading, reading: YamlReading): void {
  const { root } = reading.document
  if (!isMap(root)) {
    const message = 'an inventory is a mapping of groups'
    complain(loading.faults, 'INVENTORY_SYNTAX', message, spotOf(reading, root), 'begin with "all:"')
    return
  }
  const entries = entriesOf(reading, root)
  const plugin = entries.find(entry => entry.key === 'plugin')
  if (plugin && !isMap(plugin.value)) {
    const name = isScalar(plugin.value) ? ` (this is ${JSON.stringify(String(plugin.value.value))})` : ''
    const message = `inventory plugins are not built yet${name}`
    const hint = 'write what the plugin returns to a file: ansible-inventory --list --yaml --export'
    complain(loading.faults, 'INVENTORY_NOT_BUILT', message, spotOf(reading, plugin.keyNode), hint)
    return
  }
  for (const entry of entries) readGroup(loading, reading, entry, 0)
}

function readGroup(loading: Loading, reading: YamlReading, entry: Entry, depth: number): Group | undefined {
  const { faults } = loading
  const refused = entry.isText ? refusalOfGroupName(entry.key) : notText
  if (refused) {
    const message = `the group name "${entry.key}" ${refused}`
    complain(faults, 'INVENTORY_BAD_NAME', message, spotOf(reading, entry.keyNode))
    return undefined
  }
  if (depth > deepestGroups) {
    complain(faults, 'INVENTORY_TOO_LARGE', 'groups are nested too deep', spotOf(reading, entry.keyNode))
    return undefined
  }
  const group = addGroup(loading.inventory, entry.key)
  if (isNothing(entry.value)) return group
  if (!isMap(entry.value)) {
    const message = `the group "${entry.key}" must be a mapping with hosts, children or vars`
    complain(faults, 'INVENTORY_SYNTAX', message, spotOf(reading, entry.value ?? entry.keyNode))
    return group
  }
  for (const part of entriesOf(reading, entry.value)) readSection(loading, reading, group, part, depth)
  return group
}

function readSection(loading: Loading, reading: YamlReading, group: Group, part: Entry, depth: number): void {
  if (!sections.some(name => name === part.key)) {
    const message = `unknown key "${part.key}" in the group "${group.name}"`
    const hint = hintDidYouMean(part.key, sections) ?? 'a group has hosts, children and vars'
    complain(loading.faults, 'INVENTORY_UNKNOWN_KEY', message, spotOf(reading, part.keyNode), hint)
    return
  }
  for (const entry of sectionEntries(loading, reading, group, part)) {
    const spot = spotOf(reading, entry.keyNode)
    if (part.key === 'vars') assignVar(loading, group, entry.key, yamlValue(reading, entry.value), spot)
    else if (part.key === 'hosts') readHost(loading, reading, group, entry)
    else {
      const child = readGroup(loading, reading, entry, depth + 1)
      if (child) linkGroups(loading, group, child, spot)
    }
  }
}

/** A single word stands for itself with nothing in it, as in `hosts: web1`. */
function sectionEntries(loading: Loading, reading: YamlReading, group: Group, part: Entry): readonly Entry[] {
  const { value } = part
  if (isNothing(value)) return []
  if (isMap(value)) return entriesOf(reading, value)
  if (isScalar(value) && typeof value.value === 'string') {
    return [{ key: value.value, isText: true, keyNode: value, value: null }]
  }
  const message = `"${part.key}" of the group "${group.name}" must be a mapping`
  const hint =
    part.key === 'vars' ? undefined : 'write every name with a colon after it, without a dash before it'
  complain(loading.faults, 'INVENTORY_SYNTAX', message, spotOf(reading, value ?? part.keyNode), hint)
  return []
}

function readHost(loading: Loading, reading: YamlReading, group: Group, entry: Entry): void {
  const spot = spotOf(reading, entry.keyNode)
  if (!entry.isText) {
    complain(loading.faults, 'INVENTORY_BAD_NAME', `the host name "${entry.key}" ${notText}`, spot)
    return
  }
  if (!isNothing(entry.value) && !isMap(entry.value)) {
    const message = `the variables of the host "${entry.key}" must be a mapping`
    complain(loading.faults, 'INVENTORY_SYNTAX', message, spotOf(reading, entry.value ?? entry.keyNode))
  }
  const variables = entriesOf(reading, entry.value)
  const { file } = reading.document
  const targets = mentionHosts(loading, group, { text: entry.key, spot, file, variables: variables.length })
  for (const target of targets) {
    for (const { key, keyNode, value } of variables) {
      assignVar(loading, target, key, yamlValue(reading, value), spotOf(reading, keyNode))
    }
  }
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null)
}
