/** Where runs are kept: `<dir>/<id>/journal.jsonl`, and beside it the frozen plan and what it was made from. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import type { Entry } from './entry.ts'
import { scanJournal } from './reading.ts'
import type { SourceFile } from './sources.ts'

/** Sorts by time: `20261120-091501-482-4f2a1c`, UTC to the millisecond. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:Z]/g, '').replace('T', '-').replace('.', '-')
  return `${stamp}-${randomBytes(3).toString('hex')}`
}

/**
 * Makes the directory of a new run, with its plan and the files it was made from, and fsyncs all.
 * @throws HandoverError JOURNAL_FAILED.
 */
export async function createRunDirectory(
  root: string,
  run: string,
  plan: unknown,
  sources: readonly SourceFile[] = [],
): Promise<string> {
  const dir = join(root, run)
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    await mkdir(dir, { mode: 0o700 })
    await writeDurably(join(dir, 'plan.json'), plan)
    await writeDurably(join(dir, 'sources.json'), sources)
    for (const each of [dir, root]) await syncDirectory(each)
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

async function writeDurably(path: string, value: unknown): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
  await file.sync()
  await file.close()
}

export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  await handle.sync()
  await handle.close()
}

export function runPath(root: string, run: string): string {
  return join(root, run)
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
      ? runs.length === 0
        ? 'there are no runs'
        : `there is no run "${wanted}"`
      : `"${wanted}" is the start of ${matches.length} runs`
  throw new HandoverError(
    fault('RUN_NOT_FOUND', `${why} in ${root}`, {
      hint: '`handover runs` lists them; another place is named by --run-dir; one whose directory is lost: `handover resume --from-hosts PLAYBOOK -i INVENTORY`',
    }),
  )
}

/**
 * The entries of a run in order, without what a crash has torn off at the end.
 * @throws HandoverError JOURNAL_CORRUPT, JOURNAL_VERSION, FILE_UNREADABLE.
 */
export function readJournal(root: string, run: string): Entry[] {
  const file = journalFile(root, run)
  return scanJournal(file, readWhole(file), run).entries
}

function readWhole(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new HandoverError(
      fault('FILE_UNREADABLE', `cannot read the journal: ${code}`, {
        place: { file },
        hint: 'the hosts keep their own records: `handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER` goes on from them',
      }),
    )
  }
}
