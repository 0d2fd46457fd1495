/** `handover resume` before it contacts anybody: which runs can be gone on with, and what is said of the others. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/plan/fingerprint.ts'
import { makePastRun, type Past, writeTry } from './past.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
const pastRun = (past: Past) => makePastRun(desk, past)
const fileOf = (run: string, name: string) => join(desk.dir, '.handover/runs', run, name)

beforeAll(() => {
  desk = openDesk()
  writeTry(desk)
})
afterAll(() => desk.clear())

test('wrong usage', async () => {
  const run = await pastRun({})
  expect(desk.handover('resume')).toMatchObject({ exit: 5, out: '' })
  expect(desk.handover('resume', 'nothing')).toMatchObject({ exit: 5, out: '' })
  for (const more of [
    ['-i', 'hosts.ini'],
    ['--limit', 'a'],
    ['-e', 'x=1'],
  ]) {
    const { exit, err } = desk.handover('resume', run, ...more)
    expect([exit, err]).toEqual([5, expect.stringContaining(`${more[0]} mean nothing`)])
  }
  expect(desk.handover('resume', '--from-hosts', 'up.yml')).toMatchObject({ exit: 5 })
  expect(desk.handover('resume', '--from-hosts', 'none.yml', '-i', 'hosts.ini')).toMatchObject({ exit: 4 })
  expect(desk.handover('resume', '--help').exit).toBe(0)
})

test.each([
  ['committed', 0],
  ['rolled-back', 2],
] as const)('a run that ended %s: nothing to resume, and its own exit code %i', async (outcome, exit) => {
  const run = await pastRun({ outcome, exit })
  expect(desk.handover('resume', run)).toEqual({
    exit,
    out: `run ${run}: nothing to resume: it ended ${outcome}\n`,
    err: '',
  })
  const { out } = desk.handover('resume', run, '--output', 'json')
  expect(JSON.parse(out)).toMatchObject({ v: 1, type: 'resume.unneeded', run, outcome, exit })
})

test.each([
  ['alive', 'is led by process'],
  ['unknown', 'may still be led by process'],
] as const)('a run whose controller is %s: 7, and what --takeover would mean', async (leader, words) => {
  const run = await pastRun({ leader })
  const { exit, err } = desk.handover('resume', run)
  expect(exit).toBe(7)
  expect(err).toContain(`error RUN_ACTIVE: run ${run} ${words}`)
  expect(err).toContain('the hosts refuse the other one')
})

test('a controller file that cannot be read leaves open whether somebody leads', async () => {
  const run = await pastRun({})
  writeFileSync(fileOf(run, 'controller-1'), '{')
  expect(desk.handover('resume', run)).toMatchObject({ exit: 7 })
})

test('cut off before anything was changed: it begins anew with the frozen plan, and says what is not as it was', async () => {
  const run = await pastRun({})
  desk.write('up.yml', `${readFileSync(join(desk.dir, 'up.yml'), 'utf8')}# edited\n`)
  writeFileSync(join(desk.dir, 'artifacts/nginx-1.26.3'), 'another')
  // Torn by the crash.
  writeFileSync(fileOf(run, 'journal.jsonl'), '{"v":1,"se', { flag: 'a' })
  const { exit, out } = desk.handover('resume', run, '--takeover', '-y', '--output', 'json')
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(exit).toBe(6)
  expect(lines[0]).toMatchObject({ type: 'run.resumed', seq: 1, epoch: 2 })
  expect(lines[0].notes).toEqual([
    expect.stringContaining('artifacts/nginx-1.26.3 is another file'),
    expect.stringContaining('up.yml was edited'),
  ])
  expect(lines.at(-1)).toMatchObject({ type: 'run.finished', exit: 6, outcome: 'refused' })
  const shown = desk.handover('show', run).out
  expect(shown).toContain('controller 2 led it: process ')
  expect(shown).not.toContain('handover rollback')
  const again = desk.handover('resume', run)
  expect([again.exit, again.out]).toEqual([6, expect.stringContaining('nothing to resume')])
  writeTry(desk)
  copyFileSync('/bin/true', join(desk.dir, 'artifacts/nginx-1.26.3'))
})

test('a plan that is not the one the run was begun with: nobody leads the run by it', async () => {
  const run = await pastRun({})
  const own = readFileSync(fileOf(run, 'plan.json'), 'utf8')
  const renamed = { ...JSON.parse(own), name: 'another' }
  const { machine: _, ...bare } = renamed
  const refounded = { ...renamed, fingerprint: fingerprintOf(bare) }
  const plans = ['null', '[]', '{}', own.slice(0, 40), JSON.stringify({ ...JSON.parse(own), hosts: [null] })]
  for (const text of [...plans, JSON.stringify(renamed), JSON.stringify(refounded)]) {
    writeFileSync(fileOf(run, 'plan.json'), text)
    for (const words of [
      ['resume', '-y'],
      ['rollback', '-y'],
      ['rollback', '--check'],
    ]) {
      const { exit, err } = desk.handover(...words, run, '--takeover')
      expect([exit, err]).toEqual([4, expect.stringContaining('error PLAN_CHANGED')])
      expect(err).toContain('handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER')
      expect(err).not.toMatch(/\.[jt]s:\d/)
    }
    expect(existsSync(fileOf(run, 'controller-2'))).toBe(false)
  }
})

test('a run whose journal holds nothing: 130, and what that can mean', async () => {
  const run = await pastRun({ entries: 'none' })
  const { exit, out, err } = desk.handover('resume', run)
  expect([exit, err]).toEqual([130, ''])
  expect(out).toContain('its journal holds nothing: nothing was contacted, unless the file was lost or cut')
  expect(out).toContain('handover resume --from-hosts')
})

test('a journal of another version, or a damaged one, is refused with its place and the way', async () => {
  const run = await pastRun({})
  const text = readFileSync(fileOf(run, 'journal.jsonl'), 'utf8')
  writeFileSync(fileOf(run, 'journal.jsonl'), text.replace('"v":1', '"v":2'))
  const newer = desk.handover('resume', run)
  expect([newer.exit, newer.err]).toEqual([
    1,
    expect.stringContaining('error JOURNAL_VERSION: the journal is of version 2'),
  ])
  writeFileSync(fileOf(run, 'journal.jsonl'), `what?\n${text}`)
  const damaged = desk.handover('resume', run)
  expect([damaged.exit, damaged.err]).toEqual([1, expect.stringContaining('journal.jsonl:1')])
  expect(damaged.err).toContain('--from-hosts')
})

test('a journal that is no file hides no other run, and is named where it is meant', async () => {
  const run = await pastRun({})
  rmSync(fileOf(run, 'journal.jsonl'))
  mkdirSync(fileOf(run, 'journal.jsonl'))
  const other = await pastRun({})
  const { exit, out, err } = desk.handover('runs')
  expect([exit, err]).toEqual([0, ''])
  expect(out).toMatch(new RegExp(`${run} .*unreadable`))
  expect(out).toContain(other)
  for (const command of ['show', 'resume', 'rollback', 'abort']) {
    const said = desk.handover(command, run)
    expect([command, said.exit, said.err]).toEqual([command, 4, expect.stringContaining('FILE_UNREADABLE')])
  }
  rmSync(fileOf(run, ''), { recursive: true })
})

test('--from-hosts looks at every host: --limit is refused', () => {
  const { exit, err } = desk.handover('resume', '--from-hosts', 'up.yml', '-i', 'hosts.ini', '--limit', 'a')
  expect([exit, err]).toEqual([5, expect.stringContaining('--limit cannot be given with --from-hosts')])
})

test('--from-hosts where nobody answers: there is nothing to go on from', () => {
  const { exit, out } = desk.handover('resume', '--from-hosts', 'up.yml', '-i', 'hosts.ini', '-T', '1')
  expect([exit, out]).toEqual([6, ''])
})

test('runs and show say what to do next with a run that was cut off', async () => {
  const run = await pastRun({})
  const decided = await pastRun({ isDecided: true, committed: ['a'] })
  const shown = desk.handover('show', run).out
  expect(shown).toContain(`next: \`handover resume ${run}\` goes on with it`)
  expect(shown).toContain(`or: \`handover rollback ${run}\` takes every host back`)
  expect(desk.handover('show', decided).out).toContain(`next: \`handover resume ${decided}\``)
  expect(desk.handover('show', decided).out).not.toContain('handover rollback')
  expect(desk.handover('runs').out).toContain(`next, for ${decided}: `)
  // Typed as it stands it finds the run again.
  const dir = join(desk.dir, '.handover/runs')
  expect(desk.handover('show', run, '--run-dir', dir).out).toContain(
    `next: \`handover resume ${run} --run-dir ${dir}\` goes on with it`,
  )
  const unseen = await pastRun({ leader: 'unknown' })
  const told = desk.handover('show', unseen).out
  expect(told).toContain('its controller cannot be seen from here')
  expect(told).toContain(`next: \`handover resume ${unseen} --takeover\` goes on with it, when`)
  expect(told).not.toContain('cut off:')
  const rows = desk.handover('runs', '--output', 'json').out.trim().split('\n')
  expect(rows.map(line => JSON.parse(line)).find(({ id }) => id === unseen)).toMatchObject({
    outcome: 'unseen',
  })
  const row = rows.map(line => JSON.parse(line)).find(({ id }) => id === run)
  expect(row).toMatchObject({ outcome: 'cut-off', epoch: 1, next: expect.stringContaining('resume') })
})
