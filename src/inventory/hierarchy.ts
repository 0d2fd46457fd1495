/** What holds after all sources are read: everybody under `all`, no cycles, every depth known. */
import type { Group, Host, Inventory } from './inventory.ts'
import { addChild, joinGroup } from './inventory.ts'
import type { Loading } from './loading.ts'
import { complain } from './spot.ts'

const deepest = 100

/** As Ansible's reconcile_inventory, with the depths that follow from it. */
export function settleHierarchy(loading: Loading): void {
  const { inventory } = loading
  const all = inventory.groups.get('all')
  const ungrouped = inventory.groups.get('ungrouped')
  if (!all || !ungrouped) return
  if (reportCycles(loading)) return
  for (const group of inventory.groups.values()) {
    if (group !== all && group.parents.size === 0) addChild(all, group)
  }
  for (const host of inventory.hosts.values()) settleUngrouped(host, ungrouped)
  settleDepths(loading, all)
}

function settleUngrouped(host: Host, ungrouped: Group): void {
  const elsewhere = [...host.groups].some(name => name !== 'all' && name !== 'ungrouped')
  if (!elsewhere) joinGroup(ungrouped, host)
  else if (host.groups.delete('ungrouped')) ungrouped.hosts.delete(host.name)
}

/** Walks without recursion: the nesting of an INI file has no bound of its own. */
function reportCycles(loading: Loading): boolean {
  const { groups } = loading.inventory
  const state = new Map<string, 'open' | 'done'>()
  let found = false
  for (const start of groups.keys()) {
    if (state.has(start)) continue
    const path: { name: string; rest: Iterator<string> }[] = []
    const open = (name: string): void => {
      state.set(name, 'open')
      path.push({ name, rest: (groups.get(name)?.children ?? new Set<string>()).values() })
    }
    open(start)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const { done, value: child } = top.rest.next()
      if (done) {
        state.set(top.name, 'done')
        path.pop()
      } else if (state.get(child) === 'open') {
        found = true
        const names = path.map(step => step.name)
        reportCycle(loading, [...names.slice(names.indexOf(child)), child])
      } else if (!state.has(child)) open(child)
    }
  }
  return found
}

function reportCycle(loading: Loading, names: readonly string[]): void {
  const [parent = '', child = ''] = names.slice(-2)
  const spot = loading.edges.get(parent)?.get(child)
  if (!spot) return
  const shown = names.length > 8 ? [...names.slice(0, 4), '...', ...names.slice(-3)] : names
  complain(loading.faults, 'INVENTORY_CYCLE', `groups contain each other: ${shown.join(' > ')}`, spot)
}

/** Longest way down from `all`: a group is settled once all its parents are. */
function settleDepths(loading: Loading, all: Group): void {
  const { groups } = loading.inventory
  const unsettled = new Map([...groups.values()].map(group => [group.name, group.parents.size]))
  const ready = [all]
  for (const group of ready) {
    for (const name of group.children) {
      const child = groups.get(name)
      if (!child) continue
      child.depth = Math.max(child.depth, group.depth + 1)
      const left = (unsettled.get(name) ?? 1) - 1
      unsettled.set(name, left)
      if (left === 0) ready.push(child)
    }
    const spot =
      group.depth > deepest ? loading.edges.get([...group.parents][0] ?? '')?.get(group.name) : undefined
    if (spot)
      complain(loading.faults, 'INVENTORY_TOO_LARGE', `groups are nested deeper than ${deepest}`, spot)
  }
}

/**
 * Names of the hosts of a group and of all groups below it, in Ansible's order: the group's own first, then level
 * by level. Empty for a group that does not exist.
 */
export function hostsOfGroup(inventory: Inventory, groupName: string): string[] {
  const groups = new Set([groupName])
  const hosts = new Set<string>()
  for (const name of groups) {
    const group = inventory.groups.get(name)
    if (!group) continue
    for (const host of group.hosts) hosts.add(host)
    for (const child of group.children) groups.add(child)
  }
  return [...hosts]
}

/** The groups a host is in, directly or through a child group, `all` included; in the order vars are merged. */
export function groupsOfHost(inventory: Inventory, host: Host): Group[] {
  const names = new Set([...host.groups, 'all'])
  for (const name of names) {
    for (const parent of inventory.groups.get(name)?.parents ?? []) names.add(parent)
  }
  const groups = [...names].flatMap(name => inventory.groups.get(name) ?? [])
  return groups.sort((a, b) => a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1))
}
