/** Readiness by asking, never by a fixed pause. */
import { get } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** True as soon as `check` is; false when the deadline has passed. */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  { deadlineMs, everyMs = 15 }: { readonly deadlineMs: number; readonly everyMs?: number },
): Promise<boolean> {
  const end = performance.now() + deadlineMs
  for (;;) {
    if (await check()) return true
    if (performance.now() >= end) return false
    await pause(everyMs)
  }
}

/** The first bytes an SSH server sends on loopback, or undefined when there is none. */
export function readBanner(port: number, timeoutMs = 1000): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs })
    const end = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', data => end(data.toString('latin1').split('\r\n')[0]))
    socket.once('error', () => end(undefined))
    socket.once('timeout', () => end(undefined))
    socket.once('close', () => end(undefined))
  })
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** One GET on a connection of its own; undefined when no complete answer came in time. */
export function askHttp(url: string, timeoutMs = 2000): Promise<Answer | undefined> {
  return new Promise(resolve => {
    const request = get(url, {
      agent: false,
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    request.once('error', () => resolve(undefined))
    request.once('response', response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', () => resolve(undefined))
      response.once('end', () => {
        const body = Buffer.concat(parts).toString('utf8')
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers })
      })
    })
  })
}
