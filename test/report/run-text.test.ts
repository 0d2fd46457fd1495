import { expect, it } from 'vitest'
import type { EntryBody } from '../../src/journal/entry.ts'
import { describeRun, formatRuns, runRow } from '../../src/report/run-text.ts'
import {
  committedRun,
  hostileRun,
  idleRun,
  inDoubtRun,
  names,
  opening,
  prepared,
  rolledBackRun,
  switched,
  tellRun,
  unsafe,
} from './world.ts'

const dead = { alive: false, color: false }
const cutOff = tellRun(
  opening(names(4)),
  ...prepared(names(4)),
  { type: 'stage.started', stage: 'canary' },
  ...switched(['h01']),
  { type: 'stage.finished', stage: 'canary' },
  { type: 'stage.started', stage: 'rest' },
  { type: 'host.switch.begun', host: 'h02' },
  { type: 'host.switch.begun', host: 'h03' },
  150,
  { type: 'host.switched', host: 'h03', ms: 150 },
)

it('describes a finished run', () => {
  expect(describeRun(rolledBackRun(), dead).join('\n')).toMatchInlineSnapshot(`
    "run 20261120-021500-4f2a: nginx 1.26.3
    started 2026-11-20 02:15:00 UTC by deploy on ops1, process 4242
    playbook playbooks/nginx.yml
    artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    stages: canary (1 host) finished, rest (2 hosts) begun
    rolling back: h02 failed: health check "answers" failed: status 502

    host  outcome    before  after   note
    h01   reverted   1.22.1  1.22.1
    h02   reverted   1.22.1  1.22.1  HEALTH_FAILED: health check "answers" failed...
    h03   untouched  1.22.1  1.22.1

    error HEALTH_FAILED: h02: health check "answers" failed: status 502

    rolled back: every host is on the version it had before, in its processes and on disk (h02 failed: health check "answers" failed: status 502)
    next: correct what is named above, then run again; nothing is left to clean up"
  `)
})

it('lists what was begun and never ended as in doubt once the process is gone', () => {
  expect(describeRun(cutOff, dead).join('\n')).toMatchInlineSnapshot(`
    "run 20261120-021500-4f2a: nginx 1.26.3
    started 2026-11-20 02:15:00 UTC by deploy on ops1, process 4242
    playbook playbooks/nginx.yml
    artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb
    stages: canary (1 host) finished, rest (3 hosts) begun
    cut off: its process is gone, and nothing is recorded after the first 4.3s

    host  stage   last seen  before  after
    h01   canary  healthy    1.22.1  -
    h02   rest    switching  1.22.1  -
    h03   rest    switched   1.22.1  -
    h04   rest    prepared   1.22.1  -

    IN DOUBT: switch was begun and its end was never recorded: h02

    not decided: a host without an end here goes back by itself when its lease ends
    next: \`handover resume 20261120-021500-4f2a\` goes on with it, beginning with h01, h02, h03; \`handover status\` shows what each runs"
  `)
})

it('shows a living run as it stands', () => {
  expect(describeRun(cutOff, { alive: true, color: false }).slice(5).join('\n')).toMatchInlineSnapshot(`
    "running: last heard of 4.3s after its start, at 02:15:04 UTC

    host  stage   last seen  before  after
    h01   canary  healthy    1.22.1  -
    h02   rest    switching  1.22.1  -
    h03   rest    switched   1.22.1  -
    h04   rest    prepared   1.22.1  -

    switch under way: h02"
  `)
})

it('groups a big run by what was last seen', () => {
  const hosts = names(200)
  const entries = tellRun(opening(hosts), ...prepared(hosts), ...switched(hosts.slice(0, 20)))
  const lines = describeRun(entries, dead)
  expect(lines.length).toBeLessThan(20)
  expect(lines.join('\n')).toContain('180    prepared   h021, h022')
})

it('says that a decided run goes forward', () => {
  const index = committedRun().findIndex(entry => entry.type === 'host.committed')
  const text = describeRun(committedRun().slice(0, index + 1), dead).join('\n')
  expect(text).toContain('IN DOUBT: commit was begun and its end was never recorded: h02, h03')
  expect(text).toContain('the run was decided')
})

it('lists runs', () => {
  const rows = [
    ...[committedRun(), rolledBackRun(), inDoubtRun(), idleRun()].map(entries =>
      runRow(entries, { alive: false }),
    ),
    runRow(cutOff, { alive: true }),
    runRow(cutOff, { alive: false }),
  ]
  expect(formatRuns(rows, { width: 80 }).join('\n')).toMatchInlineSnapshot(`
    "run                   started (UTC)     hosts  outcome        name
    20261120-021500-4f2a  2026-11-20 02:15  3      committed      nginx 1.26.3
    20261120-021500-4f2a  2026-11-20 02:15  3      rolled-back    nginx 1.26.3
    20261120-021500-4f2a  2026-11-20 02:15  2      in-doubt       nginx 1.26.3
    20261120-021500-4f2a  2026-11-20 02:15  2      nothing-to-do  nginx 1.26.3
    20261120-021500-4f2a  2026-11-20 02:15  4      running        nginx 1.26.3
    20261120-021500-4f2a  2026-11-20 02:15  4      cut-off        nginx 1.26.3"
  `)
  expect(formatRuns([], { width: 80 })).toEqual(['no runs yet'])
})

it('bears a journal without entries', () => {
  expect(runRow([], { alive: false })).toEqual({
    id: '',
    started: '',
    name: '',
    hosts: 0,
    outcome: 'cut-off',
    undoes: null,
  })
  expect(describeRun([], dead)).toHaveLength(1)
})

it('escapes and bounds what a host says', () => {
  const texts = [
    ...describeRun(hostileRun(), dead),
    ...describeRun(hostileRun().slice(0, -1), dead),
    ...formatRuns([{ ...runRow(hostileRun(), dead), name: '\u001b[2J\r\u202e', id: '\u0007' }], {
      width: 60,
    }),
  ]
  expect(texts.join('')).not.toMatch(unsafe)
  expect(Math.max(...texts.map(line => line.length))).toBeLessThan(1000)
})

it('says which play of its playbook a run is, what comes after it, and how its hosts were shuffled', () => {
  const told = (play: { number: number; of: number; later: string[] }) =>
    tellRun({ ...opening(names(2)), play, seed: 7 } as EntryBody)
  const line = (play: Parameters<typeof told>[0]) =>
    describeRun(told(play), { alive: true, color: false }).find(text => text.startsWith('playbook'))
  expect(line({ number: 1, of: 3, later: ['db', 'a\u001b[2J'] })).toBe(
    'playbook playbooks/nginx.yml, play 1 of 3; after it db, a\\x1b[2J',
  )
  expect(line({ number: 3, of: 3, later: [] })).toBe('playbook playbooks/nginx.yml, play 3 of 3')
})
