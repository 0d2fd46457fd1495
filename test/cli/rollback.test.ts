/** `handover rollback` before it contacts anybody: which runs can be undone, and what is said of the others. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePastRun, type Past, writeTry } from './past.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk

beforeAll(() => {
  desk = openDesk()
  writeTry(desk)
})
afterAll(() => desk.clear())

const pastRun = (past: Past) => makePastRun(desk, past)

test('without a run, or without that one, it is wrong usage', () => {
  expect(desk.handover('rollback')).toMatchObject({ exit: 5, out: '' })
  expect(desk.handover('rollback', 'nothing')).toMatchObject({ exit: 5, out: '' })
  expect(desk.handover('rollback', 'last', '-i', 'hosts.ini').err).toContain("unknown option '-i'")
  expect(desk.handover('rollback', '--help').exit).toBe(0)
})

test.each(['rolled-back', 'refused', 'nothing-to-do', 'interrupted', 'committed-with-failures'] as const)(
  'a run that ended %s and has committed no host: nothing to undo, exit 0',
  async outcome => {
    const run = await pastRun({ outcome })
    expect(desk.handover('rollback', run)).toEqual({
      exit: 0,
      out: `nothing to undo: run ${run} has committed no host (it ended ${outcome})\n`,
      err: '',
    })
    const { exit, out } = desk.handover('rollback', run, '--output', 'json')
    expect(JSON.parse(out)).toMatchObject({ v: 1, type: 'rollback.unneeded', run, outcome, exit })
  },
)

test.each([
  ['cut off when it was decided', { committed: ['a'], isDecided: true }],
  ['in doubt and decided', { outcome: 'in-doubt', committed: ['a'], isDecided: true }],
  ['decided, and led on another machine', { isDecided: true, leader: 'unknown' }],
] as const)('a run that is %s goes forward first: refused with the way, exit 3', async (_, past) => {
  const run = await pastRun(past)
  const said = desk.handover('rollback', run.slice(0, 12), '--output', 'json')
  expect(said.exit).toBe(3)
  expect(JSON.parse(said.out)).toMatchObject({ exit: 3, faults: [{ code: 'RUN_UNSETTLED' }] })
  expect(desk.handover('rollback', run).err).toMatch(
    new RegExp(`^error RUN_UNSETTLED: run ${run} .*\n  hint: \`handover resume ${run}( --takeover)?\``),
  )
})

test('a run that may be led on another machine is not taken from there unasked: 7', async () => {
  const run = await pastRun({ leader: 'unknown' })
  const { exit, err } = desk.handover('rollback', run)
  expect([exit, err]).toEqual([7, expect.stringContaining('RUN_ACTIVE')])
  expect(err).toContain('may still be led by')
  expect(err).toContain('--takeover')
  expect(existsSync(join(desk.dir, '.handover/runs', run, 'controller-2'))).toBe(false)
})

test('a run that was cut off before anything was begun: taken over, nothing to take back, exit 0', async () => {
  const run = await pastRun({})
  expect(desk.handover('rollback', run, '--check').out).toContain('this process would lead the run')
  expect(desk.handover('rollback', run, '--limit', 'a')).toMatchObject({ exit: 5, out: '' })
  const { exit, out } = desk.handover('rollback', run, '--output', 'json')
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const types: string[] = lines.map(({ type }) => type)
  // They are asked all the same, because the journal may have lost its end; these do not answer.
  expect([exit, types.filter(type => type.startsWith('host.')).toSorted()]).toEqual([
    0,
    ['host.left_out', 'host.left_out', 'host.revert.begun', 'host.revert.begun'],
  ])
  const ends = ['run.rolling_back', 'run.finished', 'rollback.finished']
  expect(types.filter(type => !type.startsWith('host.'))).toEqual(['run.resumed', 'run.interrupted', ...ends])
  expect(lines[0]).toMatchObject({ epoch: 2, seq: 1 })
  expect(lines[1]).toMatchObject({ signal: 'abort', by: expect.stringContaining('@') })
  expect(desk.handover('rollback', run).out).toContain('nothing to undo')
})

test('a run whose journal holds nothing: 130, because it may have been lost', async () => {
  const run = await pastRun({ entries: 'none' })
  writeFileSync(join(desk.dir, '.handover/runs', run, 'controller-1'), '{}')
  for (const more of [[], ['--check'], ['--limit', 'a']]) {
    const { exit, out, err } = desk.handover('rollback', run, ...more)
    expect([exit, err]).toEqual([130, ''])
    expect(out).toContain('its journal holds nothing: nothing was contacted, unless the file was lost or cut')
  }
  const { exit, out } = desk.handover('rollback', run, '--output', 'json')
  expect([exit, JSON.parse(out)]).toEqual([130, expect.objectContaining({ type: 'rollback.unneeded', exit })])
})

test('`last` is a refused attempt: the run before it, which was cut off, is named', async () => {
  const cut = await pastRun({})
  const refused = await pastRun({ outcome: 'refused' })
  const { exit, out, err } = desk.handover('rollback', 'last')
  expect([exit, out]).toEqual([0, expect.stringContaining(refused)])
  expect(err).toContain(`run ${cut} has not come to its end: \`handover resume ${cut}\``)
  expect(desk.handover('resume', 'last').err).toContain(`\`handover rollback ${cut}\``)
  expect(desk.handover('runs').out).toContain(`next, for ${cut}: `)
})

test('--limit knows the hosts by name and glob, and leaves none only with a reason', async () => {
  const run = await pastRun({ outcome: 'committed', committed: ['a'] })
  const limited = (limit: string) => desk.handover('rollback', run, '-C', '--limit', limit)
  expect(limited('nobody')).toMatchObject({ exit: 4, out: '' })
  expect(limited('b')).toMatchObject({ exit: 4, out: '' })
  expect(limited('b').err).toContain('PLAN_NO_HOSTS')
  // Nobody answers there, so these have been taken.
  for (const limit of ['a', '*', 'all:!b']) {
    const { exit, out } = limited(limit)
    expect([exit, out.match(/SSH_UNREACHABLE: \w+/g)]).toEqual([6, ['SSH_UNREACHABLE: a']])
  }
})

test('hosts that are not reached: exit 6, and a run of its own that says what it was to undo', async () => {
  const run = await pastRun({ outcome: 'committed', committed: ['a', 'b'] })
  const { exit, out } = desk.handover('rollback', run, '--output', 'json')
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(exit).toBe(6)
  expect(lines[0]).toMatchObject({ type: 'run.started', undoes: run, artifact: null, playbook: 'up.yml' })
  expect(lines.at(-1)).toMatchObject({ type: 'run.finished', exit: 6, outcome: 'refused' })
  const own = lines[0].run
  expect(desk.handover('show', own).out).toContain(`undoes run ${run}`)
  expect(desk.handover('show', run).out).toContain(`rollback of it: run ${own}, refused`)
  expect(desk.handover('runs').out).toMatch(new RegExp(`${own} .*rollback of try \\(undoes ${run}\\)`))
  const rows = desk.handover('runs', '--output', 'json').out.trim().split('\n')
  expect(rows.map(row => JSON.parse(row)).find(({ id }) => id === own)).toMatchObject({ undoes: run })
  // It has committed nothing.
  expect(desk.handover('rollback', own).out).toContain('nothing to undo')
  expect(desk.handover('status', '-T', '1').exit).toBe(3)
})

test('a run without its plan, or with another one, cannot be undone', async () => {
  const run = await pastRun({ outcome: 'committed', committed: ['a'] })
  const file = join(desk.dir, '.handover/runs', run, 'plan.json')
  const text = readFileSync(file, 'utf8')
  for (const other of ['{', text.replace('"address": "127.0.0.1"', '"address": "::1"')]) {
    writeFileSync(file, other)
    const { exit, out, err } = desk.handover('rollback', run)
    expect([exit, out, err]).toEqual([4, '', expect.stringContaining('error PLAN_CHANGED')])
  }
  rmSync(file)
  expect(desk.handover('rollback', run)).toMatchObject({ exit: 5, out: '' })
})

test.each([['status'], ['lock', 'show'], ['lock', 'break', '--force']])(
  '%s %s of the last run: only the hosts that are meant, or none',
  async (...command) => {
    await pastRun({ outcome: 'committed', committed: ['a', 'b'] })
    const list = desk.handover(...command, '--list-hosts', '--limit', 'b')
    expect(list).toMatchObject({ exit: 0, out: '  hosts (1):\n    b\n' })
    const one = desk.handover(...command, '--limit', 'b', '-T', '1', '--output', 'json')
    expect(one.out).toContain('"host":"b"')
    expect(one.out).not.toContain('"host":"a"')
    expect(desk.handover(...command, '--limit', 'nobody').exit).toBe(4)
    const elsewhere = desk.handover(...command, '-i', 'hosts.ini')
    expect([elsewhere.exit, elsewhere.err]).toEqual([5, expect.stringContaining('-i mean nothing')])
  },
)
