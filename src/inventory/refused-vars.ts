/** Variables that would change how a host is reached or who commands run as, in ways handover does not follow. */
import type { Value } from './inventory.ts'

export interface RefusedVar {
  readonly code: 'INVENTORY_NOT_BUILT' | 'INVENTORY_UNSUPPORTED'
  readonly variable: string
  readonly message: string
  readonly hint?: string
}

type Find = (name: string) => { readonly variable: string; readonly value: Value } | undefined

interface Rule {
  readonly names: readonly string[]
  /** Values that change nothing; without it, every value is refused. */
  readonly allowed?: readonly string[]
  readonly code?: RefusedVar['code']
  readonly hint: string
}

const rules: readonly Rule[] = [
  {
    names: ['ansible_connection'],
    allowed: ['ssh', 'smart', 'ansible.builtin.ssh'],
    code: 'INVENTORY_NOT_BUILT',
    hint: 'only connections over ssh are built',
  },
  {
    names: ['ansible_become_method'],
    allowed: ['sudo', 'ansible.builtin.sudo'],
    hint: 'only sudo is supported',
  },
  { names: ['ansible_become_user'], allowed: ['root'], hint: 'only root is supported' },
  { names: ['ansible_become_exe'], allowed: ['sudo'], hint: 'sudo must be on the PATH of the host' },
  { names: ['ansible_become_flags'], hint: 'handover chooses the flags of sudo itself' },
  {
    names: ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'],
    hint: 'sudo must work without a password for this user (NOPASSWD)',
  },
  {
    names: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
    hint: 'use a key: ansible_ssh_private_key_file, or an agent',
  },
  {
    names: ['ansible_ssh_private_key', 'ansible_ssh_private_key_passphrase'],
    hint: 'name the file in ansible_ssh_private_key_file',
  },
  {
    names: ['ansible_host_key_checking', 'ansible_ssh_host_key_checking'],
    allowed: ['true', 'yes', 'on', '1'],
    hint: 'host keys are always checked; add the key to known_hosts',
  },
  {
    names: ['ansible_ssh_executable', 'ansible_sftp_extra_args', 'ansible_scp_extra_args'],
    hint: 'handover does not start the ssh programs of the system',
  },
]

export function refusedVars(find: Find): RefusedVar[] {
  return rules.flatMap(rule =>
    rule.names.flatMap(name => {
      const found = find(name)
      if (!found || rule.allowed?.includes(String(found.value).toLowerCase())) return []
      // The value may be a secret, and is shown only where it is one of a few known words.
      const shown =
        rule.allowed && typeof found.value === 'string' ? `${found.variable}=${found.value}` : found.variable
      const state = rule.code === 'INVENTORY_NOT_BUILT' ? 'is not built yet' : 'is not supported'
      return {
        code: rule.code ?? 'INVENTORY_UNSUPPORTED',
        variable: found.variable,
        message: `${shown} ${state}`,
        hint: rule.hint,
      }
    }),
  )
}
