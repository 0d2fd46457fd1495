/**
 * The bare SSH connection, and the one place that knows when it is down. ssh2 may report that once, several
 * times, or only by 'end' and 'close'; a frozen peer is not reported at all.
 */
import type { Socket } from 'node:net'
import type { Client } from 'ssh2'
import type { Fault } from '../core/fault.ts'

export interface LinkEnd {
  readonly error?: Error
  /** Set when handover itself ended the link for a reason. */
  readonly fault?: Fault
  readonly isSilent?: true
}

export interface Link {
  readonly client: Client
  readonly socket: Socket
  isUp(): boolean
  /** Calls once when the link goes down, at once if it is. Returns a function that takes the wish back. */
  onDown(listener: (end: LinkEnd) => void): () => void
  /** Ends the link without farewell. Idempotent; the first reason stays. */
  cut(end: LinkEnd): void
  /** From now on `silenceTicks` checks in a row without a byte from the peer take the link down. */
  watchSilence(keepaliveMs: number): void
}

const silenceTicks = 6

export function watchLink(client: Client, socket: Socket): Link {
  const listeners = new Set<(end: LinkEnd) => void>()
  let down: LinkEnd | undefined
  let watch: NodeJS.Timeout | undefined

  const cut = (end: LinkEnd) => {
    if (down) return
    down = end
    clearInterval(watch)
    socket.destroy()
    for (const listener of [...listeners]) listener(end)
    listeners.clear()
  }

  client.on('error', error => {
    // The login goes on with the next key after these; its own handler sees the last one fail.
    if (error.level === 'agent' || error.level === 'client-authentication') return
    cut({ error })
  })
  client.on('end', () => cut({}))
  client.on('close', () => cut({}))
  socket.on('close', () => cut({}))
  socket.setMaxListeners(0)

  return {
    client,
    socket,
    isUp: () => down === undefined,
    onDown(listener) {
      if (down) listener(down)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    cut,
    watchSilence(keepaliveMs) {
      let heard = socket.bytesRead
      let quiet = 0
      // Any byte counts, not only the answer to a ping: on a slow link a ping waits behind the upload, and half a
      // ping interval a tick keeps the whole within 3.5 intervals. Ticks and not clock time, because after a
      // stopped process or a suspended laptop the clock has moved and the answers are still unread.
      watch = setInterval(() => {
        quiet = socket.bytesRead === heard ? quiet + 1 : 0
        heard = socket.bytesRead
        if (quiet >= silenceTicks) cut({ isSilent: true })
      }, keepaliveMs / 2)
      watch.unref()
      if (down) clearInterval(watch)
    },
  }
}
