/**
 * Ansible Vault, for reading. The format is that of ansible-core's `parsing/vault`: a header line, then hex that holds
 * three more hex lines: salt, HMAC, ciphertext. PBKDF2-HMAC-SHA256 makes both keys, AES-256-CTR encrypts, PKCS7 pads.
 */
import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { fault, HandoverError } from '../core/fault.ts'
import { placeOfSpot, type Spot } from './spot.ts'

/** One password, under the label that `--vault-id` gave it. */
export interface VaultPassword {
  readonly label: string
  readonly password: Buffer
}

/** What is known about encrypted values while an inventory is in use. */
export interface Vault {
  readonly passwords: readonly VaultPassword[]
  /** Every plain text that was decrypted so far: what must not be shown. */
  readonly plain: Set<string>
  /** Plain texts by encrypted text: the key derivation is slow on purpose. */
  readonly opened: Map<string, string>
}

const header = '$ANSIBLE_VAULT'
const rounds = 10_000

export function createVault(passwords: readonly VaultPassword[] = []): Vault {
  return { passwords, plain: new Set(), opened: new Map() }
}

export function isVaultText(text: string): boolean {
  return text.startsWith(header)
}

/** @throws HandoverError INVENTORY_VAULT: no password, none that fits, or damaged. */
export function openVault(vault: Vault, text: string, spot: Spot): string {
  const known = vault.opened.get(text)
  if (known !== undefined) return known
  const envelope = readEnvelope(text)
  if (typeof envelope === 'string') throw refusal(envelope, spot)
  if (vault.passwords.length === 0) {
    const named = envelope.label === undefined ? '' : ` or --vault-id ${envelope.label}@FILE`
    const message = 'this is encrypted with Ansible Vault, and no password was given'
    throw refusal(message, spot, `name a file with the password: --vault-password-file FILE${named}`)
  }
  // The label only says which to try first, as in Ansible.
  const fitting = (one: VaultPassword) => one.label === envelope.label
  const ordered = [...vault.passwords.filter(fitting), ...vault.passwords.filter(one => !fitting(one))]
  for (const { password } of ordered) {
    const plain = decrypt(envelope, password)
    if (plain === undefined) continue
    vault.opened.set(text, plain)
    return plain
  }
  const named = envelope.label === undefined ? '' : ` (its label is "${envelope.label}")`
  throw refusal(`no password that was given opens this${named}, or it was changed since`, spot)
}

/** Every text in what a whole encrypted file held. */
export function rememberSecrets(vault: Vault, data: unknown): void {
  if (typeof data === 'string') vault.plain.add(data)
  else if (typeof data === 'object' && data !== null) {
    for (const item of Object.values(data)) rememberSecrets(vault, item)
  }
}

interface Envelope {
  readonly label: string | undefined
  readonly salt: Buffer
  readonly hmac: Buffer
  readonly ciphertext: Buffer
}

/** The parts, or why the text has none. */
function readEnvelope(text: string): Envelope | string {
  const [head = '', ...lines] = text.trim().split(/\r?\n/)
  const [magic, version, cipher, label, ...more] = head.trim().split(';')
  if (magic !== header || more.length > 0)
    return 'the encrypted text does not begin with $ANSIBLE_VAULT;1.1;AES256'
  if (version !== '1.1' && version !== '1.2') return `the vault format "${version}" is not one of 1.1 and 1.2`
  if (cipher !== 'AES256') return `the vault cipher "${cipher}" is not AES256`
  const inside = fromHex(lines.map(line => line.trim()).join(''))
    ?.toString('latin1')
    .split('\n')
  const [salt, hmac, ciphertext] = (inside ?? []).map(fromHex)
  if (
    !salt ||
    !hmac ||
    !ciphertext ||
    inside?.length !== 3 ||
    hmac.length !== 32 ||
    ciphertext.length === 0
  ) {
    return 'the encrypted text is damaged'
  }
  return { label: version === '1.2' ? label : undefined, salt, hmac, ciphertext }
}

function fromHex(text: string): Buffer | undefined {
  return text !== '' && text.length % 2 === 0 && /^[\da-fA-F]+$/.test(text)
    ? Buffer.from(text, 'hex')
    : undefined
}

/** Undefined when the password is another one. */
function decrypt({ salt, hmac, ciphertext }: Envelope, password: Buffer): string | undefined {
  const keys = pbkdf2Sync(password, salt, rounds, 80, 'sha256')
  const expected = createHmac('sha256', keys.subarray(32, 64)).update(ciphertext).digest()
  if (!timingSafeEqual(expected, hmac)) return undefined
  const cipher = createDecipheriv('aes-256-ctr', keys.subarray(0, 32), keys.subarray(64, 80))
  const padded = Buffer.concat([cipher.update(ciphertext), cipher.final()])
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0)).toString('utf8')
}

function refusal(message: string, spot: Spot, hint?: string): HandoverError {
  return new HandoverError(
    fault('INVENTORY_VAULT', message, { place: placeOfSpot(spot), ...(hint ? { hint } : {}) }),
  )
}
