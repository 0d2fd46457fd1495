/** One look at one health check: what to ask, from where, and what came back. Bounded in time and bytes. */
import { spawn } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, connect as tcpConnect } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import type { Hide } from '../core/secret.ts'
import { clip } from '../core/text.ts'

export type Vantage = 'controller' | 'host'

export type ProbeSpec =
  | {
      readonly kind: 'http'
      readonly url: string
      readonly status: number
      /** Text the answer must contain; null: any. */
      readonly body: string | null
      readonly from: Vantage
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly from: Vantage }
  | { readonly kind: 'command'; readonly run: readonly string[]; readonly from: Vantage }

/** The host as far as a probe needs it. */
export interface Footing {
  command(argv: readonly string[], timeoutMs: number): Promise<{ exitCode: number; output: string }>
  tunnel(host: string, port: number): Promise<Duplex>
}

export interface ProbeResult {
  readonly pass: boolean
  /** What was seen; may hold text from outside. */
  readonly detail: string
}

/** A longer answer is a failure: a check that streams for ever must not fill the memory. */
const mostBodyBytes = 1024 * 1024
/** The most of a command's output that is kept. */
const mostOutputChars = 4096

/**
 * Never rejects: what cannot be asked is a failure with its reason.
 * @param hide takes secrets out of what was seen, before any of it is cut
 */
export async function probe(
  spec: ProbeSpec,
  timeoutMs: number,
  footing: Footing,
  hide: Hide = text => text,
): Promise<ProbeResult> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<ProbeResult>(resolve => {
    timer = setTimeout(() => {
      controller.abort()
      resolve({ pass: false, detail: `no answer within ${timeoutMs} ms` })
    }, timeoutMs)
  })
  try {
    const { signal } = controller
    return await Promise.race([look(spec, { timeoutMs, footing, hide, signal }), late])
  } catch (error) {
    return { pass: false, detail: hide(error instanceof Error ? error.message : String(error)) }
  } finally {
    clearTimeout(timer)
    controller.abort()
  }
}

interface Look {
  readonly timeoutMs: number
  readonly footing: Footing
  readonly hide: Hide
  readonly signal: AbortSignal
}

function look(spec: ProbeSpec, how: Look): Promise<ProbeResult> {
  switch (spec.kind) {
    case 'http':
      return lookHttp(spec, how)
    case 'tcp':
      return lookTcp(spec, how)
    case 'command':
      return lookCommand(spec, how)
  }
}

async function lookHttp(
  spec: Extract<ProbeSpec, { kind: 'http' }>,
  { footing, hide, signal }: Look,
): Promise<ProbeResult> {
  const url = new URL(spec.url)
  const tls = url.protocol === 'https:'
  const port = Number(url.port || (tls ? 443 : 80))
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // A new connection each time: a kept one would go on talking to the old worker.
  const stream = spec.from === 'host' ? await footing.tunnel(host, port) : undefined
  return new Promise((resolve, reject) => {
    const request = (tls ? httpsRequest : httpRequest)(url, {
      signal,
      headers: { connection: 'close', 'user-agent': 'handover' },
      // Node asks `createConnection` only where no agent is named, not even `false`.
      ...(stream ? { createConnection: () => over(stream, tls, host) as never } : { agent: false }),
    })
    const finish = (result: ProbeResult) => {
      request.destroy()
      stream?.destroy()
      resolve(result)
    }
    request.on('error', error => {
      stream?.destroy()
      reject(error)
    })
    request.on('response', response => {
      if (response.statusCode !== spec.status) {
        return finish({ pass: false, detail: `status ${response.statusCode}, expected ${spec.status}` })
      }
      let body = ''
      const judge = () => {
        const found = spec.body === null || body.includes(spec.body)
        const detail = found
          ? `status ${spec.status}`
          : `the answer does not contain "${hide(spec.body ?? '')}": ${clip(hide(body).trim().replace(/\s+/g, ' '), 80)}`
        finish({ pass: found, detail })
      }
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
        if (body.length > mostBodyBytes) {
          finish({ pass: false, detail: `the answer is longer than ${mostBodyBytes} bytes` })
        }
      })
      response.on('end', judge)
      response.on('error', reject)
    })
    request.end()
  })
}

function over(stream: Duplex, tls: boolean, host: string): Duplex {
  // An address is no server name (RFC 6066, section 3); the certificate is compared with `host` then.
  return tls ? tlsConnect({ socket: stream, host, ...(isIP(host) ? {} : { servername: host }) }) : stream
}

async function lookTcp(
  spec: Extract<ProbeSpec, { kind: 'tcp' }>,
  { footing, signal }: Look,
): Promise<ProbeResult> {
  const { host, port } = spec
  if (spec.from === 'host') {
    const stream = await footing.tunnel(host, port)
    stream.destroy()
    return { pass: true, detail: 'connected' }
  }
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host, port, signal })
    socket.on('error', reject)
    socket.on('connect', () => {
      socket.destroy()
      resolve({ pass: true, detail: 'connected' })
    })
  })
}

async function lookCommand(
  spec: Extract<ProbeSpec, { kind: 'command' }>,
  { timeoutMs, footing, hide }: Look,
): Promise<ProbeResult> {
  const { exitCode, output } =
    spec.from === 'host' ? await footing.command(spec.run, timeoutMs) : await runHere(spec.run, timeoutMs)
  const said = clip(hide(output.trim()), 200)
  return { pass: exitCode === 0, detail: `exit code ${exitCode}${said ? `: ${said}` : ''}` }
}

/**
 * In a process group of its own, so that Ctrl-C is ours alone and a limit ends whatever the command started.
 * KILL, because a command may be deaf to TERM.
 */
function runHere(argv: readonly string[], timeoutMs: number): Promise<{ exitCode: number; output: string }> {
  const [file = '', ...args] = argv
  return new Promise(resolve => {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let printed = 0
    const kill = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It ended in this very moment.
      }
    }
    const keep = (chunk: Buffer) => {
      printed += chunk.length
      if (output.length < mostOutputChars) output += chunk.toString('utf8')
      if (printed > mostBodyBytes) kill()
    }
    const timer = setTimeout(kill, timeoutMs)
    const end = (exitCode: number, said: string) => {
      clearTimeout(timer)
      resolve({ exitCode, output: said })
    }
    child.on('error', error => end(1, error.message))
    // Where no descriptor is left for them there are no streams, only the error.
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('close', (code, signal) =>
      end(code ?? 1, code === null ? `ended by ${signal} ${output}` : output),
    )
  })
}
