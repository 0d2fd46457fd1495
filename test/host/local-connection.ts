/** A connection whose "host" is this machine: commands run in a local shell, so that the host program needs no SSH. */
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { hostProgram } from '../../src/host/program.ts'
import type { Channel, ChannelEnd, Connection } from '../../src/transport/connection.ts'

export const shells = ['dash', 'bash', 'busybox sh'] as const
export type Shell = (typeof shells)[number]

export interface LocalOptions {
  readonly shell?: Shell
  /** Instead of the system's folders, in the program itself: a host that has no other tools than these. */
  readonly path?: string
  /** Runs the command as this user, as a login without `become` would. */
  readonly uid?: number
  /** A command that starts another one, in front of the shell: a systemd, mounts or capabilities of its own. */
  readonly wrap?: readonly string[]
}

export interface LocalConnection extends Connection {
  /** The program's process, and what its channel said on stderr so far. */
  pid(): number
  stderr(): string
}

export function connectLocally(options: LocalOptions = {}): LocalConnection {
  const { shell = 'dash', path, uid, wrap = [] } = options
  const [file = shell, ...words] = shell.split(' ')
  const open = new Set<{ end(): void }>()
  let pid = 0
  let isOpen = true
  let stderr = ''
  let lose: (fault: { code: 'SSH_LOST'; message: string }) => void = () => {}
  const lost = new Promise<{ code: 'SSH_LOST'; message: string }>(resolve => {
    lose = resolve
  })

  const start = (command: string) => {
    // The boot command names `sh`; here that is the shell under test.
    const own = command.replace(/^exec sh -c /, `exec ${shell} -c `)
    const identity = uid === undefined ? {} : { uid, gid: uid }
    const [first = file, ...rest] = [...wrap, file, ...words, '-c', own]
    const child = spawn(first, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent' },
      ...identity,
    })
    child.stdin.on('error', () => {})
    child.on('error', () => {})
    const ending = { end: () => child.stdin.end() }
    open.add(ending)
    const closed = new Promise<ChannelEnd>(resolve => {
      let tail = ''
      child.stderr.on('data', (chunk: Buffer) => {
        tail = (tail + chunk.toString()).slice(-4096)
        stderr = tail
      })
      child.on('close', code => {
        open.delete(ending)
        resolve(code === null ? { stderrTail: tail } : { code, stderrTail: tail })
      })
    })
    return { child, closed }
  }

  const connection: LocalConnection = {
    endpoint: {
      name: 'local',
      address: '127.0.0.1',
      port: 0,
      user: 'local',
      keyFiles: [],
      knownHostsFiles: [],
      connectTimeoutMs: 0,
      keepaliveMs: 0,
    } as unknown as Connection['endpoint'],
    address: '127.0.0.1',
    lost,
    pid: () => pid,
    stderr: () => stderr,
    isOpen: () => isOpen,
    async exec(command) {
      const { child, closed } = start(command)
      pid = child.pid ?? 0
      const channel: Channel = {
        closed,
        write: data =>
          new Promise(resolve => {
            child.stdin.write(path ? withTools(Buffer.from(data), path) : data, () => resolve())
          }),
        end: () => child.stdin.end(),
        onData: listener => child.stdout.on('data', listener),
        close: () => child.stdin.end(),
      }
      return channel
    },
    upload(command, from) {
      const { child, closed } = start(command)
      child.stdout.resume()
      createReadStream(from).pipe(child.stdin)
      return closed
    },
    openTunnel: () => Promise.reject(new Error('a local connection has no tunnels')),
    async close() {
      isOpen = false
      for (const one of open) one.end()
      lose({ code: 'SSH_LOST', message: 'closed' })
    },
  }
  return connection
}

const systemPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The program with another search path of the same length: its size is part of the boot command. */
function withTools(data: Buffer, path: string): Buffer {
  const at = data.indexOf(systemPath)
  if (data.length < hostProgram().length || at < 0) return data
  const padded = `PATH=${path}`.padEnd(systemPath.length, '/')
  if (padded.length > systemPath.length) throw new Error(`${path} is too long`)
  const result = Buffer.from(data)
  result.write(padded, at)
  return result
}
