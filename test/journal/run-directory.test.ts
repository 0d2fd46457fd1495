import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import {
  createRunDirectory,
  findRun,
  journalFile,
  listRuns,
  newRunId,
  readJournal,
} from '../../src/journal/run-directory.ts'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'handover-runs-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('a run id', () => {
  it('says when, in UTC, and sorts by it', () => {
    const ids = ['2026-11-20T09:15:01.999Z', '2026-11-20T09:15:02.000Z', '2027-01-01T00:00:00.000Z']
    const made = ids.map(at => newRunId(new Date(at)))
    expect(made[0]).toMatch(/^20261120-091501-999-[0-9a-f]{6}$/)
    expect([...made].sort()).toEqual(made)
  })

  it('is not given twice in the same second', () => {
    const now = new Date()
    expect(new Set(Array.from({ length: 50 }, () => newRunId(now))).size).toBe(50)
  })
})

describe('the directory of a run', () => {
  it('is made with its plan, for its owner alone, parents and all', async () => {
    const deep = join(root, 'not', 'there', 'runs')
    const dir = await createRunDirectory(deep, 'r1', { name: 'nginx' })
    expect(dir).toBe(join(deep, 'r1'))
    expect(JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8'))).toEqual({ name: 'nginx' })
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(join(dir, 'plan.json')).mode & 0o777).toBe(0o600)
  })

  it('is never one that is there already', async () => {
    await createRunDirectory(root, 'r1', { name: 'first' })
    await expect(createRunDirectory(root, 'r1', { name: 'second' })).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED' }],
    })
    expect(readFileSync(join(root, 'r1', 'plan.json'), 'utf8')).toContain('first')
  })

  it('that cannot be made is a fault that names it and the way out', async () => {
    const plain = join(root, 'plain')
    writeFileSync(plain, 'a file')
    await expect(createRunDirectory(plain, 'r1', {})).rejects.toMatchObject({
      faults: [
        {
          code: 'JOURNAL_FAILED',
          place: { file: join(plain, 'r1') },
          hint: expect.stringContaining('--run-dir'),
        },
      ],
    })
  })
})

describe('a run is found', () => {
  beforeEach(() => {
    for (const run of [
      '20261120-091501-bbbbbb',
      '20261120-091501-aaaaaa',
      '20261121-000000-cccccc',
      '20261121',
    ]) {
      mkdirSync(join(root, run))
      writeFileSync(journalFile(root, run), '')
    }
    // A directory without a journal never became a run.
    mkdirSync(join(root, '20269999-000000-dddddd'))
    writeFileSync(join(root, 'notes.txt'), '')
  })

  it('among those that have a journal, oldest first', () => {
    expect(listRuns(root)).toEqual([
      '20261120-091501-aaaaaa',
      '20261120-091501-bbbbbb',
      '20261121',
      '20261121-000000-cccccc',
    ])
    expect(listRuns(join(root, 'nowhere'))).toEqual([])
  })

  it.each([
    ['last', '20261121-000000-cccccc'],
    ['20261120-091501-a', '20261120-091501-aaaaaa'],
    ['20261120-091501-bbbbbb', '20261120-091501-bbbbbb'],
    ['20261121', '20261121'],
    ['20261121-', '20261121-000000-cccccc'],
  ])('%s is %s', (wanted, run) => {
    expect(findRun(root, wanted)).toBe(run)
  })

  it.each([
    ['20261120', '"20261120" is the start of 2 runs'],
    ['2027', 'there is no run "2027"'],
    ['091501', 'there is no run "091501"'],
    ['../20261121', 'there is no run "../20261121"'],
  ])('%s: %s', (wanted, why) => {
    expect(() => findRun(root, wanted)).toThrow(`RUN_NOT_FOUND: ${why} in ${root}`)
  })

  it('never where there are none', () => {
    expect(() => findRun(join(root, 'nowhere'), 'last')).toThrow('there are no runs')
  })
})

describe('reading a journal', () => {
  const run = 'r1'
  const line = (seq: number, more: object = {}) =>
    JSON.stringify({
      v: 1,
      seq,
      at: '2026-11-20T09:15:01.250Z',
      run,
      type: 'host.healthy',
      host: `h${seq}`,
      ...more,
    })
  const file = () => journalFile(root, run)
  const write = (text: string) => {
    mkdirSync(join(root, run), { recursive: true })
    writeFileSync(file(), text)
  }
  const seqs = (entries: readonly Entry[]) => entries.map(({ seq }) => seq)

  it('gives the entries in order', () => {
    write(`${line(0)}\n${line(1)}\n${line(2)}\n`)
    expect(seqs(readJournal(root, run))).toEqual([0, 1, 2])
  })

  it('of a run that wrote nothing gives none', () => {
    write('')
    expect(readJournal(root, run)).toEqual([])
  })

  it('leaves out a last line that was cut off, wherever the cut is', () => {
    const last = line(2)
    for (let kept = 1; kept < last.length; kept++) {
      write(`${line(0)}\n${line(1)}\n${last.slice(0, kept)}`)
      expect(seqs(readJournal(root, run))).toEqual([0, 1])
    }
  })

  it('takes a last line that lacks nothing but its end', () => {
    write(`${line(0)}\n${line(1)}`)
    expect(seqs(readJournal(root, run))).toEqual([0, 1])
  })

  it.each([
    ['of another run', line(1, { run: 'r2' })],
    ['out of order', line(7)],
    ['zeros after a power loss', '\u0000'.repeat(200)],
  ])('leaves out an unfinished last line %s', (_, torn) => {
    write(`${line(0)}\n${torn}`)
    expect(seqs(readJournal(root, run))).toEqual([0])
  })

  it.each([
    ['that is no JSON', 'what?'],
    ['that was cut off', line(1).slice(0, 20)],
    ['that is empty', ''],
    ['that is no entry', '[1]'],
    ['that is null', 'null'],
    ['without a type', line(1, { type: undefined })],
    ['with the number of another', line(2)],
    ['that repeats the one before', line(0)],
    ['of another run', line(1, { run: 'r2' })],
  ])('refuses a line in the middle %s, with its place', (_, bad) => {
    write(`${line(0)}\n${bad}\n${line(2)}\n`)
    expect(() => readJournal(root, run)).toThrow(
      expect.objectContaining({
        faults: [expect.objectContaining({ code: 'JOURNAL_CORRUPT', place: { file: file(), line: 2 } })],
      }),
    )
  })

  it.each([
    ['run.started', { name: 'x' }],
    ['run.started', { name: 'x', stages: [{ name: 'y' }] }],
    ['run.started', { name: 'x', stages: [], play: { number: 1, of: 2 } }],
    ['run.resumed', { notes: [] }],
    ['host.refused', { host: 'a' }],
    ['host.refused', { host: 'a', faults: [null] }],
    ['host.in_doubt', { host: 'a' }],
    ['host.inspected', { host: 'a', current: false }],
    ['host.healthy', {}],
    ['run.finished', { exit: 0, outcome: 'committed' }],
    ['run.finished', { exit: 0, outcome: 'committed', hosts: { a: null } }],
  ])('refuses %s that lacks what its readers need: %j', (type, more) => {
    write(`${line(0)}\n${JSON.stringify({ v: 1, seq: 1, at: '', run, type, ...more })}\n`)
    expect(() => readJournal(root, run)).toThrow('JOURNAL_CORRUPT: line 2')
  })

  it('refuses a journal that is no file, as what cannot be read', () => {
    rmSync(file(), { force: true })
    mkdirSync(file(), { recursive: true })
    expect(() => readJournal(root, run)).toThrow('FILE_UNREADABLE: cannot read the journal: EISDIR')
  })

  it('refuses a bad last line that was finished: nobody tore that one', () => {
    write(`${line(0)}\nwhat?\n`)
    expect(() => readJournal(root, run)).toThrow('JOURNAL_CORRUPT: line 2')
  })
})
