/** The connections of all hosts of a run, with no machine in it twice. */
import { type Fault, fault, faultsOf, HandoverError } from '../core/fault.ts'
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
      faults.push(...faultsOf(error))
    }
  }
  if (faults.length > 0) throw new HandoverError(faults)
  return connections
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
