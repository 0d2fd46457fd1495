import { complain, type FaultList, type SourceText } from './spot.ts'

/** True, with a fault noted, when a whole file is encrypted with Ansible Vault. */
export function refuseVault(faults: FaultList, source: SourceText): boolean {
  if (!source.text.startsWith('$ANSIBLE_VAULT')) return false
  const message = 'files encrypted with Ansible Vault are not read yet'
  const hint = 'keep connection variables in a file of their own that is not encrypted'
  complain(faults, 'INVENTORY_NOT_BUILT', message, { source, offset: 0 }, hint)
  return true
}
