/** A real sshd on a free loopback port, as the current user, with keys of its own in a temporary directory. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Endpoint } from '../../src/transport/endpoint.ts'

export type KeyType = 'ed25519' | 'ecdsa' | 'rsa'

export interface RealSshd {
  readonly port: number
  readonly pid: number
  /** Removed by `stop`; tests may put their own files here. */
  readonly dir: string
  /** The private key that the host lets in. */
  readonly clientKey: string
  /** `type base64` of a host key. */
  hostKey(type: KeyType): string
  /** Writes a known_hosts file; without lines, one with the ed25519 key of this host. Returns its path. */
  knownHosts(...lines: string[]): string
  /** An endpoint that works, changed at will. */
  endpoint(changes?: Partial<Endpoint>): Endpoint
  /** The processes that serve connections. */
  sessionPids(): number[]
  stop(): Promise<void>
}

export async function startSshd(config: readonly string[] = []): Promise<RealSshd> {
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const dir = mkdtempSync(join(tmpdir(), 'handover-sshd-'))
  const clientKey = makeKey(join(dir, 'client'), 'ed25519')
  const types: KeyType[] = ['ed25519', 'ecdsa', 'rsa']
  const hostKeys = types.map(type => makeKey(join(dir, `host_${type}`), type))
  const port = await freePort()
  writeFileSync(
    join(dir, 'sshd_config'),
    [
      ...config,
      `ListenAddress 127.0.0.1:${port}`,
      ...hostKeys.map(key => `HostKey ${key}`),
      `AuthorizedKeysFile ${clientKey}.pub`,
      'PidFile none',
      // Away from the shell files of whoever runs the tests, which can take 100 ms a command.
      `SetEnv HOME=${dir}`,
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 100',
      'LogLevel INFO',
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error('sshd did not start')
  const exited = once(child, 'exit')
  await listening(child.stderr)
  // What it says later must still be read, or it blocks.
  child.stderr.resume()

  let files = 0
  const self: RealSshd = {
    port,
    pid,
    dir,
    clientKey,
    hostKey: type =>
      readFileSync(join(dir, `host_${type}.pub`), 'utf8')
        .split(' ', 2)
        .join(' '),
    knownHosts(...lines) {
      const file = join(dir, `known_hosts_${files++}`)
      const own = `[127.0.0.1]:${port} ${self.hostKey('ed25519')}`
      writeFileSync(file, `${(lines.length > 0 ? lines : [own]).join('\n')}\n`)
      return file
    },
    endpoint: changes => ({
      name: 'edge1',
      address: '127.0.0.1',
      port,
      user: userInfo().username,
      identityFiles: [clientKey],
      knownHostsFiles: changes?.knownHostsFiles ?? [self.knownHosts()],
      hostKeyChecking: 'strict',
      connectTimeoutMs: 10_000,
      keepaliveMs: 4000,
      agentSocket: '',
      ...changes,
    }),
    sessionPids: () =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    async stop() {
      for (const session of self.sessionPids()) kill(session)
      kill(pid)
      await exited
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return self
}

/** Makes a key pair without passphrase, or with one. Returns the path of the private key. */
export function makeKey(path: string, type: KeyType, passphrase = ''): string {
  const bits = type === 'rsa' ? ['-b', '2048'] : []
  execFileSync('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', 'test', '-f', path])
  return path
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function listening(stderr: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = []
    const lines = createInterface({ input: stderr })
    lines.on('line', line => {
      said.push(line)
      if (line.startsWith('Server listening on')) resolve()
    })
    lines.on('close', () => reject(new Error(`sshd did not start: ${said.join('\n')}`)))
  })
}
