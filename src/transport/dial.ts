/** From a name to an open TCP connection. */
import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { fault, HandoverError } from '../core/fault.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * Resolves the name once and tries its addresses in order, each with an equal share of the connect timeout.
 * @throws HandoverError SSH_UNREACHABLE; SSH_DROPPED when the port answers with a reset.
 */
export async function dial(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const addresses = await resolve(endpoint, signal)
  const shareMs = Math.ceil(endpoint.connectTimeoutMs / addresses.length)
  const reasons: string[] = []
  for (const address of addresses) {
    const opened = await open(address, endpoint.port, AbortSignal.any([signal, AbortSignal.timeout(shareMs)]))
    if (typeof opened !== 'string') return opened
    reasons.push(`${address} port ${endpoint.port}: ${opened}`)
  }
  const code = reasons.some(reason => reason.endsWith('ECONNRESET')) ? 'SSH_DROPPED' : 'SSH_UNREACHABLE'
  throw unreachable(endpoint, `cannot connect to ${endpoint.address}: ${reasons.join('; ')}`, code)
}

async function resolve(endpoint: Endpoint, signal: AbortSignal): Promise<readonly string[]> {
  if (endpoint.pinnedAddress !== undefined) return [endpoint.pinnedAddress]
  // getaddrinfo cannot be called off; it is only not waited for any longer.
  const expired = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('timed out')), { once: true })
  })
  expired.catch(() => {})
  try {
    const found = await Promise.race([lookup(endpoint.address, { all: true }), expired])
    if (found.length > 0) return found.map(entry => entry.address)
    throw new Error('no address')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw unreachable(endpoint, `cannot resolve ${endpoint.address}: ${code ?? message}`)
  }
}

/** The socket, or the reason why there is none. */
function open(address: string, port: number, signal: AbortSignal): Promise<Socket | string> {
  return new Promise(done => {
    // ssh2 would leave Nagle's algorithm on, which costs 40 ms for every small exchange.
    const socket = connect({ host: address, port, noDelay: true })
    const giveUp = (reason: string) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      done(reason)
    }
    const onAbort = () => giveUp('timed out')
    socket.on('error', error => giveUp((error as NodeJS.ErrnoException).code ?? error.message))
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      done(socket)
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

function unreachable(
  endpoint: Endpoint,
  message: string,
  code: 'SSH_UNREACHABLE' | 'SSH_DROPPED' = 'SSH_UNREACHABLE',
): HandoverError {
  return new HandoverError(
    fault(code, message, {
      host: endpoint.name,
      hint: 'check the address and port, firewalls, and that sshd runs there',
    }),
  )
}
