/** Free TCP ports on loopback. */
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'

const lowest = 20_000

/**
 * Ports nobody listens on, all different. They are held together while being chosen, and free again on return,
 * so a caller must cope with one being taken in between.
 */
export async function findFreePorts(count: number): Promise<number[]> {
  const end = await ephemeralStart()
  const held: Server[] = []
  try {
    while (held.length < count) {
      const server = await hold(candidate(end)).catch(() => undefined)
      if (server) held.push(server)
    }
    return held.map(portOf)
  } finally {
    await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  }
}

/**
 * Below the range the kernel gives to clients: under load that range is busy, and a port of ours would be gone
 * while its daemon restarts. Where there is no room below, the kernel chooses (0).
 */
function candidate(end: number): number {
  return end - lowest > 1000 ? lowest + Math.floor(Math.random() * (end - lowest)) : 0
}

async function ephemeralStart(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  return Number(range.split(/\s+/)[0]) || 0
}

function hold(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
