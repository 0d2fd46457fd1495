/** A TCP proxy on loopback that can be told to misbehave. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface FaultProxy {
  readonly port: number
  /** Forwards nothing more and closes nothing: a peer that is gone without a word. */
  freeze(): void
  /** Nothing goes through any more, but nothing is lost: all of it arrives at once when it flows again. */
  stall(): void
  flow(): void
  /** Towards the target at most this many bytes a second. */
  throttle(bytesPerSecond: number): void
  /** Resets every connection. */
  cut(): void
  /** Connections taken so far. */
  taken(): number
  stop(): Promise<void>
}

export async function startProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  let isStalled = false
  let bytesPerMs = Number.POSITIVE_INFINITY
  let taken = 0

  const forward = (from: Socket, to: Socket, isBounded: boolean) => {
    from.on('data', chunk => {
      if (isFrozen) return
      const isFull = !to.write(chunk)
      const goOn = () => isStalled || from.resume()
      if (isFull) to.once('drain', goOn)
      const waitMs = isBounded ? chunk.length / bytesPerMs : 0
      if (waitMs > 0) setTimeout(goOn, waitMs)
      if (isFull || waitMs > 0) from.pause()
    })
    from.on('end', () => !isFrozen && to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => sockets.delete(from))
  }
  // Half open, or a frozen proxy would answer the end of one side by ending the other.
  const server = createServer({ allowHalfOpen: true }, client => {
    taken++
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    client.setNoDelay(true)
    sockets.add(client).add(target)
    forward(client, target, true)
    forward(target, client, false)
    if (isStalled) for (const socket of [client, target]) socket.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  return {
    port: address.port,
    freeze() {
      isFrozen = true
    },
    stall() {
      isStalled = true
      for (const socket of sockets) socket.pause()
    },
    flow() {
      isStalled = false
      for (const socket of sockets) socket.resume()
    },
    throttle(bytesPerSecond) {
      bytesPerMs = bytesPerSecond / 1000
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    taken: () => taken,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A server that does with each connection what the test says. */
export async function startServer(
  handle: (socket: Socket) => void,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
