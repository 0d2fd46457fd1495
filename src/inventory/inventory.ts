/**
 * The named targets as Ansible means them.
 *
 * inventory  hosts and groups of all -i sources, merged in order
 * host       one named target; its address may be another
 * group      a named set of hosts and of child groups; `all` and `ungrouped` always exist
 * vars       data set on a host or a group as it was written: templates unfilled, vaults unopened
 * layer      the vars of one directory that holds group_vars/ and host_vars/
 */
import type { Spot } from './spot.ts'
import type { Tagged } from './tagged.ts'
import { createVault, type Vault } from './vault.ts'

export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value }
  | Tagged

/** Null-prototype: no name of a variable can reach a prototype. */
export type Vars = { [name: string]: Value }

/** Variables, and where each was set last. */
export interface VarSet {
  readonly vars: Vars
  readonly spots: Map<string, Spot>
}

export interface Host extends VarSet {
  readonly name: string
  /** Groups the host is directly in, in the order it was put there. */
  readonly groups: Set<string>
  /** Path of the source that named the host first; undefined for a comma list. */
  readonly file: string | undefined
  /** Where the host was named first. */
  readonly spot: Spot
}

export interface Group extends VarSet {
  readonly name: string
  readonly children: Set<string>
  readonly parents: Set<string>
  /** Hosts directly in the group, in the order they were put there. */
  readonly hosts: Set<string>
  /** Longest way down from `all`, which has 0. */
  depth: number
  /** `ansible_group_priority`; 1 unless set. Decides between groups of the same depth. */
  priority: number
}

export interface VarsLayer {
  readonly directory: string
  readonly side: 'inventory' | 'playbook'
  readonly groups: Map<string, VarSet>
  readonly hosts: Map<string, VarSet>
}

export interface Inventory {
  /** In the order in which they were first named. */
  readonly hosts: Map<string, Host>
  readonly groups: Map<string, Group>
  /** In the order in which they are merged: inventory side first, then playbook side. */
  readonly layers: VarsLayer[]
  readonly vault: Vault
}

export function createInventory(vault: Vault = createVault()): Inventory {
  const inventory: Inventory = { hosts: new Map(), groups: new Map(), layers: [], vault }
  addChild(addGroup(inventory, 'all'), addGroup(inventory, 'ungrouped'))
  return inventory
}

export function createVarSet(): VarSet {
  return { vars: Object.create(null) as Vars, spots: new Map() }
}

export function addGroup(inventory: Inventory, name: string): Group {
  const known = inventory.groups.get(name)
  if (known) return known
  const group: Group = {
    ...createVarSet(),
    name,
    children: new Set(),
    parents: new Set(),
    hosts: new Set(),
    depth: 0,
    priority: 1,
  }
  inventory.groups.set(name, group)
  return group
}

/** The port counts only where the host is named first, as in Ansible. */
export function addHost(
  inventory: Inventory,
  group: Group,
  named: { name: string; port: number | undefined; file: string | undefined; spot: Spot },
): Host {
  const { name, port, file, spot } = named
  let host = inventory.hosts.get(name)
  if (!host) {
    host = { ...createVarSet(), name, groups: new Set(), file, spot }
    inventory.hosts.set(name, host)
    if (port !== undefined) setVar(host, 'ansible_port', port, spot)
  }
  joinGroup(group, host)
  return host
}

export function joinGroup(group: Group, host: Host): void {
  group.hosts.add(host.name)
  host.groups.add(group.name)
}

export function addChild(parent: Group, child: Group): void {
  parent.children.add(child.name)
  child.parents.add(parent.name)
}

export function setVar(target: VarSet, name: string, value: Value, spot: Spot): void {
  target.vars[name] = value
  target.spots.set(name, spot)
}
