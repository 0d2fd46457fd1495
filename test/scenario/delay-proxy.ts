/** A TCP proxy that delays both directions equally and counts round trips as a slow link would make them felt. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface DelayProxy {
  readonly port: number
  /** From here both directions are delayed by this much; less than before only after a cut, or later bytes would overtake. */
  slow(delayMs: number): void
  /** Ends every connection; what was on its way is lost. */
  cut(): void
  /** Counting begins here. */
  reset(): void
  /**
   * How often the client had to hear from the server before it could go on: bursts of the client that follow
   * something it received since its last burst.
   */
  roundTrips(): number
  stop(): Promise<void>
}

export async function startDelayProxy(targetPort: number, firstDelayMs: number): Promise<DelayProxy> {
  let delayMs = firstDelayMs
  const sockets = new Set<Socket>()
  let heard = true
  let trips = 0
  let lastMs = 0
  const later = (act: () => void) => setTimeout(act, delayMs)

  const server = createServer(client => {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    client.setNoDelay(true)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', chunk => {
      // Whatever answers the last burst cannot have been heard any sooner.
      if (heard && performance.now() - lastMs > 1.5 * delayMs) {
        trips++
        lastMs = performance.now()
      }
      heard = false
      later(() => target.write(chunk))
    })
    target.on('data', chunk => {
      later(() => {
        heard = true
        client.write(chunk)
      })
    })
    client.on('end', () => later(() => target.end()))
    target.on('end', () => later(() => client.end()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    slow(longerMs) {
      delayMs = longerMs
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    reset() {
      trips = 0
      lastMs = 0
      heard = true
    },
    roundTrips: () => trips,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
