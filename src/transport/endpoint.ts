/**
 * Transport: one SSH connection a host, as OpenSSH would make it, over the ssh2 library.
 * Nouns: an endpoint is where to connect; a link is the bare connection and knows when it is down;
 * a connection opens channels (one command each) and tunnels; the pool bounds how many dial at once.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Endpoint {
  /** The name in the inventory; faults carry it as `host`. */
  readonly name: string
  /** DNS name or IP address to connect to, and the name looked up in known_hosts. */
  readonly address: string
  /** Dialled in place of resolving `address` again: the `address` of an earlier connection. */
  readonly pinnedAddress?: string
  readonly port: number
  readonly user: string
  /** Private key files (`~/` allowed). Empty: the default files of OpenSSH that exist. */
  readonly identityFiles: readonly string[]
  /** Empty: the default files of OpenSSH. A file that does not exist is an empty one. */
  readonly knownHostsFiles: readonly string[]
  /** A host whose key is not known beforehand is refused. */
  readonly hostKeyChecking: 'strict'
  /** From the name lookup to the end of the login, in milliseconds. */
  readonly connectTimeoutMs: number
  /** A ping this often; a peer that sends nothing during three of them is lost (4000 finds it within 15 s). */
  readonly keepaliveMs: number
  /** Socket of an ssh-agent; absent: SSH_AUTH_SOCK; empty: no agent. */
  readonly agentSocket?: string
  /** Looked up in known_hosts in place of the address and port, as HostKeyAlias of ssh_config. */
  readonly hostKeyAlias?: string
}

export const defaultKnownHostsFiles: readonly string[] = [
  '~/.ssh/known_hosts',
  '~/.ssh/known_hosts2',
  '/etc/ssh/ssh_known_hosts',
  '/etc/ssh/ssh_known_hosts2',
]

export const defaultIdentityFiles: readonly string[] = [
  '~/.ssh/id_ed25519',
  '~/.ssh/id_ecdsa',
  '~/.ssh/id_rsa',
]

/** `~/x` as an absolute path; anything else unchanged. */
export function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}
