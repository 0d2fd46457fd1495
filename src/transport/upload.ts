/** A local file into the stdin of a command, 1 MiB at a time. */
import { type FileHandle, open } from 'node:fs/promises'
import { formatDuration } from '../core/duration.ts'
import { fault, faultsOf, HandoverError } from '../core/fault.ts'
import type { Channel, ChannelEnd } from './channel.ts'

export interface Upload {
  readonly file: string
  readonly host: string
  /** A step that takes longer than this is called off: one MiB taken, or the command ending after the last. */
  readonly stallMs: number
}

const stepBytes = 1024 * 1024

/** @throws HandoverError FILE_UNREADABLE. */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new HandoverError(fault('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, { place: { file } }))
  }
}

/**
 * The end of the command, whatever its code. A command that fails early ends the upload early.
 * @throws HandoverError SSH_STALLED; SSH_CHANNEL_CLOSED when the command reports success for half a file.
 */
export async function sendFile(channel: Channel, handle: FileHandle, upload: Upload): Promise<ChannelEnd> {
  channel.onData(() => {})
  const buffer = Buffer.allocUnsafe(stepBytes)
  let refused: HandoverError | undefined
  while (refused === undefined) {
    const { bytesRead } = await handle.read(buffer, 0, stepBytes, null)
    if (bytesRead === 0) break
    const written = channel.write(buffer.subarray(0, bytesRead)).catch((error: unknown) => {
      refused = new HandoverError(faultsOf(error))
    })
    await within(written, channel, upload)
  }
  channel.end()
  const end = await within(channel.closed, channel, upload)
  if (refused !== undefined && end.code === 0) throw refused
  return end
}

async function within<T>(step: Promise<T>, channel: Channel, upload: Upload): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the upload of ${upload.file} did not move for ${formatDuration(upload.stallMs)}`
      reject(new HandoverError(fault('SSH_STALLED', message, { host: upload.host })))
      channel.close()
    }, upload.stallMs)
  })
  try {
    return await Promise.race([step, stalled])
  } finally {
    clearTimeout(timer)
  }
}
