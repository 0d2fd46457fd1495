/** From an open TCP connection to a logged-in link: key exchange, proof of the host, then our own keys. */
import type { Socket } from 'node:net'
import ssh2, { type AuthenticationType, type ConnectConfig, type NextAuthHandler } from 'ssh2'
import { formatDuration } from '../core/duration.ts'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { type AuthPlan, authFault } from './auth.ts'
import type { Endpoint } from './endpoint.ts'
import { checkHostKey, lookupEndpoint, orderAlgorithms } from './host-key.ts'
import type { KnownHosts } from './known-hosts.ts'
import { type Link, type LinkEnd, watchLink } from './link.ts'

export interface Login {
  readonly endpoint: Endpoint
  readonly socket: Socket
  readonly known: KnownHosts
  readonly auth: AuthPlan
  /** Aborts when the connect timeout is over. */
  readonly signal: AbortSignal
}

interface Progress {
  stage: 'handshake' | 'login'
  /** The first bytes the peer sent: what is not SSH explains itself there ("Exceeded MaxStartups"). */
  heard: string
  readonly offered: string[]
}

const tooManyConnections = 12

/** @throws HandoverError any SSH_* fault but SSH_LOST; the socket is then destroyed. */
export function logIn(login: Login): Promise<Link> {
  const { endpoint, socket, signal } = login
  const client = new ssh2.Client()
  const link = watchLink(client, socket)
  const progress: Progress = { stage: 'handshake', heard: '', offered: [] }
  const hear = (chunk: Buffer) => {
    if (progress.heard.length < 256) progress.heard += chunk.toString('latin1', 0, 256)
  }
  // Paused, as a listener would start the flow before ssh2 has its own.
  socket.pause()
  socket.on('data', hear)
  client.once('handshake', () => {
    progress.stage = 'login'
  })

  return new Promise<Link>((resolve, reject) => {
    const onTimeout = () => link.cut({ fault: timeoutFault(endpoint, socket, progress) })
    const forget = link.onDown(end => {
      signal.removeEventListener('abort', onTimeout)
      reject(new HandoverError(end.fault ?? dropFault(login, progress, end)))
    })
    client.once('ready', () => {
      signal.removeEventListener('abort', onTimeout)
      socket.off('data', hear)
      forget()
      resolve(link)
    })
    signal.addEventListener('abort', onTimeout, { once: true })
    if (signal.aborted) onTimeout()
    if (socket.destroyed) link.cut({})
    if (link.isUp()) client.connect(configure(login, link, progress))
  })
}

function configure(login: Login, link: Link, progress: Progress): ConnectConfig {
  const { endpoint, known, socket } = login
  const keys = lookupEndpoint(known, endpoint)
  return {
    sock: socket,
    username: endpoint.user,
    // Ours covers the name lookup and TCP too, and ends in one fault and not in two errors.
    readyTimeout: 0,
    keepaliveInterval: endpoint.keepaliveMs,
    // The pings are ssh2's, the verdict is `watchSilence`: ssh2 counts only answers to pings as signs of life.
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    agentForward: false,
    algorithms: {
      serverHostKey: orderAlgorithms(keys),
      cipher: [
        'aes128-gcm@openssh.com',
        'aes256-gcm@openssh.com',
        'aes128-ctr',
        'aes192-ctr',
        'aes256-ctr',
        'chacha20-poly1305@openssh.com',
      ],
      hmac: [
        'hmac-sha2-256-etm@openssh.com',
        'hmac-sha2-512-etm@openssh.com',
        'hmac-sha2-256',
        'hmac-sha2-512',
      ],
      compress: ['none'],
    },
    // Without one, ssh2 accepts every host. Called again at every rekey.
    hostVerifier: (offered: Buffer) => {
      const refusal = checkHostKey(endpoint, known, keys, offered)
      if (refusal) link.cut({ fault: refusal })
      return refusal === undefined
    },
    authHandler: offerKeys(login, link, progress),
  }
}

function offerKeys({ endpoint, auth }: Login, link: Link, progress: Progress) {
  const queue = [...auth.credentials]
  return (methods: AuthenticationType[] | null, isPartial: boolean | null, next: NextAuthHandler) => {
    const canUseKeys = methods === null || methods.includes('publickey')
    const credential = canUseKeys ? queue.shift() : undefined
    if (credential === undefined) {
      const reason = describeRefusal(methods ?? [], canUseKeys, isPartial === true)
      link.cut({ fault: authFault(endpoint, auth, progress.offered, reason) })
      // The typings do not know that false means "no more".
      next(false as unknown as AuthenticationType)
      return
    }
    progress.offered.push(credential.label)
    if (credential.kind === 'key') next({ type: 'publickey', username: endpoint.user, key: credential.key })
    else next({ type: 'agent', username: endpoint.user, agent: credential.socket })
  }
}

function describeRefusal(methods: readonly string[], canUseKeys: boolean, isPartial: boolean): string {
  const list = clip(methods.join(','), 200)
  if (canUseKeys) return list === '' ? 'permission denied' : `permission denied (${list})`
  return isPartial
    ? `a key was accepted, and the host asks for ${list} as well`
    : `the host accepts no public keys, only ${list}`
}

function timeoutFault(endpoint: Endpoint, socket: Socket, progress: Progress): Fault {
  const where = `${endpoint.address} port ${endpoint.port}`
  const what =
    socket.bytesRead === 0
      ? 'accepted the connection and sent nothing'
      : `did not finish the ${progress.stage === 'login' ? 'login' : 'key exchange'}`
  const within = formatDuration(endpoint.connectTimeoutMs)
  return fault('SSH_UNREACHABLE', `${where} ${what} within ${within}`, {
    host: endpoint.name,
    hint: 'check the load of the host and the network in between, or raise the timeout with -T',
  })
}

function dropFault({ endpoint, auth, socket }: Login, progress: Progress, end: LinkEnd): Fault {
  const { error } = end
  const code = (error as NodeJS.ErrnoException | undefined)?.code as string | number | undefined
  const said = clip(error?.message ?? 'connection closed', 500)
  const host = endpoint.name
  const where = `${endpoint.address} port ${endpoint.port}`
  // A number is the reason code of a disconnect message; only the host sends those.
  if (typeof code === 'number' && progress.stage === 'login') {
    return authFault(endpoint, auth, progress.offered, `the host ended the login: ${said}`)
  }
  if (progress.stage === 'login') {
    return fault('SSH_UNREACHABLE', `${where} dropped the connection during the login: ${said}`, { host })
  }
  const isDropped =
    code === tooManyConnections ||
    (typeof code !== 'number' && (error === undefined || socket.readableEnded || hasSystemCode(code)))
  const answer = progress.heard.startsWith('SSH-') ? '' : describeAnswer(progress.heard)
  if (isDropped) {
    return fault('SSH_DROPPED', `${where} closed the connection before the login${answer}`, {
      host,
      hint: 'look at MaxStartups of sshd, at fail2ban, and at the load of the host',
    })
  }
  return fault('SSH_HANDSHAKE_FAILED', `no SSH session with ${where}: ${said}${answer}`, { host })
}

function hasSystemCode(code: string | undefined): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT'
}

function describeAnswer(heard: string): string {
  const line = heard.split(/[\r\n]/, 1)[0] ?? ''
  return line === '' ? '' : `; it said: ${clip(line, 120)}`
}
