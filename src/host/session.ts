/**
 * One host's program, started over one channel. Requests may overlap (a revert passes a waiting switch); every wait
 * has a deadline and is raced against the end of the channel, and a lost channel leaves the outcome unknown.
 */
import { statSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { fault, HandoverError } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import type { Channel, Connection } from '../transport/connection.ts'
import { type Answer, decodeAnswer, encodeRequest, newNonce } from './frame.ts'
import { bootCommand, hostProgram, uploadCommand } from './program.ts'

export interface HostSession {
  readonly name: string
  /**
   * One framed request and its answer.
   * @throws HandoverError HOST_LOST when the channel ends first (outcome unknown), HOST_SILENT at the deadline.
   */
  request(verb: string, args: readonly string[], deadlineMs: number): Promise<Answer>
  /** Puts a local file into the host's artifact store under `name`. @throws HandoverError UPLOAD_FAILED, SSH_*. */
  upload(file: string, name: string, stateDir: string | null): Promise<void>
  isOpen(): boolean
  /** Says good-bye if the channel still answers, then ends the connection. Bounded to 2 s. */
  close(): Promise<void>
}

/** Bytes that are not answers and still do no harm: banners and the like. More means a host that floods us. */
const mostNoiseBytes = 256 * 1024
const longestLine = 16 * 1024

interface Waiter {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** Starts the program; its first request travels with it, so this itself waits for nothing but the channel. */
export async function openSession(connection: Connection, become: boolean): Promise<HostSession> {
  const name = connection.endpoint.name
  const channel = await connection.exec(bootCommand(become))
  const waiters = new Map<string, Waiter>()
  /** Also of requests given up at their deadline: their late answers are no noise. */
  const nonces = new Set<string>()
  let ended: HandoverError | undefined
  let sent = 0
  let hasAnswered = false

  const end = (error: HandoverError) => {
    ended ??= error
    for (const waiter of waiters.values()) waiter.reject(ended)
    waiters.clear()
  }
  readLines(channel, {
    onLine: line => {
      const decoded = decodeAnswer(line)
      const isOurs = decoded !== undefined && nonces.has(decoded.nonce)
      if (!isOurs) return false
      hasAnswered = true
      waiters.get(decoded.nonce)?.resolve(decoded.answer)
      waiters.delete(decoded.nonce)
      return true
    },
    onFlood: () => {
      end(
        new HandoverError(
          fault('HOST_NOISE', `the host sends output without end instead of answers`, { host: name }),
        ),
      )
      void connection.close()
    },
  })
  void channel.closed.then(({ code, stderrTail }) => {
    const said = stderrTail.trim()
    const why =
      code === undefined ? 'the connection was lost' : `the program on the host ended with exit code ${code}`
    const started = hasAnswered || code === undefined
    end(
      new HandoverError(
        started
          ? fault('HOST_LOST', said ? `${why}: ${clip(said, 400)}` : why, { host: name })
          : fault(become ? 'BECOME_FAILED' : 'HOST_PROGRAM_FAILED', said ? clip(said, 400) : why, {
              host: name,
            }),
      ),
    )
  })
  // Program and first request leave together: starting costs no round trip of its own.
  let head: Buffer | undefined = hostProgram()

  const request = (verb: string, args: readonly string[], deadlineMs: number) =>
    new Promise<Answer>((resolve, reject) => {
      if (ended) return reject(ended)
      const nonce = newNonce()
      const frame = encodeRequest(nonce, verb, args)
      const timer = setTimeout(() => {
        waiters.delete(nonce)
        reject(
          new HandoverError(
            fault('HOST_SILENT', `no answer to "${verb}" within ${Math.round(deadlineMs / 1000)} s`, {
              host: name,
            }),
          ),
        )
      }, deadlineMs)
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer)
          then(value)
        }
      nonces.add(nonce)
      waiters.set(nonce, { resolve: settle(resolve), reject: settle(reject) })
      sent++
      const bytes = head ? Buffer.concat([head, Buffer.from(frame)]) : frame
      head = undefined
      // A write that fails means a channel that ends: its `closed` settles every waiter with the reason.
      channel.write(bytes).catch(() => {})
    })

  return {
    name,
    request,
    isOpen: () => !ended && connection.isOpen(),
    async upload(file, stored, stateDir) {
      const { code, stderrTail } = await connection.upload(
        uploadCommand(become, stateDir, {
          name: stored,
          bytes: statSync(file, { throwIfNoEntry: false })?.size ?? 0,
        }),
        file,
      )
      if (code === 0) return
      const why =
        code === undefined ? 'the connection was lost' : clip(stderrTail.trim() || `exit ${code}`, 400)
      throw new HandoverError(
        fault('UPLOAD_FAILED', `the artifact could not be uploaded: ${why}`, { host: name }),
      )
    },
    async close() {
      if (!ended && sent > 0) await request('bye', [], 2000).catch(() => {})
      await connection.close()
    },
  }
}

interface LineListener {
  /** False when the line is no answer. */
  onLine(line: string): boolean
  onFlood(): void
}

/** Cuts stdout into lines with bounded memory. */
function readLines(channel: Channel, listener: LineListener): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let noise = 0
  channel.onData(chunk => {
    if (noise > mostNoiseBytes) return
    rest += decoder.write(chunk)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestLine) {
      noise += rest.length
      rest = ''
    }
    for (const line of lines) if (!listener.onLine(line)) noise += line.length + 1
    if (noise > mostNoiseBytes) listener.onFlood()
  })
}
