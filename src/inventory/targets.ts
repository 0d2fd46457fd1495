/** The connections of all hosts of a run, with no machine in it twice. */
import { type Fault, fault, faultsOf, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { type Connection, type ConnectionDefaults, connectionOf } from './connection.ts'
import { filledVars } from './host-template.ts'
import { hostVars, placeOfVar } from './host-vars.ts'
import type { Inventory, Vars } from './inventory.ts'
import { placeOfSpot } from './spot.ts'

/**
 * Connections by host name, in the order given.
 * @param extraVars `-e`: wins over what the inventory says.
 * @throws HandoverError the faults of every host, and INVENTORY_SAME_TARGET when two names lead to one
 * address, port and user.
 */
export function connectionsOf(
  inventory: Inventory,
  hostNames: readonly string[],
  defaults: ConnectionDefaults = {},
  extraVars: Vars = {},
): Map<string, Connection> {
  const connections = new Map<string, Connection>()
  const faults: Fault[] = []
  const byTarget = new Map<string, string>()
  for (const name of hostNames) {
    try {
      const placeOf = (variable: string) =>
        Object.hasOwn(extraVars, variable) ? undefined : placeOfVar(inventory, name, variable)
      const connection = connectionOf(connectionVars(inventory, name, extraVars), name, defaults, placeOf)
      connections.set(name, connection)
      const first = byTarget.get(targetKey(connection))
      if (first === undefined) byTarget.set(targetKey(connection), name)
      else if (first !== name) faults.push(sameTarget(inventory, first, name, connection))
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
      faults.push(...faultsOf(error).map(one => ({ host: name, ...one })))
    }
  }
  if (faults.length > 0) throw new HandoverError(together(faults))
  return connections
}

/** One mistake in a group fails on every host of it: it is said once, with the first host and how many more. */
function together(faults: readonly Fault[]): Fault[] {
  const counts = new Map<string, { readonly first: Fault; count: number }>()
  for (const one of faults) {
    const { file, line, column } = one.place ?? {}
    const key = JSON.stringify([one.code, one.message, one.place ? [file, line, column] : one.host])
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { first: one, count: 1 })
  }
  return [...counts.values()].map(({ first, count }) =>
    count === 1
      ? first
      : { ...first, message: `${first.message} (the same on ${plural(count - 1, 'other host')})` },
  )
}

/**
 * The variables of a host with `-e` over them and templates filled in as they are read.
 * Reading throws HandoverError INVENTORY_TEMPLATE and INVENTORY_VAULT.
 */
function connectionVars(inventory: Inventory, hostName: string, extraVars: Vars): Vars {
  const vars = hostVars(inventory, hostName)
  for (const [name, value] of Object.entries(extraVars)) {
    Object.defineProperty(vars, name, { value, enumerable: true })
  }
  return filledVars(vars, variable => placeOfVar(inventory, hostName, variable))
}

function targetKey({ address, port, user }: Connection): string {
  return JSON.stringify([address.toLowerCase(), port, user ?? null])
}

function sameTarget(inventory: Inventory, first: string, second: string, connection: Connection): Fault {
  const { address, port } = connection
  const spot = inventory.hosts.get(second)?.spot
  return fault('INVENTORY_SAME_TARGET', `"${second}" and "${first}" are both ${address} port ${port}`, {
    host: second,
    ...(spot ? { place: placeOfSpot(spot) } : {}),
    hint: 'keep one of the two names, or exclude one with --limit',
  })
}
