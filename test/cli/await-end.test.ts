/** Waiting for the end of a run that another machine leads. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRun } from '../../src/cli/past-run.ts'
import { awaitEnd, silenceOf } from '../../src/cli/request.ts'
import { continueJournal } from '../../src/journal/journal.ts'
import { journalFile, readJournal } from '../../src/journal/run-directory.ts'
import { makePastRun, writeTry } from './past.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
let root: string

beforeAll(() => {
  desk = openDesk()
  writeTry(desk)
  root = join(desk.dir, '.handover/runs')
})
afterAll(() => desk.clear())

test('a controller that cannot be seen and writes nothing is not waited for without end', async () => {
  const run = await makePastRun(desk, { leader: 'unknown' })
  const error = await awaitEnd(openRun(root, run), 500).catch(error => error)
  expect(error).toMatchObject({ faults: [{ code: 'RUN_SILENT' }] })
  expect(error.faults[0].hint).toContain(`handover resume ${run} --takeover`)
})

test('one that writes is waited for', async () => {
  const run = await makePastRun(desk, { leader: 'unknown' })
  const journal = await continueJournal(journalFile(root, run), run, readJournal(root, run))
  const waiting = awaitEnd(openRun(root, run), 1000).catch(error => error)
  for (let times = 0; times < 4; times++) {
    await new Promise(resolve => setTimeout(resolve, 500))
    await journal.append({ type: 'run.looked_again' })
  }
  await journal.append({ type: 'run.finished', exit: 2, outcome: 'rolled-back', summary: '', hosts: {} })
  await journal.close()
  expect(await waiting).toMatchObject({ state: { finished: 'rolled-back' } })
})

test('at least 70 s, and longer than what a controller may have to wait for itself', async () => {
  const run = await makePastRun(desk, {})
  const { leaseMs, hosts } = JSON.parse(readFileSync(join(root, run, 'plan.json'), 'utf8'))
  const longest = Math.max(60_000, leaseMs, hosts[0].handover.drainTimeoutMs)
  expect(silenceOf(root, run)).toBe(longest + 10_000)
  expect(silenceOf(root, 'none')).toBe(70_000)
})
