/** `handover abort`, `pause` and `approve` where nobody does what they ask. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePastRun, type Past, writeTry } from './past.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
const pastRun = (past: Past) => makePastRun(desk, past)

beforeAll(() => {
  desk = openDesk()
  writeTry(desk)
})
afterAll(() => desk.clear())

describe.each(['abort', 'pause', 'approve'])('%s', verb => {
  test('without a run, or without that one, is wrong usage', () => {
    expect(desk.handover(verb)).toMatchObject({ exit: 5, out: '' })
    expect(desk.handover(verb, 'nothing')).toMatchObject({ exit: 5, out: '' })
    expect(desk.handover(verb, '--help').exit).toBe(0)
  })

  test('of a run that was cut off: nobody is there, and what can be done instead', async () => {
    const run = await pastRun({})
    const { exit, err } = desk.handover(verb, run)
    expect([exit, err]).toEqual([6, expect.stringContaining(`error RUN_NOT_ACTIVE: run ${run} was cut off`)])
    expect(err).toContain(`\`handover resume ${run}\``)
    expect(err).toContain(`\`handover rollback ${run}\``)
    const decided = await pastRun({ isDecided: true, committed: ['a'] })
    expect(desk.handover(verb, decided).err).not.toContain('rollback')
  })

  test('of a run that has ended', async () => {
    const run = await pastRun({ outcome: 'committed', leader: 'alive' })
    const { exit, out } = desk.handover(verb, run, '--output', 'json')
    expect([exit, JSON.parse(out)]).toEqual([6, expect.objectContaining({ type: 'run.refused', exit: 6 })])
    expect(JSON.parse(out).faults).toMatchObject([{ code: 'RUN_NOT_ACTIVE' }])
  })
})

test('a pause is for some time', async () => {
  for (const time of ['0s', 'soon', '5', '-1m']) {
    expect(desk.handover('pause', 'last', `--for=${time}`)).toMatchObject({ exit: 5, out: '' })
  }
})

test('a controller that does not answer: 3 after ten seconds, and the request is taken back', async () => {
  const run = await pastRun({ leader: 'alive', isPaused: true })
  const { exit, err } = desk.handover('resume', run)
  expect([exit, err]).toEqual([3, expect.stringContaining('error RUN_SILENT')])
  expect(readdirSync(join(desk.dir, '.handover/runs', run, 'requests'))).toEqual([])
})
