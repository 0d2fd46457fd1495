/** The files of one host, before anything runs. */
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { runCommand } from './command.ts'
import { type NginxSettings, nginxConfig, type SshdSettings, slowBytes, sshdConfig } from './config.ts'
import type { LabHost } from './lab.ts'

export interface HostPlace {
  readonly labId: string
  readonly dir: string
  readonly name: string
  readonly sshPort: number
  readonly httpPort: number
}

export function describeHost({ labId, dir, name, sshPort, httpPort }: HostPlace): LabHost {
  const root = join(dir, 'hosts', name)
  return {
    name,
    labId,
    root,
    sshPort,
    httpPort,
    binary: join(root, 'usr/sbin/nginx'),
    config: join(root, 'etc/nginx/nginx.conf'),
    pidFile: join(root, 'run/nginx.pid'),
    errorLog: join(root, 'var/log/nginx/error.log'),
    started: {},
  }
}

/** @returns the host's public key as known_hosts has it, `ssh-ed25519 AAAA...` */
export async function growTree(host: LabHost, binary: string, clientPublicKey: string): Promise<string> {
  const folders = [
    'home',
    'usr/sbin',
    'etc/nginx',
    'etc/ssh',
    'run',
    'var/log/nginx',
    'var/lib/nginx',
    'srv/www',
  ]
  await Promise.all(folders.map(folder => mkdir(join(host.root, folder), { recursive: true })))
  const [publicKey] = await Promise.all([
    makeKey(join(host.root, 'etc/ssh/ssh_host_ed25519_key')),
    copyFile(binary, host.binary).then(() => chmod(host.binary, 0o755)),
    writeFile(join(host.root, 'etc/ssh/authorized_keys'), `${clientPublicKey} lab\n`, { mode: 0o600 }),
    writeFile(join(host.root, 'srv/www/slow.txt'), `${'.'.repeat(63)}\n`.repeat(slowBytes / 64)),
  ])
  return publicKey
}

export async function writeConfig(host: LabHost, nginx: NginxSettings, sshd: SshdSettings): Promise<void> {
  await writeFile(host.config, nginxConfig(host, nginx))
  await writeFile(sshdConfigFile(host), sshdConfig(host, sshd))
}

export function sshdConfigFile(host: LabHost): string {
  return join(host.root, 'etc/ssh/sshd_config')
}

/**
 * Writes an ed25519 key pair to `path` and `path.pub`. By ssh-keygen: a pair in every few hundred that ssh2 makes is one
 * that OpenSSH cannot load.
 * @returns the public half, `ssh-ed25519 AAAA...`
 * @throws HandoverError LAB_PROGRAM_MISSING
 */
export async function makeKey(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  const { code, stderr } = await runCommand('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'lab',
    '-f',
    path,
  ])
  if (code !== 0) {
    const hint = 'run scripts/setup.sh'
    throw new HandoverError(
      fault('LAB_PROGRAM_MISSING', `ssh-keygen made no key: ${stderr.trim()}`, { hint }),
    )
  }
  return (await readFile(`${path}.pub`, 'utf8')).split(' ', 2).join(' ')
}
