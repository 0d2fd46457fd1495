/** The inventory as the tree of `ansible-inventory --graph`. Rules: `cli/inventory.py`. */
import { printable } from '../core/text.ts'
import { writtenVars } from './host-vars.ts'
import type { Group, Inventory, Vars } from './inventory.ts'
import { isOwnVariable, type ListingOptions } from './listing.ts'
import { pythonText } from './python-text.ts'

export interface GraphOptions extends ListingOptions {
  /** `--vars`: what was set, under each host and group. */
  readonly vars?: boolean | undefined
  /** Also what lies beside the playbook, for groups. Ansible shows it where the directory is named. */
  readonly playbookSide?: boolean | undefined
}

// A group with many parents is drawn under each of them, and a diamond of diamonds never ends.
const mostLines = 1_000_000

/**
 * Lines from one group down; undefined when there is no such group. Encrypted values are not shown, though Ansible
 * shows them.
 */
export function drawGraph(
  inventory: Inventory,
  groupName: string,
  options: GraphOptions = {},
): string[] | undefined {
  const group = inventory.groups.get(groupName)
  if (!group) return undefined
  const lines: string[] = []
  draw(inventory, group, 0, options, lines)
  return lines.length > mostLines ? [...lines, '(the rest is left out)'] : lines
}

function draw(
  inventory: Inventory,
  group: Group,
  depth: number,
  options: GraphOptions,
  lines: string[],
): void {
  if (lines.length > mostLines) return
  lines.push(branch(`@${group.name}:`, depth))
  for (const name of group.children) {
    const child = inventory.groups.get(name)
    if (child) draw(inventory, child, depth + 1, options, lines)
  }
  if (group.name !== 'all') {
    for (const host of group.hosts) {
      if (options.only && !options.only.has(host)) continue
      lines.push(branch(host, depth + 1))
      if (options.vars) {
        const vars = { ...writtenVars(inventory, host), ...options.extraVars }
        lines.push(...varLines(vars, depth + 2))
      }
    }
  }
  if (options.vars) lines.push(...varLines(groupVars(inventory, group, options), depth + 1))
}

/** Those of the group itself: parents are not merged in. */
function groupVars(inventory: Inventory, group: Group, { playbookSide }: GraphOptions): Vars {
  const layers = inventory.layers.filter(layer => layer.side === 'inventory' || playbookSide)
  const vars: Vars = Object.assign(
    Object.create(null),
    group.vars,
    ...layers.map(layer => layer.groups.get(group.name)?.vars),
  )
  if (group.priority !== 1) vars.ansible_group_priority = group.priority
  return vars
}

function varLines(vars: Vars, depth: number): string[] {
  return Object.keys(vars)
    .filter(name => !isOwnVariable(name))
    .sort()
    .map(name => branch(`{${name} = ${pythonText(vars[name] ?? null)}}`, depth))
}

function branch(text: string, depth: number): string {
  return `${depth === 0 ? '' : `${'  |'.repeat(depth)}--`}${printable(text)}`
}
