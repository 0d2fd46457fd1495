/** Passwords for Ansible Vault: `--vault-password-file FILE` and `--vault-id LABEL@FILE`, spelled as Ansible spells them. */
import { basename, extname, resolve } from 'node:path'
import { type Fault, fault, faultsOf, HandoverError } from '../core/fault.ts'
import { readText } from '../document/text-file.ts'
import { looksLikeProgram, mayExecute, runProgram } from './own-program.ts'
import { createVault, isVaultText, openVault, type VaultPassword } from './vault.ts'

const timeoutMs = 60_000

export interface VaultSources {
  /** `LABEL@FILE`, or a file alone. */
  readonly vaultId?: readonly string[] | undefined
  readonly vaultPasswordFile?: readonly string[] | undefined
}

/**
 * Reads every password that is named, and that of ANSIBLE_VAULT_PASSWORD_FILE. A file that may be executed is run, and
 * what it prints is the password; one whose name ends in `-client` is told the label with `--vault-id`.
 * @throws HandoverError INVENTORY_VAULT, FILE_UNREADABLE; every file that cannot be used.
 */
export function readVaultPasswords(
  sources: VaultSources,
  env: Readonly<Record<string, string | undefined>>,
): VaultPassword[] {
  const ids = (sources.vaultId ?? []).map(splitId)
  const own = env.ANSIBLE_VAULT_PASSWORD_FILE
  const files = [...(sources.vaultPasswordFile ?? []), ...(own ? [own] : [])].map(splitId)
  const passwords: VaultPassword[] = []
  const faults: Fault[] = []
  for (const { label, file } of [...ids, ...files]) {
    try {
      // A later password file may itself be encrypted with an earlier password.
      passwords.push({ label, password: readPassword(label, file, passwords) })
    } catch (error) {
      faults.push(...faultsOf(error))
    }
  }
  if (faults.length > 0) throw new HandoverError(faults)
  return passwords
}

function splitId(given: string): { label: string; file: string } {
  const at = given.indexOf('@')
  return at < 1
    ? { label: 'default', file: given.slice(at + 1) }
    : { label: given.slice(0, at), file: given.slice(at + 1) }
}

function readPassword(label: string, given: string, known: readonly VaultPassword[]): Buffer {
  const file = resolve(given)
  if (given === 'prompt' || given === 'prompt_ask_vault_pass') {
    throw refusal(
      'asking for a vault password is not built yet',
      given,
      'put it into a file that only you may read',
    )
  }
  const text = mayExecute(file) && looksLikeProgram(file) ? askProgram(label, file) : readFile(file, known)
  if (text === '') throw refusal(`${file} holds no password`, file)
  return Buffer.from(text, 'utf8')
}

function readFile(file: string, known: readonly VaultPassword[]): string {
  const text = readText(file).trim()
  if (!isVaultText(text)) return text
  return openVault(createVault(known), text, { source: { file, text }, offset: 0 }).replace(
    /^[\r\n]+|[\r\n]+$/g,
    '',
  )
}

function askProgram(label: string, file: string): string {
  const isClient = basename(file, extname(file)).endsWith('-client')
  const answer = runProgram(file, isClient ? ['--vault-id', label] : [], timeoutMs)
  if (!answer.ok) throw refusal(answer.message, file, answer.hint)
  return answer.stdout.toString('utf8').replace(/^[\r\n]+|[\r\n]+$/g, '')
}

function refusal(message: string, file: string, hint?: string): HandoverError {
  return new HandoverError(fault('INVENTORY_VAULT', message, { place: { file }, ...(hint ? { hint } : {}) }))
}
