/** How to reach a host, from its variables. What cannot be followed is refused by name, never ignored. */
import { homedir } from 'node:os'
import { type Fault, type FaultCode, fault, HandoverError, type Place } from '../core/fault.ts'
import { hintForHostName, readPort, refusalOfHostName } from './host-name.ts'
import type { Value, Vars } from './inventory.ts'
import { refusedVars } from './refused-vars.ts'
import { readSshArguments } from './ssh-arguments.ts'

export interface Connection {
  /** Host name or address to dial: `ansible_host`, else the name in the inventory. */
  readonly address: string
  readonly port: number
  /** False when the port is the default, so that ~/.ssh/config may still set it. */
  readonly isPortSet: boolean
  readonly user?: string
  readonly identityFiles: readonly string[]
  /** Empty: those of the user and of the system. */
  readonly knownHostsFiles: readonly string[]
  /** Absent when the inventory does not say. */
  readonly become?: boolean
  readonly connectTimeoutMs?: number
}

/** What the command line and the playbook say; variables of the inventory win over it, as in Ansible. */
export type ConnectionDefaults = Partial<Omit<Connection, 'address' | 'isPortSet'>>

/** Where a variable was set, for the fault; see placeOfVar. */
export type PlaceOfVariable = (variable: string) => Place | undefined

/** One host while its variables are read. */
interface Reading {
  readonly vars: Vars
  readonly hostName: string
  readonly placeOf: PlaceOfVariable
  readonly faults: Fault[]
}

interface Found {
  readonly variable: string
  readonly value: Value
}

/**
 * Reads `ansible_host`, `_port`, `_user`, `_ssh_private_key_file`, `_become`, `_timeout` (seconds) and the ssh
 * argument variables. Names without `ansible_` count where the full name is not set (see bareNames).
 * @throws HandoverError INVENTORY_BAD_NAME, _BAD_PORT, _BAD_VALUE, _NOT_BUILT, _UNSUPPORTED; every fault of the host.
 */
export function connectionOf(
  vars: Vars,
  hostName: string,
  defaults: ConnectionDefaults = {},
  placeOf: PlaceOfVariable = () => undefined,
): Connection {
  const reading: Reading = { vars, hostName, placeOf, faults: [] }
  for (const refused of refusedVars(name => find(reading, name))) {
    complain(reading, refused.code, refused.message, refused.variable, refused.hint)
  }
  const port = readPortVar(reading)
  const user = readUser(reading) ?? defaults.user
  const identity = readText(reading, 'ansible_ssh_private_key_file', 'ansible_private_key_file')
  const connectTimeoutMs = readTimeout(reading) ?? defaults.connectTimeoutMs
  const become = readBoolean(reading, 'ansible_become') ?? defaults.become
  const connection: Connection = {
    address: readAddress(reading),
    port: port ?? defaults.port ?? 22,
    isPortSet: port !== undefined,
    ...(user === undefined ? {} : { user }),
    identityFiles: identity ? [fromHome(identity.value)] : (defaults.identityFiles ?? []),
    knownHostsFiles: readKnownHosts(reading) ?? defaults.knownHostsFiles ?? [],
    ...(become === undefined ? {} : { become }),
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  }
  if (reading.faults.length > 0) throw new HandoverError(reading.faults)
  return connection
}

/** Names that count without `ansible_`, too. `timeout` or `password` alone mean something of the application. */
const bareNames = new Set([
  'host',
  'port',
  'user',
  'connection',
  'ssh_private_key_file',
  'ssh_common_args',
  'ssh_extra_args',
])

/** The first that is set to something. `ansible_ssh_host` and the like are the old names. */
function find({ vars }: Reading, ...names: string[]): Found | undefined {
  const bare = names.map(name => name.replace(/^ansible_/, ''))
  const all = [...names, ...bare.filter(name => bareNames.has(name) || name.startsWith('become'))]
  for (const variable of all) {
    const value = Object.hasOwn(vars, variable) ? vars[variable] : undefined
    if (value !== undefined && value !== null && value !== '') return { variable, value }
  }
  return undefined
}

function readText(reading: Reading, ...names: string[]): { variable: string; value: string } | undefined {
  const found = find(reading, ...names)
  if (!found) return undefined
  const { variable, value } = found
  if (typeof value === 'string' || typeof value === 'number') return { variable, value: String(value) }
  complain(reading, 'INVENTORY_BAD_VALUE', `${variable} must be text`, variable)
  return undefined
}

function readAddress(reading: Reading): string {
  const found = readText(reading, 'ansible_host', 'ansible_ssh_host')
  const address = (found?.value ?? reading.hostName).replace(/^\[(.*)\]$/, '$1')
  const refused = refusalOfHostName(address)
  if (refused) {
    const message = `the address "${address}" ${refused}`
    complain(reading, 'INVENTORY_BAD_NAME', message, found?.variable, hintForHostName(address))
  }
  return address
}

function readPortVar(reading: Reading): number | undefined {
  const found = find(reading, 'ansible_port', 'ansible_ssh_port')
  const port = readPort(found?.value)
  if (found && port === undefined) {
    const message = `${found.variable} must be a whole number from 1 to 65535, not ${show(found.value)}`
    complain(reading, 'INVENTORY_BAD_PORT', message, found.variable)
  }
  return port
}

function readUser(reading: Reading): string | undefined {
  const found = readText(reading, 'ansible_user', 'ansible_ssh_user')
  if (!found || /^[A-Za-z0-9_.][A-Za-z0-9_.@+\\-]{0,254}$/.test(found.value)) return found?.value
  const message = `the user ${show(found.value)} may only contain A-Z a-z 0-9 _ . @ + \\ and -`
  complain(reading, 'INVENTORY_BAD_NAME', message, found.variable)
  return undefined
}

function readBoolean(reading: Reading, name: string): boolean | undefined {
  const found = find(reading, name)
  if (!found) return undefined
  const text = String(found.value).toLowerCase()
  if (['true', 'yes', 'on', 'y', 't', '1'].includes(text)) return true
  if (['false', 'no', 'off', 'n', 'f', '0'].includes(text)) return false
  complain(reading, 'INVENTORY_BAD_VALUE', `${found.variable} must be true or false`, found.variable)
  return undefined
}

function readTimeout(reading: Reading): number | undefined {
  const found = find(reading, 'ansible_timeout', 'ansible_ssh_timeout')
  if (!found) return undefined
  const text = String(found.value)
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text) * 1000
  complain(reading, 'INVENTORY_BAD_VALUE', `${found.variable} must be whole seconds`, found.variable)
  return undefined
}

const argumentVars = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const

function readKnownHosts(reading: Reading): readonly string[] | undefined {
  let files: readonly string[] | undefined
  for (const name of argumentVars) {
    const found = readText(reading, name)
    if (!found) continue
    const result = readSshArguments(found.value)
    for (const { code, message, hint } of result.refused) {
      complain(reading, code, `${found.variable}: ${message}`, found.variable, hint)
    }
    // ssh takes the first value it is given.
    files ??= result.knownHostsFiles?.map(fromHome)
  }
  return files
}

function fromHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir())
}

function show(value: Value): string {
  return JSON.stringify(value)
}

function complain(
  { faults, hostName, placeOf }: Reading,
  code: FaultCode,
  message: string,
  variable: string | undefined,
  hint?: string | undefined,
): void {
  const place = variable === undefined ? undefined : placeOf(variable)
  faults.push(
    fault(code, message, { host: hostName, ...(place ? { place } : {}), ...(hint ? { hint } : {}) }),
  )
}
