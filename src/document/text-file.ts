/** Texts of files, in bounded size. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fault, HandoverError } from '../core/fault.ts'

const maxBytes = 1024 * 1024

/** Text of a file, BOM removed. @throws HandoverError FILE_UNREADABLE, FILE_TOO_LARGE. */
export function readText(file: string, mostBytes = maxBytes): string {
  let bytes: Buffer
  try {
    bytes = readBounded(file, mostBytes)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new HandoverError(
      fault('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, {
        place: { file },
        hint: 'check the path and its permissions',
      }),
    )
  }
  if (bytes.length > mostBytes) {
    const message = `${file} is larger than ${mostBytes} bytes, the most that is read`
    throw new HandoverError(fault('FILE_TOO_LARGE', message, { place: { file } }))
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** At most one byte more than is allowed: the size of a pipe or a device says nothing, and /dev/zero never ends. */
function readBounded(file: string, mostBytes: number): Buffer {
  const handle = openSync(file, 'r')
  try {
    const parts: Buffer[] = []
    let length = 0
    const { size } = fstatSync(handle)
    let room = Math.min(size, mostBytes) + 1
    for (;;) {
      const part = Buffer.allocUnsafe(room)
      const read = readSync(handle, part, 0, room, null)
      parts.push(part.subarray(0, read))
      length += read
      // A file whose size is known has ended where it says; a pipe or a device only says so by reading nothing.
      if (read === 0 || length > mostBytes || length === size) return Buffer.concat(parts, length)
      room = Math.min(64 * 1024, mostBytes + 1 - length)
    }
  } finally {
    closeSync(handle)
  }
}
