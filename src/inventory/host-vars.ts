/**
 * Which value wins. Ansible's order, lowest first: `all` and then the other groups in the inventory itself,
 * group_vars/all, group_vars of the other groups, the host in the inventory itself, host_vars. Within each, the
 * inventory side comes before the playbook side, a parent before its child, a low priority before a high one.
 */
import type { Place } from '../core/fault.ts'
import { groupsOfHost } from './hierarchy.ts'
import type { Host, Inventory, VarSet, Vars } from './inventory.ts'
import { placeOfSpot } from './spot.ts'

/**
 * The merged variables of a host with Ansible's own: `inventory_hostname`, `inventory_hostname_short`,
 * `inventory_file`, `inventory_dir`, `group_names`. A fresh object without a prototype.
 * @throws RangeError when there is no such host.
 */
export function hostVars(inventory: Inventory, hostName: string): Vars {
  const host = hostNamed(inventory, hostName)
  const merged: Vars = Object.create(null)
  for (const { vars } of varSetsOf(inventory, host)) Object.assign(merged, vars)
  const names = groupsOfHost(inventory, host).flatMap(group => (group.name === 'all' ? [] : group.name))
  return Object.assign(merged, {
    inventory_hostname: host.name,
    inventory_hostname_short: host.name.split('.', 1)[0] ?? host.name,
    inventory_file: host.file ?? null,
    inventory_dir: host.file === undefined ? null : host.file.replace(/\/[^/]*$/, '') || '/',
    group_names: names.sort(),
  })
}

/** Where the value that wins was written; undefined when the host has no such variable. */
export function placeOfVar(inventory: Inventory, hostName: string, variable: string): Place | undefined {
  const sets = varSetsOf(inventory, hostNamed(inventory, hostName))
  const spot = sets.findLast(set => set.spots.has(variable))?.spots.get(variable)
  return spot && placeOfSpot(spot)
}

function hostNamed(inventory: Inventory, name: string): Host {
  const host = inventory.hosts.get(name)
  if (!host) throw new RangeError(`no host named ${name}`)
  return host
}

function varSetsOf(inventory: Inventory, host: Host): VarSet[] {
  const groups = groupsOfHost(inventory, host)
  const names = groups.map(group => group.name).filter(name => name !== 'all')
  const inventorySide = inventory.layers.filter(layer => layer.side === 'inventory')
  const playbookSide = inventory.layers.filter(layer => layer.side === 'playbook')
  const sets = [
    ...groups,
    ...[...inventorySide, ...playbookSide].map(layer => layer.groups.get('all')),
    ...inventorySide.flatMap(layer => names.map(name => layer.groups.get(name))),
    ...playbookSide.flatMap(layer => names.map(name => layer.groups.get(name))),
    host,
    ...[...inventorySide, ...playbookSide].map(layer => layer.hosts.get(host.name)),
  ]
  return sets.filter(set => set !== undefined)
}
