/** A real server whose answers are written down beforehand, and a host that is reached through a real connection. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Footing } from '../../src/health/probe.ts'
import type { Verdict, WatchNews } from '../../src/health/watch.ts'

export type Answer = (response: ServerResponse, request: IncomingMessage) => void

export interface Scripted {
  readonly url: string
  readonly port: number
  readonly requests: readonly IncomingMessage[]
  connections(): number
  /** Resolves when every connection is closed by the other side. */
  left(): Promise<void>
  close(): Promise<void>
}

/** Answers the first request with the first answer, and every further one with the last. */
export async function scriptedServer(...answers: Answer[]): Promise<Scripted> {
  const requests: IncomingMessage[] = []
  const open = new Set<Socket>()
  let connections = 0
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.on('error', () => {})
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request)
  })
  server.on('connection', (socket: Socket) => {
    connections++
    open.add(socket)
    socket.on('close', () => {
      open.delete(socket)
      if (open.size === 0) for (const resolve of waiting.splice(0)) resolve()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/healthz`,
    port,
    requests,
    connections: () => connections,
    left: () => new Promise(resolve => (open.size === 0 ? resolve() : waiting.push(resolve))),
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

export const status =
  (code: number, body = ''): Answer =>
  response => {
    response.statusCode = code
    response.end(body)
  }

export const hang: Answer = () => {}

/** As fast as it is read, until nobody reads any more. */
export const endless: Answer = response => {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
  }
  response.on('drain', more)
  more()
}

/** One byte now and then, for ever. */
export const drip: Answer = response => {
  const timer = setInterval(() => response.write('.'), 5)
  response.on('close', () => clearInterval(timer))
}

export const cutOff: Answer = response => {
  response.writeHead(200, { 'content-length': '100' })
  response.write('half of ', () => response.destroy())
}

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

/** A server that hears what one client says first, and hangs up. */
export async function firstBytes(): Promise<{ port: number; bytes: Promise<Buffer> }> {
  let hear: (bytes: Buffer) => void = () => {}
  const bytes = new Promise<Buffer>(resolve => {
    hear = resolve
  })
  const server = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.once('data', data => {
      hear(data)
      socket.destroy()
      server.close()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, bytes }
}

export interface FakeFooting extends Footing {
  readonly asked: string[]
  readonly streams: Duplex[]
}

/** Whatever address is asked for, the stream goes to `port` here. */
export function footingTo(port: number, more: Partial<Footing> = {}): FakeFooting {
  const asked: string[] = []
  const streams: Duplex[] = []
  return {
    asked,
    streams,
    async command(argv, timeoutMs) {
      asked.push(`${argv.join(' ')} within ${timeoutMs}`)
      return { exitCode: 0, output: 'fine' }
    },
    tunnel(host, wanted) {
      asked.push(`${host} ${wanted}`)
      return new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port })
        streams.push(socket)
        socket.once('error', reject)
        socket.once('connect', () => resolve(socket))
      })
    },
    ...more,
  }
}

/** For probes from the controller: the host must not be used at all. */
export const noFooting: Footing = {
  command: () => Promise.reject(new Error('the host was asked')),
  tunnel: () => Promise.reject(new Error('the host was asked')),
}

export interface Ear {
  readonly news: readonly WatchNews[]
  readonly verdicts: () => Verdict[]
  tell(news: WatchNews): void
  /** Resolves with the first news of that verdict. */
  heard(verdict: Verdict): Promise<WatchNews>
}

export function ear(onNews: (news: WatchNews) => void = () => {}): Ear {
  const news: WatchNews[] = []
  const waiting: { verdict: Verdict; resolve: (news: WatchNews) => void }[] = []
  return {
    news,
    verdicts: () => news.map(({ verdict }) => verdict),
    tell(each) {
      news.push(each)
      onNews(each)
      for (const { verdict, resolve } of waiting) if (verdict === each.verdict) resolve(each)
    },
    heard: verdict =>
      new Promise(resolve => {
        const already = news.find(each => each.verdict === verdict)
        if (already) resolve(already)
        else waiting.push({ verdict, resolve })
      }),
  }
}

/** Looks again until it holds. @throws Error when it still does not after five seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const late = performance.now() + 5000
  while (!holds()) {
    if (performance.now() > late) throw new Error(`it never held: ${holds}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
