/** The inventory in the JSON of `ansible-inventory --list` and `--host`. Rules: `cli/inventory.py`. */

import { hostsOfGroup } from './hierarchy.ts'
import { writtenVars } from './host-vars.ts'
import type { Group, Inventory, Value, Vars } from './inventory.ts'
import { isVault, replaceTagged } from './tagged.ts'

/** Variables that Ansible sets itself: they are not what somebody wrote. */
const own = new Set([
  'ansible_config_file',
  'ansible_diff_mode',
  'ansible_facts',
  'ansible_forks',
  'ansible_inventory_sources',
  'ansible_limit',
  'ansible_playbook_python',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_verbosity',
  'ansible_version',
  'group_names',
  'groups',
  'inventory_dir',
  'inventory_file',
  'inventory_hostname',
  'inventory_hostname_short',
  'omit',
  'playbook_dir',
])

export interface ListingOptions {
  /** Hosts to show; all unless given. */
  readonly only?: ReadonlySet<string> | undefined
  /** `-e`: wins over all. */
  readonly extraVars?: Vars | undefined
}

/** Groups with `hosts` and `children`, and `_meta.hostvars`. Encrypted values stay so. */
export function listInventory(inventory: Inventory, options: ListingOptions = {}): Vars {
  const listing: Vars = Object.create(null)
  const shown = (name: string) => options.only?.has(name) ?? true
  const seen = new Set(['all'])
  const open = [inventory.groups.get('all')]
  for (const group of open) {
    if (!group) continue
    const entry = entryOf(group, shown)
    if (entry) listing[group.name] = entry
    for (const child of group.children) {
      if (!seen.has(child)) open.push(inventory.groups.get(child))
      seen.add(child)
    }
  }
  const hostvars: Vars = Object.create(null)
  for (const name of hostsOfGroup(inventory, 'all').filter(shown)) {
    const vars = listHost(inventory, name, options)
    if (Object.keys(vars).length > 0) hostvars[name] = vars
  }
  listing._meta = { hostvars }
  return listing
}

/** Undefined for a group with nothing in it, which is only named by its parent. */
function entryOf(group: Group, shown: (name: string) => boolean): Value | undefined {
  const hosts = group.name === 'all' ? [] : [...group.hosts].filter(shown)
  const children = [...group.children]
  if (hosts.length === 0 && children.length === 0) return undefined
  return { ...(hosts.length > 0 ? { hosts } : {}), ...(children.length > 0 ? { children } : {}) }
}

/** The merged variables of one host. @throws RangeError when there is no such host. */
export function listHost(inventory: Inventory, hostName: string, { extraVars }: ListingOptions = {}): Vars {
  return plainVars({ ...writtenVars(inventory, hostName), ...extraVars })
}

function plainVars(vars: Vars): Vars {
  const plain: Vars = Object.create(null)
  for (const [name, value] of Object.entries(vars)) {
    if (own.has(name)) continue
    plain[name] = replaceTagged(value, found =>
      isVault(found) ? { __ansible_vault: found.text } : { __ansible_unsafe: found.text },
    )
  }
  return plain
}

/** Names of variables that are not shown. */
export function isOwnVariable(name: string): boolean {
  return own.has(name)
}

/** As Ansible prints it: sorted keys, four blanks. What a terminal could act on is escaped. */
export function listingText(value: Value): string {
  return JSON.stringify(sorted(value), null, 4).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A list of pairs would lose whole numbers as keys, which JavaScript puts first anyway. */
function sorted(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const object: Vars = Object.create(null)
  for (const key of Object.keys(value).sort()) object[key] = sorted((value as Vars)[key] ?? null)
  return object
}
