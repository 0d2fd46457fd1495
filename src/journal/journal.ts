/** Append, fsync, publish, in that order (invariant 9). Entries that arrive while a write is under way share the next one. */
import { constants } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { Entry, EntryBody } from './entry.ts'
import { journalVersion, scanJournal } from './reading.ts'
import { syncDirectory } from './run-directory.ts'

export interface Journal {
  readonly run: string
  /**
   * Resolves when the entry is on disk and every listener has heard it.
   * @throws HandoverError JOURNAL_FAILED, RUN_TAKEN_OVER: without a durable intent no effect may follow.
   */
  append(body: EntryBody): Promise<Entry>
  /** To the listeners alone: what must be seen although the file is lost. */
  publish(body: EntryBody): void
  /** Listeners hear entries in order, after they are durable. They must not throw. */
  listen(listener: (entry: Entry) => void): void
  close(): Promise<void>
}

interface Waiting {
  readonly entry: Entry
  readonly resolve: (entry: Entry) => void
  readonly reject: (error: Error) => void
}

export interface JournalOptions {
  readonly now?: () => Date
  /** Asked before every write: why nothing may be written any more. */
  readonly refusal?: () => HandoverError | undefined
}

/** @throws HandoverError JOURNAL_FAILED when the file exists already or cannot be made. */
export async function createJournal(
  file: string,
  run: string,
  options: JournalOptions = {},
): Promise<Journal> {
  const handle = await open(file, 'ax', 0o600).catch((error: Error) => {
    throw failed(file, error)
  })
  // A file that is durable in a directory that is not would still be gone after a power cut.
  await syncDirectory(dirname(file)).catch((error: Error) => {
    throw failed(file, error)
  })
  return journalOn(handle, { file, run, seq: 0, epoch: 1 }, options)
}

/**
 * The journal of a run that another controller has begun: what a crash has torn off is cut off for good, and the numbers go on.
 * @param entries what was read of it before.
 * @throws HandoverError JOURNAL_FAILED, JOURNAL_CORRUPT, JOURNAL_VERSION.
 */
export async function continueJournal(
  file: string,
  run: string,
  entries: readonly Entry[],
  options: JournalOptions = {},
): Promise<Journal> {
  try {
    const scan = scanJournal(file, await readFile(file), run)
    if (scan.entries.length !== entries.length) throw new Error('it was written to while it was read')
    const handle = await open(file, constants.O_WRONLY | constants.O_APPEND)
    await handle.truncate(scan.keptBytes)
    if (scan.isUnended) await handle.appendFile('\n')
    await handle.sync()
    return journalOn(handle, { file, run, seq: entries.length, epoch: scan.epoch }, options)
  } catch (error) {
    throw error instanceof HandoverError ? error : failed(file, error as Error)
  }
}

interface Place {
  readonly file: string
  readonly run: string
  seq: number
  /** Of whoever writes here: as the newest opening has it. */
  epoch: number
}

function journalOn(handle: FileHandle, place: Place, options: JournalOptions): Journal {
  const { file, run } = place
  const { now = () => new Date(), refusal = () => undefined } = options
  const listeners: ((entry: Entry) => void)[] = []
  let queue: Waiting[] = []
  let writing: Promise<void> | undefined
  let broken: HandoverError | undefined

  const drain = async () => {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      try {
        refuse(refusal)
        await persist(handle, batch, refusal)
        // Taken over while it was written, it may have been too late for the next controller, who then goes on without it.
        refuse(refusal)
      } catch (error) {
        // Nothing is ever written after a gap: half a line in the middle would make the whole journal unreadable.
        broken = error instanceof HandoverError ? error : failed(file, error as Error)
        for (const each of [...batch, ...queue]) each.reject(broken)
        queue = []
        break
      }
      for (const each of batch) {
        for (const listener of listeners) listener(each.entry)
        each.resolve(each.entry)
      }
    }
    // In the same turn as the last look at the queue, or an entry that comes in between is never written.
    writing = undefined
  }

  const entryOf = (body: EntryBody) => {
    if (body.type === 'run.resumed') place.epoch = body.epoch
    const { epoch } = place
    return { v: journalVersion, seq: place.seq++, at: now().toISOString(), run, epoch, ...body } as Entry
  }

  return {
    run,
    append: body =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken)
        const entry = entryOf(body)
        queue.push({ entry, resolve, reject })
        writing ??= drain()
      }),
    publish(body) {
      const entry = entryOf(body)
      for (const listener of listeners) listener(entry)
    },
    listen: listener => void listeners.push(listener),
    async close() {
      await writing
      await handle.close()
    },
  }
}

type Refusal = NonNullable<JournalOptions['refusal']>

function refuse(refusal: Refusal): void {
  const refused = refusal()
  if (refused) throw refused
}

async function persist(handle: FileHandle, batch: readonly Waiting[], refusal: Refusal): Promise<void> {
  const text = batch.map(({ entry }) => `${JSON.stringify(entry)}\n`).join('')
  const { size: before } = await handle.stat()
  try {
    await handle.appendFile(text)
    await handle.datasync()
  } catch (error) {
    await takeBack(handle, before, Buffer.byteLength(text), refusal).catch(() => {})
    throw error
  }
}

/**
 * What was refused may be there all the same: nobody may read a decision that was not made. But never what another controller
 * has written behind it.
 */
async function takeBack(handle: FileHandle, before: number, most: number, refusal: Refusal): Promise<void> {
  const { size } = await handle.stat()
  if (size <= before + most && refusal() === undefined) await handle.truncate(before)
}

function failed(file: string, error: Error): HandoverError {
  return new HandoverError(
    fault('JOURNAL_FAILED', `cannot write the journal: ${error.message}`, {
      place: { file },
      hint: 'check the disk and the permissions of the run directory; nothing more is done without a journal',
    }),
  )
}
