/** The connection to one host, and what can be done over it. */
import type { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { planAuth } from './auth.ts'
import type { Channel, ChannelEnd } from './channel.ts'
import { wrapChannel } from './channel-stream.ts'
import { dial } from './dial.ts'
import type { Endpoint } from './endpoint.ts'
import { loadKnownHosts } from './known-hosts.ts'
import type { Link, LinkEnd } from './link.ts'
import { logIn } from './login.ts'
import { wrapTunnel } from './tunnel.ts'
import { openFile, sendFile } from './upload.ts'

export type { Channel, ChannelEnd } from './channel.ts'
export type { Endpoint } from './endpoint.ts'

export interface Connection {
  readonly endpoint: Endpoint
  /** The IP address in use; the name was resolved once. */
  readonly address: string
  /** Starts a command; it runs in the login shell of the user. @throws HandoverError SSH_CHANNEL_REFUSED, SSH_LOST. */
  exec(command: string): Promise<Channel>
  /**
   * Runs the command with a local file as its stdin, and gives its end. Stdout is dropped.
   * @param stallMs how long the host may take no data, or not end after the last byte; 60000 if not given.
   * @throws HandoverError FILE_UNREADABLE, SSH_CHANNEL_REFUSED, SSH_CHANNEL_CLOSED, SSH_STALLED, SSH_LOST.
   */
  upload(command: string, file: string, stallMs?: number): Promise<ChannelEnd>
  /** A TCP connection from the host to `host:port`. @throws HandoverError SSH_CHANNEL_REFUSED, SSH_LOST. */
  openTunnel(host: string, port: number): Promise<Duplex>
  /** Resolves once the connection is gone for whatever reason, `close` included. Never rejects. */
  readonly lost: Promise<Fault>
  isOpen(): boolean
  /** Says goodbye, waits at most 2 s for the host, then cuts. Idempotent, never rejects. */
  close(): Promise<void>
}

const farewellMs = 2000
const stalledUploadMs = 60_000

/** @throws HandoverError with one SSH_* fault, `host` set (several for several unusable key files). */
export async function connect(endpoint: Endpoint): Promise<Connection> {
  const auth = await planAuth(endpoint)
  const known = loadKnownHosts(endpoint.knownHostsFiles)
  const expiry = new AbortController()
  const timer = setTimeout(() => expiry.abort(), endpoint.connectTimeoutMs)
  try {
    const socket = await dial(endpoint, expiry.signal)
    const address = socket.remoteAddress ?? endpoint.address
    const link = await logIn({ endpoint, socket, known, auth, signal: expiry.signal })
    link.watchSilence(endpoint.keepaliveMs)
    return openConnection(endpoint, address, link)
  } finally {
    clearTimeout(timer)
  }
}

function openConnection(endpoint: Endpoint, address: string, link: Link): Connection {
  const host = endpoint.name
  let isLeaving = false
  let farewell: Promise<void> | undefined
  const lost = new Promise<Fault>(resolve => {
    link.onDown(end => resolve(isLeaving ? closedFault(endpoint) : lostFault(endpoint, end)))
  })

  const exec = (command: string) =>
    open(
      link,
      host,
      'the command',
      done => link.client.exec(command, done),
      stream => wrapChannel(stream, link, host),
    )
  return {
    endpoint,
    address,
    lost,
    isOpen: link.isUp,
    exec,
    async upload(command, file, stallMs = stalledUploadMs) {
      const handle = await openFile(file)
      try {
        return await sendFile(await exec(command), handle, { file, host, stallMs })
      } finally {
        await handle.close()
      }
    },
    openTunnel: (target, port) =>
      open(
        link,
        host,
        `a tunnel to ${target} port ${port}`,
        done => link.client.forwardOut('127.0.0.1', 0, target, port, done),
        stream => wrapTunnel(stream, link),
      ),
    close() {
      isLeaving ||= link.isUp()
      farewell ??= sayGoodbye(link)
      return farewell
    },
  }
}

/**
 * ssh2 throws at once on a closed client and may never call back on a dying one; here it is one promise.
 * `wrap` runs inside the callback: the first data and the exit code may follow in the same packet.
 */
function open<T>(
  link: Link,
  host: string,
  what: string,
  start: (done: (error: Error | undefined, stream: ClientChannel) => void) => void,
  wrap: (stream: ClientChannel) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (reason: string) => {
      forget()
      reject(
        new HandoverError(
          link.isUp()
            ? fault('SSH_CHANNEL_REFUSED', `the host refused ${what}: ${reason}`, { host })
            : fault('SSH_LOST', `the connection was lost before the host answered for ${what}`, { host }),
        ),
      )
    }
    const forget = link.onDown(() => setImmediate(refuse, 'connection lost'))
    if (!link.isUp()) return
    try {
      start((error, stream) => {
        forget()
        if (error) refuse(clip(error.message, 500))
        else resolve(wrap(stream))
      })
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error))
    }
  })
}

function sayGoodbye(link: Link): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(link.cut, farewellMs, {})
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    if (link.socket.closed) return done()
    link.socket.once('close', done)
    if (link.isUp()) link.client.end()
  })
}

function closedFault(endpoint: Endpoint): Fault {
  return fault('SSH_LOST', 'the connection was closed by handover', { host: endpoint.name })
}

function lostFault(endpoint: Endpoint, end: LinkEnd): Fault {
  if (end.fault) return end.fault
  const reason = end.isSilent
    ? 'the host has gone silent'
    : clip(end.error?.message ?? 'the host closed the connection', 500)
  return fault(
    'SSH_LOST',
    `the connection to ${endpoint.address} port ${endpoint.port} was lost: ${reason}`,
    {
      host: endpoint.name,
      hint: 'what was running there may or may not have happened; handover status shows what the host says',
    },
  )
}
