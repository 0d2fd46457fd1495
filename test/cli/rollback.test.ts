/** `handover rollback` before it contacts anybody: which runs can be undone, and what is said of the others. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EntryBody, HostFacts, RunOutcome } from '../../src/journal/entry.ts'
import { createJournal } from '../../src/journal/journal.ts'
import { processIdentity } from '../../src/journal/process-identity.ts'
import { createRunDirectory, journalFile } from '../../src/journal/run-directory.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
let runs = 0

beforeAll(() => {
  desk = openDesk()
  desk.write(
    'up.yml',
    `name: try
hosts: web
artifact: { src: artifacts/nginx-1.26.3 }
handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
`,
  )
  desk.write('hosts.ini', '[web]\na ansible_port=1\nb ansible_port=2\n[web:vars]\nansible_host=127.0.0.1\n')
})
afterAll(() => desk.clear())

interface Past {
  readonly outcome?: RunOutcome
  readonly committed?: readonly string[]
  readonly isAlive?: boolean
}

const facts = (version: string, digit: string): HostFacts => ({
  version,
  sha256: digit.repeat(64),
  runsPath: true,
  pid: 7,
  workers: 2,
  masters: 1,
  draining: 0,
})

/** A run as its controller has left it. */
async function pastRun({ outcome, committed = [], isAlive = false }: Past): Promise<string> {
  const root = join(desk.dir, '.handover/runs')
  const run = `2026112${runs++}-100000-000-abcdef`
  const { out } = desk.handover('plan', 'up.yml', '-i', 'hosts.ini', '--output', 'json')
  const plan = JSON.parse(out)
  await createRunDirectory(root, run, { ...plan, machine: 'x86_64' })
  const journal = await createJournal(journalFile(root, run), run)
  const { artifact, stages, name, fingerprint } = plan
  const { pid } = process
  const identity = isAlive ? (processIdentity(pid) ?? '') : 'gone'
  const who = { tool: '0.1.0', who: 'me', from: 'here', pid, identity }
  const bodies: EntryBody[] = [
    { type: 'run.started', name, playbook: 'up.yml', fingerprint, ...who, artifact, stages },
    ...committed.flatMap((host): EntryBody[] => [
      { type: 'host.inspected', host, current: false, found: facts('1.22.1', 'a') },
      { type: 'host.committed', host, found: facts('1.26.3', 'b'), oldLeft: 0, cut: 0 },
    ]),
    ...(outcome
      ? [{ type: 'run.finished' as const, exit: 0 as const, outcome, summary: '', hosts: {} }]
      : []),
  ]
  for (const body of bodies) await journal.append(body)
  await journal.close()
  return run
}

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
  ['still going on', { isAlive: true, committed: ['a'] }, 7, 'RUN_ACTIVE'],
  ['cut off', { committed: ['a'] }, 3, 'RUN_UNSETTLED'],
  ['in doubt', { outcome: 'in-doubt', committed: ['a'] }, 3, 'RUN_UNSETTLED'],
] as const)('a run that is %s is refused by name', async (_, past, exit, code) => {
  const run = await pastRun(past)
  const said = desk.handover('rollback', run.slice(0, 12), '--output', 'json')
  expect(said.exit).toBe(exit)
  expect(JSON.parse(said.out)).toMatchObject({ type: 'run.refused', exit, faults: [{ code }] })
  expect(desk.handover('rollback', run).err).toMatch(new RegExp(`^error ${code}: run ${run} .*\n  hint: `))
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
  expect(desk.handover('runs').out).toMatch(new RegExp(`${own} .*rollback of try \\(undoes ${run}\\)`))
  const rows = desk.handover('runs', '--output', 'json').out.trim().split('\n')
  expect(rows.map(row => JSON.parse(row)).find(({ id }) => id === own)).toMatchObject({ undoes: run })
  // It has committed nothing.
  expect(desk.handover('rollback', own).out).toContain('nothing to undo')
  expect(desk.handover('status', '-T', '1').exit).toBe(3)
})

test('a run without its plan cannot be undone', async () => {
  const run = await pastRun({ outcome: 'committed', committed: ['a'] })
  writeFileSync(join(desk.dir, '.handover/runs', run, 'plan.json'), '{')
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
