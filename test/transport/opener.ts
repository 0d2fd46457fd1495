/** Connections to a real sshd that are closed after each test, and short ways to talk over them. */
import { type Channel, type Connection, connect } from '../../src/transport/connection.ts'
import type { Endpoint } from '../../src/transport/endpoint.ts'
import { type FaultProxy, startProxy } from './fault-proxy.ts'
import type { RealSshd } from './real-sshd.ts'

export interface Opener {
  open(changes?: Partial<Endpoint>): Promise<Connection>
  openThroughProxy(changes?: Partial<Endpoint>): Promise<{ proxy: FaultProxy; connection: Connection }>
  closeAll(): Promise<void>
}

export function opener(sshd: RealSshd): Opener {
  const opened: Connection[] = []
  const proxies: FaultProxy[] = []
  const open = async (changes?: Partial<Endpoint>) => {
    const connection = await connect(sshd.endpoint(changes))
    opened.push(connection)
    return connection
  }
  return {
    open,
    async openThroughProxy(changes) {
      const proxy = await startProxy(sshd.port)
      proxies.push(proxy)
      const anywhere = sshd.knownHosts(`[127.0.0.1]:* ${sshd.hostKey('ed25519')}`)
      return { proxy, connection: await open({ ...changes, port: proxy.port, knownHostsFiles: [anywhere] }) }
    },
    async closeAll() {
      await Promise.all(opened.splice(0).map(connection => connection.close()))
      await Promise.all(proxies.splice(0).map(proxy => proxy.stop()))
    },
  }
}

export async function run(connection: Connection, command: string) {
  const channel = await connection.exec(command)
  const stdout = collect(channel)
  return { end: await channel.closed, stdout: stdout() }
}

/** What has come so far. */
export function collect(channel: Channel): () => string {
  const chunks: Buffer[] = []
  channel.onData(chunk => {
    chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

export function firstData(channel: Channel): Promise<Buffer> {
  return new Promise(resolve => channel.onData(resolve))
}
