/** The one command of a channel over ssh2. Bounded memory whatever the host prints; nothing waits for ever. */
import type { ClientChannel } from 'ssh2'
import { fault, HandoverError } from '../core/fault.ts'
import type { Channel, ChannelEnd, DataListener } from './channel.ts'
import type { Link } from './link.ts'

const earlyBytes = 1024 * 1024
const tailBytes = 4096
const socketBytes = 4 * 1024 * 1024

export function wrapChannel(stream: ClientChannel, link: Link, host: string): Channel {
  const waiting = new Set<(error: HandoverError) => void>()
  let exit: { code?: number; signal?: string } = {}
  let isEnded = false
  let isFinished = false
  let tail: Buffer = Buffer.alloc(0)
  let settle: (end: ChannelEnd) => void = () => {}
  const closed = new Promise<ChannelEnd>(resolve => {
    settle = resolve
  })
  const stdout = listenTo(stream)

  const finish = (how: typeof exit) => {
    if (isFinished) return
    isFinished = true
    forget()
    settle({ ...how, stderrTail: tail.toString('utf8') })
    for (const reject of waiting) reject(refusal())
    waiting.clear()
  }
  const refusal = () =>
    new HandoverError(
      link.isUp()
        ? fault('SSH_CHANNEL_CLOSED', 'the command on the host takes no more input', { host })
        : fault('SSH_LOST', 'the connection was lost while data was sent', { host }),
    )

  stream.stderr.on('data', (chunk: Buffer) => {
    tail = lastBytes(tail, chunk)
  })
  stream.stderr.on('error', () => {})
  stream.on('error', () => {})
  stream.on('exit', (code: number | null, signal?: string) => {
    if (code !== null) exit = { code }
    else if (signal !== undefined) exit = { signal }
  })
  // When the link went down, stdout may be cut short although the exit code was heard: unknown is honest.
  stream.on('close', () => finish(link.isUp() ? exit : {}))
  const forget = link.onDown(() => setImmediate(finish, {}))

  return {
    closed,
    onData: stdout.onData,
    write(data) {
      if (isFinished || isEnded) return Promise.reject(refusal())
      return new Promise((resolve, reject) => {
        waiting.add(reject)
        const done = () => {
          waiting.delete(reject)
          resolve()
        }
        // ssh2 forgets this callback when the channel closes meanwhile; `waiting` remembers it.
        stream.write(data, error => {
          if (error) {
            waiting.delete(reject)
            reject(refusal())
            return
          }
          // A host may grant an endless window and read nothing; the socket's own buffer is the second bound.
          if (link.socket.writableLength > socketBytes) link.socket.once('drain', done)
          else done()
        })
      })
    },
    end() {
      if (isFinished || isEnded) return
      isEnded = true
      stream.end()
    },
    close() {
      finish({})
      stdout.drop()
      if (link.isUp()) stream.close()
    },
  }
}

/** Always reading, because a channel whose output nobody reads never closes. */
function listenTo(stream: ClientChannel) {
  const listeners: DataListener[] = []
  let early: Buffer[] = []
  let size = 0
  let isDropping = false
  let holds = 0

  const hold = (until: Promise<void>) => {
    holds++
    stream.pause()
    const release = () => {
      if (--holds === 0) stream.resume()
    }
    until.then(release, error => {
      release()
      raise(error)
    })
  }
  const hand = (listener: DataListener, chunk: Buffer) => {
    try {
      const until = listener(chunk)
      if (until instanceof Promise) hold(until)
    } catch (error) {
      raise(error)
    }
  }
  stream.on('data', (chunk: Buffer) => {
    if (isDropping) return
    for (const listener of listeners) hand(listener, chunk)
    if (listeners.length > 0) return
    early.push(chunk)
    size += chunk.length
    if (size > earlyBytes) drop()
  })
  const drop = () => {
    isDropping = true
    early = []
  }
  return {
    drop,
    onData(listener: DataListener) {
      if (isDropping) throw new Error('stdout was dropped: nobody listened to its first MiB')
      listeners.push(listener)
      const chunks = early
      early = []
      for (const chunk of chunks) hand(listener, chunk)
    },
  }
}

/** A listener's own mistake must not be taken for a fault of the connection, as ssh2 would if it were thrown. */
function raise(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

function lastBytes(tail: Buffer, chunk: Buffer): Buffer {
  if (chunk.length >= tailBytes) return Buffer.from(chunk.subarray(-tailBytes))
  return Buffer.concat([tail, chunk]).subarray(-tailBytes)
}
