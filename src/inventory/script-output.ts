/** What an inventory program prints, put into the inventory. Rules: `plugins/inventory/script.py`. */
import { resolve } from 'node:path'
import { hintForHostName, refusalOfGroupName, refusalOfHostName } from './host-name.ts'
import { addGroup, addHost, type Group, type Value, type VarSet } from './inventory.ts'
import { assignVar, type Loading, linkGroups, mayMention } from './loading.ts'
import { complain, type Spot } from './spot.ts'
import { tagged } from './tagged.ts'

type Data = Readonly<Record<string, unknown>>

const deepest = 64

/**
 * @param answer what it printed for `--list`.
 * @param askHost asks for the variables of one host; only called when there is no `_meta.hostvars`.
 */
export function readScriptOutput(
  loading: Loading,
  answer: Data,
  spot: Spot,
  askHost: (host: string) => Data,
): void {
  const { _meta: meta, ...groups } = answer
  const hostVars = isData(meta) ? meta.hostvars : undefined
  const hosts = new Map<string, VarSet>()
  for (const [name, data] of Object.entries(groups)) {
    const group = groupNamed(loading, name, spot)
    if (group) readGroup(loading, group, data, spot, hosts)
  }
  for (const [name, target] of hosts) {
    const vars =
      hostVars === undefined ? askHost(name) : isData(hostVars) ? (hostVars[name] ?? {}) : undefined
    if (isData(vars)) assignAll(loading, target, vars, spot)
    else complain(loading.faults, 'INVENTORY_SCRIPT', `the variables of "${name}" must be an object`, spot)
  }
}

function groupNamed(loading: Loading, name: string, spot: Spot): Group | undefined {
  const refused = refusalOfGroupName(name)
  if (!refused) return addGroup(loading.inventory, name)
  complain(loading.faults, 'INVENTORY_BAD_NAME', `the group name "${name}" ${refused}`, spot)
  return undefined
}

/** A group is a list of hosts, an object with hosts, vars and children, or the variables of a host of its own name. */
function readGroup(
  loading: Loading,
  group: Group,
  given: unknown,
  spot: Spot,
  hosts: Map<string, VarSet>,
): void {
  const isPlain = isData(given) && !['hosts', 'vars', 'children'].some(key => Object.hasOwn(given, key))
  const data: Data = !isData(given)
    ? { hosts: given }
    : isPlain
      ? { hosts: [group.name], vars: given }
      : given
  const wrong = (what: string) =>
    complain(loading.faults, 'INVENTORY_SCRIPT', `group "${group.name}": the ${what}`, spot)
  const { hosts: names = [], vars = {}, children = [] } = data
  if (!isTexts(names)) wrong('hosts must be a list of names')
  else for (const name of names) readHost(loading, group, name, spot, hosts)
  if (isData(vars)) assignAll(loading, group, vars, spot)
  else wrong('variables must be an object')
  if (!isTexts(children)) wrong('children must be a list of names')
  else {
    for (const name of children) {
      const child = groupNamed(loading, name, spot)
      if (child) linkGroups(loading, group, child, spot)
    }
  }
}

function readHost(
  loading: Loading,
  group: Group,
  name: string,
  spot: Spot,
  hosts: Map<string, VarSet>,
): void {
  const refused = refusalOfHostName(name)
  if (refused) {
    const message = `the host name "${name}" ${refused}`
    complain(loading.faults, 'INVENTORY_BAD_NAME', message, spot, hintForHostName(name))
    return
  }
  if (!mayMention(loading, 1, spot)) return
  const file = resolve(spot.source.file)
  const host = addHost(loading.inventory, group, { name, port: undefined, file, spot })
  hosts.set(name, loading.inventory.groups.get(name) ?? host)
}

function assignAll(loading: Loading, target: VarSet, vars: Data, spot: Spot): void {
  if (!mayMention(loading, Object.keys(vars).length, spot)) return
  for (const [name, value] of Object.entries(vars)) {
    assignVar(loading, target, name, readValue(loading, value, spot, 0), spot)
  }
}

/** Null-prototype objects, and the tags that Ansible writes into JSON. */
function readValue(loading: Loading, value: unknown, spot: Spot, depth: number): Value {
  if (typeof value !== 'object' || value === null) return value as Value
  if (depth > deepest) {
    complain(loading.faults, 'INVENTORY_TOO_LARGE', `a value is nested deeper than ${deepest}`, spot)
    return null
  }
  if (Array.isArray(value)) return value.map(item => readValue(loading, item, spot, depth + 1))
  const { __ansible_vault: vault, __ansible_unsafe: unsafe } = value as Data
  if (typeof vault === 'string') return tagged('vault', vault, spot)
  if (typeof unsafe === 'string') return tagged('unsafe', unsafe, spot)
  const object: { [key: string]: Value } = Object.create(null)
  for (const [key, item] of Object.entries(value)) object[key] = readValue(loading, item, spot, depth + 1)
  return object
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
