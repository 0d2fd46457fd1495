import { createServer, request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from './fault-proxy.ts'
import { faultOf } from './faults.ts'
import { type Opener, opener } from './opener.ts'
import { freePort, type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let host: Opener

beforeAll(async () => {
  sshd = await startSshd()
  host = opener(sshd)
})
afterEach(() => host.closeAll())
afterAll(() => sshd.stop())

describe('a tunnel', () => {
  it('takes nothing more once the other side has closed it', async () => {
    const server = await startServer(socket => {
      // Not before it is open: a connection that is reset while it is made is refused, which is another story.
      socket.once('data', () => socket.resetAndDestroy())
    })
    const connection = await host.open()
    const tunnel = await connection.openTunnel('127.0.0.1', server.port)
    const failed = new Promise<Error>(resolve => tunnel.once('error', resolve))
    const pour = () => {
      if (tunnel.destroyed) return
      tunnel.write(Buffer.alloc(65_536), () => setImmediate(pour))
    }
    pour()
    expect((await failed).message).toBe('the tunnel was closed')
    await server.stop()
  })

  it('reaches an HTTP server from the host', async () => {
    const server = createServer((incoming, response) => {
      incoming.resume().on('end', () => response.end('z'.repeat(3_000_000)))
    })
    const port = await freePort()
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    const connection = await host.open()
    try {
      const tunnel = await connection.openTunnel('127.0.0.1', port)
      const size = await new Promise<number>((resolve, reject) => {
        const outgoing = request({ method: 'POST', path: '/', createConnection: () => tunnel }, response => {
          let bytes = 0
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length
          })
          response.on('end', () => resolve(bytes))
        })
        outgoing.on('error', reject)
        outgoing.end(Buffer.alloc(3_000_000))
      })
      expect(size).toBe(3_000_000)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('to a port where nothing listens is refused', async () => {
    const connection = await host.open()
    const fault = await faultOf(connection.openTunnel('127.0.0.1', await freePort()))
    expect(fault).toMatchObject({ code: 'SSH_CHANNEL_REFUSED', host: 'edge1' })
  })

  it('fails its reader and its writer when the connection is lost', async () => {
    const server = createServer(() => {})
    const port = await freePort()
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    const { proxy, connection } = await host.openThroughProxy()
    try {
      const tunnel = await connection.openTunnel('127.0.0.1', port)
      const failed = new Promise<Error>(resolve => tunnel.once('error', resolve))
      proxy.cut()
      expect((await failed).message).toBe('the tunnel was closed')
      expect(tunnel.destroyed).toBe(true)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
