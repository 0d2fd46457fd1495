/**
 * What somebody at another terminal asks of the controller of a run: one file a request in `<run>/requests/`, answered by
 * a file beside it. A request is `.json` until one of the two removes that name: its controller, which takes it and does it,
 * or whoever asked, who takes it back. Whoever can write there is the user the run belongs to; anything else is passed over.
 */
import { randomBytes } from 'node:crypto'
import { constants, existsSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { syncDirectory } from './run-directory.ts'

export type RequestBody =
  | { readonly verb: 'abort' }
  | { readonly verb: 'pause'; readonly ms: number }
  | { readonly verb: 'continue' }
  | { readonly verb: 'approve'; readonly stage?: string }

export type Request = RequestBody & {
  /** user@machine */
  readonly by: string
  /** UTC, ISO 8601. */
  readonly at: string
}

export interface Posted {
  /** Sorts by time. */
  readonly name: string
  readonly request: Request
}

/** `why`: why it was not done. */
export type Reply = { readonly ok: true } | { readonly ok: false; readonly why: string }

const longestBytes = 4096
const shown = /^\d{15}-[0-9a-f]{8}\.json$/
const answered = /^\d{15}-[0-9a-f]{8}\.answer$/
/** Nobody waits for an answer that long. */
const forgottenMs = 120_000

/** @returns its name. */
export async function postRequest(dir: string, request: Request, now = Date.now()): Promise<string> {
  const place = placeOf(dir)
  await mkdir(place, { mode: 0o700 }).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
  const name = `${String(now).padStart(15, '0')}-${randomBytes(4).toString('hex')}`
  await appear(place, `${name}.json`, request)
  return name
}

/** Those that wait, oldest first. */
export async function readRequests(dir: string): Promise<Posted[]> {
  const found: Posted[] = []
  for (const file of namesIn(dir).filter(name => shown.test(name))) {
    const request = await readBounded(join(placeOf(dir), file))
    if (isRequest(request)) found.push({ name: file.slice(0, -'.json'.length), request })
  }
  return found
}

/** @returns whether it is ours to do: whoever asked cannot take it back any more. */
export async function takeRequest(dir: string, name: string): Promise<boolean> {
  const file = join(placeOf(dir), name)
  return succeeds(rename(`${file}.json`, `${file}.taken`))
}

/** Of a request that was taken. */
export async function answerRequest(dir: string, name: string, reply: Reply): Promise<void> {
  await appear(placeOf(dir), `${name}.answer`, reply).finally(() =>
    succeeds(unlink(join(placeOf(dir), `${name}.taken`))),
  )
}

/**
 * Waits for the answer and removes it.
 * @param ms after which it is taken back, if nobody has taken it
 * @param longestMs how long to wait for one that was taken: its controller has a slow disk, or is gone
 * @returns `taken back`: nobody does it any more. `not known`: it was received, and may or may not be done; or another
 * controller has come meanwhile, to which it means nothing.
 */
export async function awaitReply(
  dir: string,
  name: string,
  ms: number,
  longestMs: number,
): Promise<Reply | 'taken back' | 'not known'> {
  const began = performance.now()
  let isReceived = false
  while (performance.now() - began < longestMs) {
    const reply = await takeReply(dir, name)
    if (reply) return reply
    if (!isReceived && performance.now() - began >= ms) {
      if (await succeeds(unlink(join(placeOf(dir), `${name}.json`)))) return 'taken back'
      if (!isInHand(dir, name)) return (await takeReply(dir, name)) ?? 'not known'
      isReceived = true
    }
    await pause(50)
  }
  return 'not known'
}

/** What was asked of an earlier controller is not asked of this one. */
export function clearRequests(dir: string): void {
  rmSync(placeOf(dir), { recursive: true, force: true })
}

/** Answers that nobody came for. */
export function forgetReplies(dir: string, now = Date.now()): void {
  for (const name of namesIn(dir)) {
    if (!answered.test(name) || now - Number(name.slice(0, 15)) < forgottenMs) continue
    try {
      unlinkSync(join(placeOf(dir), name))
    } catch {
      // Somebody came for it after all.
    }
  }
}

function placeOf(dir: string): string {
  return join(dir, 'requests')
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(placeOf(dir)).sort()
  } catch {
    return []
  }
}

/** An answer is there before that name is gone. */
function isInHand(dir: string, name: string): boolean {
  return existsSync(join(placeOf(dir), `${name}.taken`))
}

function succeeds(deed: Promise<unknown>): Promise<boolean> {
  return deed.then(
    () => true,
    () => false,
  )
}

async function takeReply(dir: string, name: string): Promise<Reply | undefined> {
  const file = join(placeOf(dir), `${name}.answer`)
  const value = (await readBounded(file)) as { ok?: unknown; why?: unknown } | undefined
  if (!value) return undefined
  await unlink(file).catch(() => {})
  return value.ok === true ? { ok: true } : { ok: false, why: String(value.why) }
}

/** Under its name only when it is whole and durable. */
async function appear(place: string, name: string, value: unknown): Promise<void> {
  const own = join(place, `.${name}.${process.pid}.tmp`)
  const handle = await open(own, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(value)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(own, join(place, name))
  await syncDirectory(place)
}

/** Undefined for what is no small regular file with JSON in it. A FIFO must not make the controller wait. */
async function readBounded(file: string): Promise<unknown> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stat = await handle.stat()
      return stat.isFile() && stat.size <= longestBytes
        ? JSON.parse(await handle.readFile('utf8'))
        : undefined
    } finally {
      await handle.close()
    }
  } catch {
    return undefined
  }
}

function isRequest(value: unknown): value is Request {
  if (typeof value !== 'object' || value === null) return false
  const { verb, by, at, ms, stage } = value as Record<string, unknown>
  if (typeof by !== 'string' || typeof at !== 'string') return false
  if (verb === 'pause') return Number.isSafeInteger(ms) && Number(ms) > 0
  if (verb === 'approve') return stage === undefined || typeof stage === 'string'
  return verb === 'abort' || verb === 'continue'
}
