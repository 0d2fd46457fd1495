/** Where runs are kept: `<dir>/<id>/journal.jsonl` and the frozen plan beside it. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { Entry } from './entry.ts'

/** Sorts by time: `20261120-091501-482-4f2a1c`, UTC to the millisecond. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:Z]/g, '').replace('T', '-').replace('.', '-')
  return `${stamp}-${randomBytes(3).toString('hex')}`
}

/** Makes the directory of a new run, with its plan, and fsyncs both. @throws HandoverError JOURNAL_FAILED. */
export async function createRunDirectory(root: string, run: string, plan: unknown): Promise<string> {
  const dir = join(root, run)
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    await mkdir(dir, { mode: 0o700 })
    const file = await open(join(dir, 'plan.json'), 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(plan, null, 2)}\n`)
    await file.sync()
    await file.close()
    for (const each of [dir, root]) {
      const handle = await open(each, 'r')
      await handle.sync()
      await handle.close()
    }
  } catch (error) {
    throw new HandoverError(
      fault('JOURNAL_FAILED', `cannot make the run directory: ${(error as Error).message}`, {
        place: { file: dir },
        hint: 'choose another one with --run-dir',
      }),
    )
  }
  return dir
}

export function journalFile(root: string, run: string): string {
  return join(root, run, 'journal.jsonl')
}

/** Run ids, oldest first. */
export function listRuns(root: string): string[] {
  return readNames(root)
    .filter(name => existsSync(journalFile(root, name)))
    .sort()
}

function readNames(root: string): string[] {
  try {
    return readdirSync(root)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new HandoverError(fault('FILE_UNREADABLE', `cannot read the runs in ${root}: ${code}`))
  }
}

/** A run id, a unique prefix of one, or `last`. @throws HandoverError RUN_NOT_FOUND. */
export function findRun(root: string, wanted: string): string {
  const runs = listRuns(root)
  const matches = wanted === 'last' ? runs.slice(-1) : runs.filter(run => run.startsWith(wanted))
  const exact = matches.find(run => run === wanted)
  if (exact) return exact
  if (matches.length === 1 && matches[0]) return matches[0]
  const why =
    matches.length === 0
      ? `there is no run "${wanted}"`
      : `"${wanted}" is the start of ${matches.length} runs`
  throw new HandoverError(
    fault('RUN_NOT_FOUND', `${why} in ${root}`, {
      hint: '`handover runs` lists them; another place is named by --run-dir',
    }),
  )
}

/**
 * The entries of a run in order. A torn last line (the controller died while writing) is left out; anything else that
 * is no entry is refused with its place.
 * @throws HandoverError JOURNAL_CORRUPT.
 */
export function readJournal(root: string, run: string): Entry[] {
  const file = journalFile(root, run)
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n')
  const torn = text.endsWith('\n') ? '' : lines.at(-1)
  lines.pop()
  const entries: Entry[] = []
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line)
    if (!entry || entry.seq !== index || entry.run !== run) {
      throw new HandoverError(
        fault('JOURNAL_CORRUPT', `line ${index + 1} is not entry ${index} of run ${run}`, {
          place: { file, line: index + 1 },
          hint: 'the hosts keep their own records; `handover status` reads them',
        }),
      )
    }
    entries.push(entry)
  }
  const last = torn ? parseEntry(torn) : undefined
  if (last && last.seq === entries.length && last.run === run) entries.push(last)
  return entries
}

function parseEntry(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null) return undefined
    const entry = value as Entry
    return entry.v === 1 && Number.isInteger(entry.seq) && typeof entry.type === 'string' ? entry : undefined
  } catch {
    return undefined
  }
}
