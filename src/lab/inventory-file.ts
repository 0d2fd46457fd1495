/** What the lab hands to handover, Ansible and ssh. */
import type { Lab } from './lab.ts'

/** An Ansible YAML inventory. Scalars are written as JSON, which YAML reads the same way. */
export function inventoryText(lab: Lab): string {
  const shared = {
    ansible_host: '127.0.0.1',
    ansible_user: lab.user,
    ansible_ssh_private_key_file: lab.clientKey,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.knownHosts}`,
  }
  const lines = ['lab:', '  vars:', ...mapping(shared, 4), '  hosts:']
  for (const host of lab.hosts) {
    const own = { ansible_port: host.sshPort, http_port: host.httpPort, lab_root: host.root }
    lines.push(`    ${host.name}:`, ...mapping(own, 6))
  }
  return `${lines.join('\n')}\n`
}

/** @param hostKeys the public keys, `ssh-ed25519 AAAA...`, in the order of the hosts */
export function knownHostsText(lab: Lab, hostKeys: readonly string[]): string {
  return lab.hosts.map((host, index) => `[127.0.0.1]:${host.sshPort} ${hostKeys[index]}\n`).join('')
}

function mapping(entries: Readonly<Record<string, string | number>>, indent: number): string[] {
  return Object.entries(entries).map(
    ([key, value]) => `${' '.repeat(indent)}${key}: ${JSON.stringify(value)}`,
  )
}
