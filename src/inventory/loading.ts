/** What reading several sources shares, and the few ways in which they change the inventory. */
import { resolve } from 'node:path'
import { nearest } from '../core/suggest.ts'
import { hintForHostName, readPort, refusalOfHostName } from './host-name.ts'
import { expandHosts } from './host-range.ts'
import {
  addChild,
  addHost,
  createInventory,
  type Group,
  type Inventory,
  setVar,
  type Value,
  type VarSet,
} from './inventory.ts'
import { complain, createFaultList, type FaultList, type Spot } from './spot.ts'
import { rememberSecrets, type Vault } from './vault.ts'

export interface Loading {
  readonly inventory: Inventory
  readonly faults: FaultList
  /** Where a group was made the child of another, by parent and child. */
  readonly edges: Map<string, Map<string, Spot>>
  /** Hosts named and variables given to them so far, counting repetitions. */
  mentions: number
}

const mostMentions = 1_000_000

export function createLoading(vault?: Vault): Loading {
  return { inventory: createInventory(vault), faults: createFaultList(), edges: new Map(), mentions: 0 }
}

/** Cycles are looked for once, at the end. */
export function linkGroups(loading: Loading, parent: Group, child: Group, spot: Spot): void {
  if (parent === child || child.name === 'all') {
    const message = `the group "${child.name}" cannot be a child of "${parent.name}"`
    complain(loading.faults, 'INVENTORY_CYCLE', message, spot)
    return
  }
  addChild(parent, child)
  const known = loading.edges.get(parent.name) ?? new Map<string, Spot>()
  known.set(child.name, spot)
  loading.edges.set(parent.name, known)
}

export function assignVar(loading: Loading, target: VarSet, name: string, value: Value, spot: Spot): void {
  if (spot.source.isSecret) rememberSecrets(loading.inventory.vault, value)
  if (name === '') {
    complain(loading.faults, 'INVENTORY_SYNTAX', 'a variable has no name', spot)
  } else if (name === 'ansible_group_priority' && isGroup(target)) {
    const priority = /^\s*[-+]?\d{1,9}\s*$/.test(String(value)) ? Number(value) : undefined
    if (priority === undefined) {
      const message = `ansible_group_priority must be a whole number, not ${JSON.stringify(value)}`
      complain(loading.faults, 'INVENTORY_BAD_VALUE', message, spot)
    } else target.priority = priority
  } else setVar(target, name, value, spot)
}

function isGroup(target: VarSet): target is Group {
  return 'priority' in target
}

/**
 * The targets for the variables of a written host name or range, whose hosts are now in the group.
 * Empty when it was refused.
 */
export function mentionHosts(
  loading: Loading,
  group: Group,
  written: { text: string; spot: Spot; file: string | undefined; variables: number },
): VarSet[] {
  const { text, spot } = written
  const { faults } = loading
  if (loading.mentions > mostMentions) return []
  const expansion = expandHosts(text)
  if (!expansion.ok) {
    complain(faults, expansion.code, expansion.message, spot)
    return []
  }
  const { names, port: digits } = expansion.mention
  // Refused lines count, too: multiplying out is what takes the time.
  if (!mayMention(loading, names.length * (1 + written.variables), spot)) return []
  const port = digits === undefined ? undefined : readPort(digits)
  if (digits !== undefined && port === undefined) {
    complain(faults, 'INVENTORY_BAD_PORT', `the port ${digits} is not from 1 to 65535`, spot)
    return []
  }
  // The names of a range differ in the range only, and the last is the longest.
  const refused = refusalOfHostName(names.at(-1) ?? '') ?? refusalOfHostName(names[0] ?? '')
  if (refused) {
    complain(faults, 'INVENTORY_BAD_NAME', `the host name "${text}" ${refused}`, spot, hintForHostName(text))
    return []
  }
  const file = written.file === undefined ? undefined : resolve(written.file)
  return names.map(name => {
    const host = addHost(loading.inventory, group, { name, port, file, spot })
    // As Ansible: the variables of a name that is both a group and a host go to the group.
    return loading.inventory.groups.get(name) ?? host
  })
}

/** Counts what is named, and complains once when it is too much to go on. */
export function mayMention(loading: Loading, more: number, spot: Spot): boolean {
  loading.mentions += more
  if (loading.mentions <= mostMentions) return true
  const message = `more than ${mostMentions} hosts and variables of hosts are named`
  complain(loading.faults, 'INVENTORY_TOO_LARGE', message, spot)
  return false
}

export function hintDidYouMean(word: string, known: Iterable<string>): string | undefined {
  const meant = nearest(word, known)
  return meant === undefined ? undefined : `did you mean "${meant}"?`
}
