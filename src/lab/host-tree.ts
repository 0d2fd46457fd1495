/** The files of one host, before anything runs. */
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ssh2 from 'ssh2'
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
  const folders = ['usr/sbin', 'etc/nginx', 'etc/ssh', 'run', 'var/log/nginx', 'var/lib/nginx', 'srv/www']
  await Promise.all(folders.map(folder => mkdir(join(host.root, folder), { recursive: true })))
  const pair = makeKeyPair()
  await Promise.all([
    copyFile(binary, host.binary).then(() => chmod(host.binary, 0o755)),
    writeKey(join(host.root, 'etc/ssh/ssh_host_ed25519_key'), pair.private),
    writeFile(join(host.root, 'etc/ssh/authorized_keys'), `${clientPublicKey} lab\n`, { mode: 0o600 }),
    writeFile(join(host.root, 'srv/www/slow.txt'), `${'.'.repeat(63)}\n`.repeat(slowBytes / 64)),
  ])
  return pair.public
}

export async function writeConfig(host: LabHost, nginx: NginxSettings, sshd: SshdSettings): Promise<void> {
  await writeFile(host.config, nginxConfig(host, nginx))
  await writeFile(sshdConfigFile(host), sshdConfig(host, sshd))
}

export function sshdConfigFile(host: LabHost): string {
  return join(host.root, 'etc/ssh/sshd_config')
}

/** An ed25519 pair: the private half in OpenSSH's format, the public half as `ssh-ed25519 AAAA...`. */
export function makeKeyPair(): { private: string; public: string } {
  const pair = ssh2.utils.generateKeyPairSync('ed25519')
  return { private: pair.private, public: pair.public.trim() }
}

/** ssh and sshd refuse a private key that others may read. */
export async function writeKey(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 })
}
