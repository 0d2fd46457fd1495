/** `handover inventory`: what Ansible would say about the same files. */
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { nearest } from '../core/suggest.ts'
import { drawGraph, type GraphOptions } from '../inventory/graph.ts'
import type { Inventory, Vars } from '../inventory/inventory.ts'
import { type ListingOptions, listHost, listInventory, listingText } from '../inventory/listing.ts'
import { limitHosts, matchHosts } from '../inventory/pattern.ts'
import { loadInventory } from '../inventory/source.ts'
import { readVaultPasswords } from '../inventory/vault-passwords.ts'
import { parseExtraVars } from '../playbook/extra-vars.ts'
import type { InventoryOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

interface Options extends InventoryOptions {
  readonly list?: boolean
  readonly graph?: boolean
  readonly host?: string
  readonly vars?: boolean
  readonly limit?: string
  readonly playbookDir?: string
}

export async function inventoryCommand(
  terminal: Terminal,
  group: string | undefined,
  options: Options,
): Promise<number> {
  refuseUsage(group, options)
  const inventory = loadInventory(options.inventory, {
    playbookDirs: [options.playbookDir ?? '.'],
    vaultPasswords: readVaultPasswords(options, terminal.env),
  })
  const { limit } = options
  const only = limit === undefined ? undefined : limitHosts(inventory, matchHosts(inventory, 'all'), limit)
  const listing: ListingOptions = {
    extraVars: parseExtraVars(options.extraVars) as Vars,
    only: only && new Set(only),
  }
  terminal.out(`${shown(inventory, group, options, listing)}\n`)
  return exitCode.done
}

function shown(
  inventory: Inventory,
  group: string | undefined,
  options: Options,
  listing: ListingOptions,
): string {
  const { vars, playbookDir } = options
  if (options.graph) {
    return graphText(inventory, group ?? 'all', { ...listing, vars, playbookSide: playbookDir !== undefined })
  }
  if (options.host === undefined) return listingText(listInventory(inventory, listing))
  const hosts = matchHosts(inventory, options.host, '--host')
  const [host] = hosts
  if (host !== undefined && hosts.length === 1) return listingText(listHost(inventory, host, listing))
  throw usage(`"${options.host}" means ${hosts.length} hosts, and --host shows one`, 'name one host')
}

function graphText(inventory: Inventory, group: string, options: GraphOptions): string {
  const lines = drawGraph(inventory, group, options)
  if (lines) return lines.join('\n')
  const meant = nearest(group, inventory.groups.keys())
  throw usage(`no group is called "${group}"`, meant ? `did you mean "${meant}"?` : 'name a group')
}

function refuseUsage(group: string | undefined, { inventory, list, graph, host, vars }: Options): void {
  const actions = [list, graph, host !== undefined].filter(Boolean).length
  if (actions !== 1) throw usage('one of --list, --graph and --host NAME is needed', 'give exactly one')
  if (group !== undefined && !graph)
    throw usage('a group is named only with --graph', 'choose hosts with --limit')
  if (vars && !graph) throw usage('--vars belongs to --graph', '--list and --host show variables anyway')
  if (inventory.length > 0) return
  throw usage('no inventory was given', 'name one with -i: a file, or a list such as "web1,web2,"')
}

function usage(message: string, hint: string): HandoverError {
  return new HandoverError(fault('USAGE', message, { hint }))
}
