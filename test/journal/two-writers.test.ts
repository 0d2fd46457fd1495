/** An older controller that stood still comes back to the journal that a newer one writes. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fault, HandoverError } from '../../src/core/fault.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import { continueJournal, createJournal, type Journal } from '../../src/journal/journal.ts'
import { scanJournal } from '../../src/journal/reading.ts'

const run = 'run-1'
const healthy = (host: string): EntryBody => ({ type: 'host.healthy', host })
const trace = { tool: '0', who: 'me', from: 'here', pid: 1, identity: '' }
const resumed = (epoch: number): EntryBody => ({ type: 'run.resumed', ...trace, epoch, notes: [] })
const taken = new HandoverError(fault('RUN_TAKEN_OVER', 'it was taken over'))

let dir = ''
let file = ''
let older: Journal
let isTaken = false
const take = () => {
  isTaken = true
}

const scan = () => scanJournal(file, readFileSync(file), run)
const told = () =>
  scan().entries.map(entry => [entry.seq, 'host' in entry ? entry.host : entry.type, entry.epoch])
const newer = () => continueJournal(file, run, scan().entries)

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'handover-journal-'))
  file = join(dir, 'journal.jsonl')
  isTaken = false
  older = await createJournal(file, run, { refusal: () => (isTaken ? taken : undefined) })
  await older.append(healthy('a'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await older.close()
  rmSync(dir, { recursive: true, force: true })
})

it('what lands behind the opening of the newer one is no part of the run, however often', async () => {
  const second = await newer()
  await second.append(resumed(2))
  // Its look at who leads was before the claim.
  await Promise.all([older.append(healthy('late')), older.append(healthy('later'))])
  await second.append(healthy('b'))
  await older.append(healthy('last'))
  await second.close()
  const known = [
    [0, 'a', 1],
    [1, 'run.resumed', 2],
    [2, 'b', 2],
  ]
  expect(told()).toEqual(known)
  const third = await newer()
  await third.append(resumed(3))
  await third.append(healthy('c'))
  await third.close()
  expect(told()).toEqual([...known, [3, 'run.resumed', 3], [4, 'c', 3]])
})

it('what lands between the reading of the newer one and its opening is dropped, as it was not read', async () => {
  const second = await newer()
  await older.append(healthy('late'))
  await second.append(resumed(2))
  await second.append(healthy('b'))
  await second.close()
  expect(told()).toEqual([
    [0, 'a', 1],
    [1, 'run.resumed', 2],
    [2, 'b', 2],
  ])
})

it('whoever was taken over while it wrote hears of it: nothing follows from that entry', async () => {
  const heard = vi.fn()
  older.listen(heard)
  const prototype = await prototypeOfHandles()
  vi.spyOn(prototype, 'datasync').mockImplementationOnce(async () => take())
  await expect(older.append(healthy('late'))).rejects.toBe(taken)
  expect(heard).not.toHaveBeenCalled()
})

it('half a late line without its end is cut off by the next controller', async () => {
  const second = await newer()
  await second.append(resumed(2))
  await second.close()
  appendFileSync(file, JSON.stringify({ v: 1, seq: 1, at: '', run, epoch: 1, ...healthy('late') }))
  expect(scan().isUnended).toBe(false)
  const third = await newer()
  await third.append(resumed(3))
  await third.close()
  expect(told()).toEqual([
    [0, 'a', 1],
    [1, 'run.resumed', 2],
    [2, 'run.resumed', 3],
  ])
})

it('an entry of a run without epochs is read as before', () => {
  appendFileSync(file, `${JSON.stringify({ v: 1, seq: 1, at: '', run, ...healthy('b') })}\n`)
  expect(told()).toEqual([
    [0, 'a', 1],
    [1, 'b', undefined],
  ])
})

async function prototypeOfHandles(): Promise<FileHandle> {
  const handle = await open(file)
  await handle.close()
  return Object.getPrototypeOf(handle)
}

async function failingSync(before: () => Promise<void>): Promise<void> {
  vi.spyOn(await prototypeOfHandles(), 'datasync').mockImplementationOnce(async () => {
    await before()
    throw new Error('EIO: i/o error, fdatasync')
  })
}

it('a write that failed is taken back', async () => {
  const { size } = statSync(file)
  await failingSync(async () => {})
  await expect(older.append(healthy('b'))).rejects.toThrow('JOURNAL_FAILED')
  expect(statSync(file).size).toBe(size)
})

it.each([
  ['when another controller leads', take],
  ['when more is behind it', () => appendFileSync(file, `${'x'.repeat(500)}\n`)],
])('but not %s: that would cut off what is not its own', async (_, meanwhile) => {
  const { size } = statSync(file)
  await failingSync(async () => meanwhile())
  await expect(older.append(healthy('b'))).rejects.toThrow('JOURNAL_FAILED')
  expect(statSync(file).size).toBeGreaterThan(size)
})
