/** A file that people write: bounded, UTF-8, without a NUL. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type Fault, fault, HandoverError, type Place } from '../core/fault.ts'
import { placeOn } from './place.ts'

const maxBytes = 1024 * 1024
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not',
  EINVAL: 'it is a pipe or a device, not a regular file',
  ENXIO: 'it is a socket or a device, not a regular file',
}

/** What may be read: whoever names a file may name a pipe; one that was merely found must not make anybody wait. */
export type ReadableKind = 'anything' | 'regular file'

/** Text of a file, BOM removed. @throws HandoverError FILE_UNREADABLE, FILE_TOO_LARGE, FILE_NOT_TEXT. */
export function readText(file: string, mostBytes = maxBytes, kind: ReadableKind = 'anything'): string {
  let bytes: Buffer
  try {
    bytes = readBounded(file, mostBytes, kind)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    const reason = reasons[code] ? `${reasons[code]} (${code})` : code
    throw new HandoverError(
      fault('FILE_UNREADABLE', `cannot read ${file}: ${reason}`, {
        place: { file },
        hint: 'check the path and its permissions',
      }),
    )
  }
  if (bytes.length > mostBytes) {
    const message = `${file} is larger than ${mostBytes} bytes, the most that is read`
    const hint = 'is it the right file?'
    throw new HandoverError(fault('FILE_TOO_LARGE', message, { place: { file }, hint }))
  }
  const text = bytes.toString('utf8')
  const wrong = notText(file, bytes, text)
  if (wrong) throw new HandoverError(wrong)
  return text.replace(/^\ufeff/, '')
}

/** At most one byte more than is allowed: the size of a pipe or a device says nothing, and /dev/zero never ends. */
function readBounded(file: string, mostBytes: number, kind: ReadableKind): Buffer {
  // Opening a pipe waits for a writer, unless it is said not to.
  const handle = openSync(file, constants.O_RDONLY | (kind === 'anything' ? 0 : constants.O_NONBLOCK))
  try {
    const parts: Buffer[] = []
    let length = 0
    const found = fstatSync(handle)
    if (kind === 'regular file' && !found.isFile() && !found.isDirectory())
      throw Object.assign(new Error('not a regular file'), { code: 'EINVAL' })
    const { size } = found
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

function notText(file: string, bytes: Buffer, text: string): Fault | undefined {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0
  if (mark === 0xfffe || mark === 0xfeff) {
    return refusal(file, `${file} is encoded as UTF-16`, { file })
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) return refusal(file, 'a NUL, which no text has', placeOfIndex(file, text, nul))
  // Written back it is the same, or some of its bytes were no UTF-8.
  if (Buffer.from(text).equals(bytes)) return undefined
  const first = text.indexOf('\ufffd')
  return refusal(file, 'this character is not encoded as UTF-8', placeOfIndex(file, text, first))
}

function refusal(file: string, message: string, place: Place): Fault {
  const hint = `save it as UTF-8, or name another file than ${file}`
  return fault('FILE_NOT_TEXT', message, { place, hint })
}

function placeOfIndex(file: string, text: string, index: number): Place {
  const before = text.slice(0, index).split('\n')
  return placeOn(file, text, before.length, (before.at(-1)?.length ?? 0) + 1)
}
