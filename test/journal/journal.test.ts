import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { createJournal, type Journal } from '../../src/journal/journal.ts'

let dir = ''
let file = ''
let journal: Journal

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'handover-journal-'))
  file = join(dir, 'journal.jsonl')
  journal = await createJournal(file, 'run-1', { now: () => new Date('2026-11-20T09:15:01.250Z') })
})
afterEach(async () => {
  await journal.close()
  rmSync(dir, { recursive: true, force: true })
})

const healthy = (host: string): EntryBody => ({ type: 'host.healthy', host })
const written = (): Entry[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

describe('an entry', () => {
  it('is one line with version, number, time and run', async () => {
    const entry = await journal.append(healthy('a'))
    expect(readFileSync(file, 'utf8')).toBe(
      '{"v":1,"seq":0,"at":"2026-11-20T09:15:01.250Z","run":"run-1","epoch":1,"type":"host.healthy","host":"a"}\n',
    )
    expect(written()).toEqual([entry])
  })

  it('stays one line whatever text is in it', async () => {
    await journal.append(healthy('a\nb\r\u2028c\u0000"'))
    await journal.append(healthy('d'))
    expect(written().map(entry => ('host' in entry ? entry.host : ''))).toEqual(['a\nb\r\u2028c\u0000"', 'd'])
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3)
  })

  it('can be written right after the one before, for as long as one likes', async () => {
    for (let number = 0; number < 50; number++) await journal.append(healthy(`h${number}`))
    expect(written()).toHaveLength(50)
  })

  it('keeps its place among many that are written at once', async () => {
    const hosts = Array.from({ length: 500 }, (_, index) => `h${index}`)
    const entries = await Promise.all(hosts.map(host => journal.append(healthy(host))))
    expect(entries.map(entry => entry.seq)).toEqual(hosts.map((_, index) => index))
    expect(written()).toEqual(entries)
  })

  it('keeps its place among those that come in while others are written', async () => {
    const later: Promise<Entry>[] = []
    journal.listen(({ seq }) => {
      if (seq < 20) later.push(journal.append(healthy(`after ${seq}`)))
    })
    await Promise.all([journal.append(healthy('a')), journal.append(healthy('b'))])
    for (let from = 0; from < later.length; from++) await later[from]
    expect(written().map(({ seq }) => seq)).toEqual(Array.from({ length: 22 }, (_, index) => index))
  })
})

describe('a listener', () => {
  it('hears every entry once, in order, when it is in the file and before its writer goes on', async () => {
    const heard: number[] = []
    const early: number[] = []
    journal.listen(entry => {
      heard.push(entry.seq)
      if (!written().some(({ seq }) => seq === entry.seq)) early.push(entry.seq)
    })
    const unheard: number[] = []
    const append = async (host: string) => {
      const { seq } = await journal.append(healthy(host))
      if (!heard.includes(seq)) unheard.push(seq)
    }
    await Promise.all(['a', 'b', 'c'].map(append))
    await append('d')
    expect(heard).toEqual([0, 1, 2, 3])
    expect(early).toEqual([])
    expect(unheard).toEqual([])
  })

  it('is one of many', async () => {
    const heard: string[] = []
    journal.listen(({ seq }) => void heard.push(`one ${seq}`))
    journal.listen(({ seq }) => void heard.push(`two ${seq}`))
    await Promise.all([journal.append(healthy('a')), journal.append(healthy('b'))])
    expect(heard).toEqual(['one 0', 'two 0', 'one 1', 'two 1'])
  })
})

describe('the file', () => {
  it('is readable by its owner alone', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('is never an older one', async () => {
    await journal.append(healthy('a'))
    const before = readFileSync(file, 'utf8')
    await expect(createJournal(file, 'run-1')).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED', place: { file } }],
    })
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('cannot be made below something that is no directory', async () => {
    const plain = join(dir, 'plain')
    writeFileSync(plain, '')
    await expect(createJournal(join(plain, 'journal.jsonl'), 'run-1')).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED' }],
    })
  })

  it('has everything that was appended when it is closed', async () => {
    const other = join(dir, 'other.jsonl')
    const closing = await createJournal(other, 'run-1')
    const appended = Promise.all([closing.append(healthy('a')), closing.append(healthy('b'))])
    await closing.close()
    await appended
    expect(readFileSync(other, 'utf8').split('\n')).toHaveLength(3)
  })
})
