/**
 * Which value wins. Ansible's order, lowest first: `all` and then the other groups in the inventory itself,
 * group_vars/all, group_vars of the other groups, the host in the inventory itself, host_vars. Within each, the
 * inventory side comes before the playbook side, a parent before its child, a low priority before a high one.
 */
import type { Place } from '../core/fault.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { groupsOfHost } from './hierarchy.ts'
import { shortName } from './host-name.ts'
import { hasTemplateMark } from './host-template.ts'
import type { Host, Inventory, Value, VarSet, Vars } from './inventory.ts'
import { placeOfSpot } from './spot.ts'
import { holdsTagged, isVault, replaceTagged, type Tagged } from './tagged.ts'
import { openVault } from './vault.ts'

/**
 * The merged variables of a host with Ansible's own: `inventory_hostname`, `inventory_hostname_short`,
 * `inventory_file`, `inventory_dir`, `group_names`. A fresh object without a prototype. Templates are unfilled.
 * What is encrypted is opened when it is read, and only then: reading it throws HandoverError INVENTORY_VAULT.
 * @throws RangeError when there is no such host.
 */
export function hostVars(inventory: Inventory, hostName: string): Vars {
  const vars = writtenVars(inventory, hostName)
  for (const [name, value] of Object.entries(vars)) {
    if (!holdsTagged(value)) continue
    const get = () => replaceTagged(value, found => usable(inventory, found))
    Object.defineProperty(vars, name, { get, enumerable: true, configurable: true })
  }
  return vars
}

/** The same as it was written: with vaults that are not opened. */
export function writtenVars(inventory: Inventory, hostName: string): Vars {
  const host = hostNamed(inventory, hostName)
  const { below, above, groupNames } = standingOf(inventory, host)
  const vars: Vars = Object.assign(Object.create(null), below.vars, host.vars)
  for (const layer of above) Object.assign(vars, layer.get(host.name)?.vars)
  return Object.assign(vars, {
    inventory_hostname: host.name,
    inventory_hostname_short: shortName(host.name),
    inventory_file: host.file ?? null,
    inventory_dir: host.file === undefined ? null : host.file.replace(/\/[^/]*$/, '') || '/',
    group_names: groupNames,
  })
}

/** Where the value that wins was written; undefined when the host has no such variable. */
export function placeOfVar(inventory: Inventory, hostName: string, variable: string): Place | undefined {
  const host = hostNamed(inventory, hostName)
  const { below, above } = standingOf(inventory, host)
  const sets = [...above.toReversed().map(layer => layer.get(hostName)), host, below]
  const spot = sets.find(set => set?.spots.has(variable))?.spots.get(variable)
  return spot && placeOfSpot(spot)
}

function hostNamed(inventory: Inventory, name: string): Host {
  const host = inventory.hosts.get(name)
  if (!host) throw new RangeError(`no host named ${name}`)
  return host
}

function usable({ vault }: Inventory, found: Tagged): Value {
  if (isVault(found)) {
    const plain = openVault(vault, found.text, found.spot)
    vault.plain.add(plain)
    return plain
  }
  if (!hasTemplateMark(found.text)) return found.text
  const message = 'this is tagged !unsafe and looks like a template: it cannot be used without filling it in'
  throw new HandoverError(fault('INVENTORY_TEMPLATE', message, { place: placeOfSpot(found.spot) }))
}

/** What all hosts of the same groups have in common. */
interface Standing {
  /** Everything that stands below the variables of the host itself. */
  readonly below: VarSet
  /** host_vars/, lowest first. */
  readonly above: readonly ReadonlyMap<string, VarSet>[]
  readonly groupNames: readonly string[]
}

// Thousands of hosts are in the same few groups. An inventory does not change once it is loaded.
const standings = new WeakMap<Inventory, Map<string, Standing>>()

function standingOf(inventory: Inventory, host: Host): Standing {
  const known = standings.get(inventory) ?? new Map<string, Standing>()
  standings.set(inventory, known)
  const key = [...host.groups].join('/')
  const standing = known.get(key) ?? settle(inventory, host)
  known.set(key, standing)
  return standing
}

function settle(inventory: Inventory, host: Host): Standing {
  const groups = groupsOfHost(inventory, host)
  const names = groups.map(group => group.name).filter(name => name !== 'all')
  const inventorySide = inventory.layers.filter(layer => layer.side === 'inventory')
  const playbookSide = inventory.layers.filter(layer => layer.side === 'playbook')
  const layers = [...inventorySide, ...playbookSide]
  const sets = [
    ...groups,
    ...layers.map(layer => layer.groups.get('all')),
    ...inventorySide.flatMap(layer => names.map(name => layer.groups.get(name))),
    ...playbookSide.flatMap(layer => names.map(name => layer.groups.get(name))),
  ]
  const vars: Vars = Object.create(null)
  for (const set of sets) Object.assign(vars, set?.vars)
  const spots = new Map(sets.flatMap(set => [...(set?.spots ?? [])]))
  return { below: { vars, spots }, above: layers.map(layer => layer.hosts), groupNames: names.sort() }
}
