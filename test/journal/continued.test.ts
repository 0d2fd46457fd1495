/** A journal that another controller goes on with: what a crash has torn is gone for good, and the numbers go on. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fault, HandoverError } from '../../src/core/fault.ts'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { continueJournal, createJournal } from '../../src/journal/journal.ts'
import { scanJournal } from '../../src/journal/reading.ts'

let dir = ''
let file = ''
const run = 'run-1'
const healthy = (host: string): EntryBody => ({ type: 'host.healthy', host })

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'handover-journal-'))
  file = join(dir, 'journal.jsonl')
  const journal = await createJournal(file, run)
  await Promise.all([journal.append(healthy('a')), journal.append(healthy('b'))])
  await journal.close()
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const read = (): Entry[] => scanJournal(file, readFileSync(file), run).entries

async function goOn(): Promise<void> {
  const journal = await continueJournal(file, run, read())
  await journal.append(healthy('c'))
  await journal.close()
}

describe('goes on', () => {
  const whole = () => readFileSync(file, 'utf8')
  const tails: readonly [string, (third: string) => string | Buffer][] = [
    ['nothing', () => ''],
    ['half a line', third => third.slice(0, 40)],
    ['one character of it', () => '{'],
    ['zeros', () => Buffer.alloc(4096)],
    ['zeros and the end of a line', () => `${'\0'.repeat(500)}\n`],
    [
      'half a line of more than one byte a letter',
      third => Buffer.from(third.replace('host', 'h\u00f6st')).subarray(0, 90),
    ],
  ]
  it.each(tails)('after %s', async (_, tail) => {
    const before = whole()
    appendFileSync(file, tail(before.split('\n')[1] ?? ''))
    await goOn()
    expect(whole().startsWith(before)).toBe(true)
    expect(whole().slice(before.length).split('\n')).toHaveLength(2)
    expect(read().map(entry => [entry.seq, 'host' in entry && entry.host])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
  })

  it('after a line that lacks nothing but its end', async () => {
    writeFileSync(file, whole().trimEnd())
    await goOn()
    expect(read().map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(whole().split('\n')).toHaveLength(4)
  })

  it('and again, as often as it takes', async () => {
    for (let times = 0; times < 3; times++) {
      appendFileSync(file, '{"v":1,"seq"')
      await goOn()
    }
    expect(read().map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('does not go on', () => {
  it('when it is not what was read before: somebody still writes', async () => {
    const before = read()
    await goOn()
    await expect(continueJournal(file, run, before)).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED' }],
    })
  })

  it('when it is not there', async () => {
    await expect(continueJournal(join(dir, 'none'), run, [])).rejects.toMatchObject({
      faults: [{ code: 'JOURNAL_FAILED' }],
    })
  })

  it('past zeros in the middle: that is damage, not a crash', () => {
    const [first = '', second = ''] = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, `${first}\n${'\0'.repeat(100)}\n${second}\n`)
    expect(read).toThrow('JOURNAL_CORRUPT: line 2')
  })

  it('from entries of another version: it says which, and what to do', () => {
    appendFileSync(file, `${JSON.stringify({ v: 7, seq: 2, at: '', run, type: 'host.became' })}\n`)
    try {
      read()
      expect.fail('was read')
    } catch (error) {
      const [found] = (error as HandoverError).faults
      expect(found).toMatchObject({ code: 'JOURNAL_VERSION', place: { file, line: 3 } })
      expect(found?.message).toContain('version 7')
      expect(found?.hint).toContain('--from-hosts')
    }
  })
})

it('writes nothing, and never again, once somebody else leads the run', async () => {
  let isTaken = false
  const taken = new HandoverError(fault('RUN_TAKEN_OVER', 'it was taken over'))
  const journal = await continueJournal(file, run, read(), { refusal: () => (isTaken ? taken : undefined) })
  await journal.append(healthy('c'))
  const before = readFileSync(file, 'utf8')
  isTaken = true
  await expect(journal.append(healthy('d'))).rejects.toBe(taken)
  isTaken = false
  await expect(journal.append(healthy('e'))).rejects.toBe(taken)
  await journal.close()
  expect(readFileSync(file, 'utf8')).toBe(before)
})
