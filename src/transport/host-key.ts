/** Is this the host it claims to be? Decided before any credential is sent. */
import { createHash } from 'node:crypto'
import { type Fault, fault } from '../core/fault.ts'
import { shellQuote } from '../core/shell-quote.ts'
import { clip } from '../core/text.ts'
import type { Endpoint } from './endpoint.ts'
import { type HostKeys, type KnownHosts, lookup } from './known-hosts.ts'

// Preferred first. No ssh-rsa (SHA-1) and no ssh-dss.
const algorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

export type HostKeyAlgorithm = (typeof algorithms)[number]

/** The keys under the alias if there is one, else under the address and port. */
export function lookupEndpoint(known: KnownHosts, endpoint: Endpoint): HostKeys {
  if (endpoint.hostKeyAlias !== undefined) return lookup(known, endpoint.hostKeyAlias, 22)
  return lookup(known, endpoint.address, endpoint.port)
}

/**
 * Algorithms of the stored key types first, so that a host known by its RSA key is asked for that key and does
 * not look changed. The others follow, so that a host that lost its key can be reported with what it offers now.
 */
export function orderAlgorithms(keys: HostKeys): HostKeyAlgorithm[] {
  const stored = new Set(keys.accepted.map(key => key.type))
  const isStored = (algorithm: HostKeyAlgorithm) =>
    stored.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm)
  return [...algorithms.filter(isStored), ...algorithms.filter(algorithm => !isStored(algorithm))]
}

/** Undefined when the key proves the host; otherwise why it does not. Pure: a rekey asks again. */
export function checkHostKey(
  endpoint: Endpoint,
  known: KnownHosts,
  keys: HostKeys,
  offered: Buffer,
): Fault | undefined {
  const revoked = keys.revoked.find(key => key.raw.equals(offered))
  if (revoked) {
    return fault('SSH_HOST_KEY_REVOKED', `${keys.name} offers a revoked host key, ${describe(offered)}`, {
      host: endpoint.name,
      place: { file: revoked.file, line: revoked.line },
      hint: 'do not connect to this host; give it a new host key',
    })
  }
  if (keys.accepted.some(key => key.raw.equals(offered))) return undefined
  if (keys.accepted.length > 0) return changed(endpoint, keys, offered)
  return keys.hasAuthority ? onlyAuthority(endpoint, keys, offered) : unknown(endpoint, known, keys, offered)
}

/** `SHA256:...` as ssh-keygen -l prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

function changed(endpoint: Endpoint, keys: HostKeys, offered: Buffer): Fault {
  const stored = keys.accepted.find(key => key.type === typeOf(offered)) ?? keys.accepted[0]
  if (stored === undefined) throw new RangeError('a changed key needs a stored one')
  const message = [
    `remote host identification has changed: ${keys.name} offers ${describe(offered)}`,
    `but ${stored.file}:${stored.line} has ${describe(stored.raw)}`,
    'it is possible that someone is doing something nasty (a man-in-the-middle attack), or that the host key has just been changed',
  ].join('; ')
  return fault('SSH_HOST_KEY_CHANGED', message, {
    host: endpoint.name,
    place: { file: stored.file, line: stored.line },
    hint: `ask whoever runs the host; only if the key was changed on purpose: ssh-keygen -f ${word(stored.file)} -R ${word(keys.name)}, then add the new key`,
  })
}

function unknown(endpoint: Endpoint, known: KnownHosts, keys: HostKeys, offered: Buffer): Fault {
  const unread = known.unread.length > 0 ? `; not readable: ${known.unread.join(', ')}` : ''
  const message = `no host key is known for ${keys.name} (it offers ${describe(offered)})${unread}`
  return fault('SSH_HOST_UNKNOWN', message, { host: endpoint.name, hint: addKey(endpoint, known) })
}

function onlyAuthority(endpoint: Endpoint, keys: HostKeys, offered: Buffer): Fault {
  return fault(
    'SSH_HOST_CERTIFICATE',
    `${keys.name} is known only by a @cert-authority line, and host certificates cannot be checked (it offers ${describe(offered)})`,
    {
      host: endpoint.name,
      hint: 'compare the fingerprint on the host itself, then add its plain host key to known_hosts',
    },
  )
}

function addKey(endpoint: Endpoint, known: KnownHosts): string {
  const port = endpoint.port === 22 ? '' : `-p ${endpoint.port} `
  const file = known.files[0] ?? '~/.ssh/known_hosts'
  const compare = 'compare the fingerprint with ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub on the host itself'
  return `${compare}, then: ssh-keyscan ${port}${word(endpoint.address)} >> ${word(file)}`
}

function describe(key: Buffer): string {
  return `${typeOf(key)} ${fingerprint(key)}`
}

/** The type that the key names in its first field; text from the host, so bounded. */
function typeOf(key: Buffer): string {
  if (key.length < 4) return 'unreadable'
  return clip(key.toString('latin1', 4, 4 + Math.min(64, key.readUInt32BE(0))), 64)
}

function word(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : shellQuote(text)
}
