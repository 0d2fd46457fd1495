/** A TCP connection that begins on the host, as an ordinary stream: every write ends in a callback. */
import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Link } from './link.ts'

export function wrapTunnel(stream: ClientChannel, link: Link): Duplex {
  const lost = () => new Error('the tunnel was closed')
  let isClosed = false
  let pending: ((error?: Error) => void) | undefined
  const settle = (error?: Error) => {
    const callback = pending
    pending = undefined
    callback?.(error)
  }

  const tunnel = new Duplex({
    read() {
      stream.resume()
    },
    write(chunk: Buffer, _encoding, callback) {
      if (isClosed) return callback(lost())
      pending = callback
      stream.write(chunk, error => settle(error ? lost() : undefined))
    },
    final(callback) {
      stream.end()
      callback()
    },
    destroy(error, callback) {
      forget()
      settle(error ?? lost())
      if (link.isUp()) stream.close()
      stream.resume()
      callback(error)
    },
  })

  stream.on('data', (chunk: Buffer) => {
    if (!tunnel.destroyed && !tunnel.push(chunk)) stream.pause()
  })
  stream.stderr.resume()
  stream.on('error', () => {})
  stream.on('end', () => {
    if (!tunnel.destroyed) tunnel.push(null)
  })
  stream.on('close', () => {
    // What was read already may still be waiting to be taken; only a writer learns that nothing more goes out.
    isClosed = true
    settle(lost())
    if (tunnel.readableEnded) tunnel.destroy()
    else tunnel.once('end', () => tunnel.destroy())
  })
  const forget = link.onDown(() => tunnel.destroy(lost()))
  return tunnel
}
