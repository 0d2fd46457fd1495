/** Which keys are offered, in which order. Public keys only; passwords never leave the controller. */
import { readFile } from 'node:fs/promises'
import ssh2, { type ParsedKey } from 'ssh2'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { defaultIdentityFiles, type Endpoint, expandHome } from './endpoint.ts'

type Credential =
  | { readonly kind: 'key'; readonly label: string; readonly key: ParsedKey }
  | { readonly kind: 'agent'; readonly label: string; readonly socket: string }

export interface AuthPlan {
  readonly credentials: readonly Credential[]
  /** Why a key was left out, for the message of a failed login. */
  readonly notes: readonly string[]
  /** Key files that were named, are encrypted, and can work only through the agent. */
  readonly encrypted: readonly string[]
}

type KeyFile =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  | { readonly kind: 'encrypted' | 'unsupported' | 'unreadable'; readonly reason: string }

/**
 * Reads the key files before anything is dialled.
 * @throws HandoverError SSH_KEY_UNREADABLE, SSH_KEY_ENCRYPTED, SSH_KEY_UNSUPPORTED for a key file that was named.
 */
export async function planAuth(endpoint: Endpoint): Promise<AuthPlan> {
  const socket = endpoint.agentSocket ?? process.env.SSH_AUTH_SOCK ?? ''
  const isNamed = endpoint.identityFiles.length > 0
  const files = isNamed ? endpoint.identityFiles : defaultIdentityFiles
  const credentials: Credential[] = []
  const notes: string[] = []
  const encrypted: string[] = []
  const faults: Fault[] = []
  for (const file of files) {
    const read = await readKeyFile(expandHome(file))
    if (read.kind === 'key') {
      credentials.push({ kind: 'key', label: file, key: read.key })
    } else if (read.kind === 'encrypted' && (socket !== '' || !isNamed)) {
      // The agent may hold this very key.
      if (isNamed) encrypted.push(file)
      notes.push(`${file} ${read.reason}`)
    } else if (isNamed) {
      faults.push(keyFault(endpoint, file, read))
    } else if (read.kind !== 'unreadable' || read.reason !== 'ENOENT') {
      notes.push(`${file} ${read.reason}`)
    }
  }
  if (faults.length > 0) throw new HandoverError(faults)
  if (socket !== '') credentials.push({ kind: 'agent', label: 'the agent', socket })
  return { credentials, notes, encrypted }
}

/** For the end of a login that no key could finish. `offered`: the labels that the host has refused. */
export function authFault(
  endpoint: Endpoint,
  plan: AuthPlan,
  offered: readonly string[],
  reason: string,
): Fault {
  const [encrypted] = plan.encrypted
  const onlyAgent = offered.every(label => label === 'the agent')
  if (encrypted !== undefined && onlyAgent) {
    return keyFault(endpoint, encrypted, {
      kind: 'encrypted',
      reason: 'is encrypted, and the agent has no key that the host accepts',
    })
  }
  const tried = offered.length > 0 ? `tried ${offered.join(', ')}` : 'there was no key to offer'
  const notes = plan.notes.length > 0 ? `; left out: ${plan.notes.join(', ')}` : ''
  return fault('SSH_AUTH_FAILED', `${endpoint.user}@${endpoint.address}: ${reason}; ${tried}${notes}`, {
    host: endpoint.name,
    hint: 'name the key with ansible_ssh_private_key_file or --private-key, and check the user and its authorized_keys on the host',
  })
}

async function readKeyFile(path: string): Promise<KeyFile> {
  let text: Buffer
  try {
    text = await readFile(path)
  } catch (error) {
    return { kind: 'unreadable', reason: (error as NodeJS.ErrnoException).code ?? String(error) }
  }
  if (isEncrypted(text.toString('latin1'))) return { kind: 'encrypted', reason: 'is encrypted' }
  const parsed = ssh2.utils.parseKey(text)
  // Other formats hold several keys; the typings know of one only.
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey | Error) : parsed
  if (key instanceof Error) return { kind: 'unsupported', reason: 'is not a key that can be used' }
  if (!key.isPrivateKey()) return { kind: 'unsupported', reason: 'holds a public key' }
  return { kind: 'key', key }
}

/** By the headers of the formats: OpenSSH names its cipher first, PEM says so in a line. */
function isEncrypted(text: string): boolean {
  if (text.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) return true
  if (/^Proc-Type: 4,ENCRYPTED/m.test(text)) return true
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1]
  if (body === undefined) return false
  const raw = Buffer.from(body, 'base64')
  const magic = 'openssh-key-v1\0'
  if (raw.toString('latin1', 0, magic.length) !== magic || raw.length < magic.length + 8) return false
  const length = raw.readUInt32BE(magic.length)
  return raw.toString('latin1', magic.length + 4, magic.length + 4 + Math.min(length, 64)) !== 'none'
}

const keyFaults = {
  unreadable: {
    code: 'SSH_KEY_UNREADABLE',
    message: 'cannot be read: ',
    hint: 'check the path and its permissions',
  },
  encrypted: { code: 'SSH_KEY_ENCRYPTED', message: '', hint: 'add the key to an ssh-agent with ssh-add' },
  unsupported: {
    code: 'SSH_KEY_UNSUPPORTED',
    message: '',
    hint: 'use an Ed25519, ECDSA or RSA private key in the OpenSSH format',
  },
} as const

function keyFault(endpoint: Endpoint, file: string, read: Exclude<KeyFile, { kind: 'key' }>): Fault {
  const { code, message, hint } = keyFaults[read.kind]
  return fault(code, `the key file ${file} ${message}${read.reason}`, {
    host: endpoint.name,
    place: { file },
    hint,
  })
}
