/** The live view of a run that waits for somebody, and of one that another controller goes on with. */
import { expect, it } from 'vitest'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { createLiveView } from '../../src/report/live.ts'
import {
  approved,
  cutOff,
  decisionHeard,
  found,
  gated,
  look,
  paused,
  resumed,
  type Told,
} from './second-world.ts'
import { fakeTerminal } from './terminal.ts'
import { tellRun } from './world.ts'

const frames = (count: number) => new Promise(resolve => setTimeout(resolve, 100 * count + 50))

function open(past: readonly Entry[] = [], columns = 80) {
  const terminal = fakeTerminal()
  return { terminal, view: createLiveView(terminal.write, { color: false, columns, rows: 50 }, past) }
}

const still = (lines: readonly string[]) => lines.map(line => line.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, '*'))
const rowOfRun = (lines: readonly string[]) => still(lines).findLast(line => /^[*✔✖] /.test(line))

/** The row of the run after these entries, and whether the same was said above the rows. */
async function headAfter(...told: readonly Told[]): Promise<string | undefined> {
  const { terminal, view } = open()
  for (const entry of tellRun(...told)) view.hear(entry)
  await frames(1)
  const row = rowOfRun(terminal.lines())
  await view.finish()
  return row
}

const gateOfDays: EntryBody = { type: 'gate.waiting', stage: 'rest', gate: 'approval', ms: 24 * 3_600_000 }

it('shows what the run waits for, with the command, in its own row', async () => {
  expect(await headAfter(...gated())).toBe(
    '* WAITS: handover approve 20261120-021500-4f2a begins rest (until 03:15 UTC)',
  )
  expect(await headAfter(...gated(), paused)).toBe(
    '* PAUSED: handover resume 20261120-021500-4f2a goes on (until 02:45 UTC)',
  )
  expect(await headAfter(...gated().slice(0, -1), gateOfDays)).toBe(
    '* WAITS: handover approve 20261120-021500-4f2a begins rest (until 2026-11-21...',
  )
  expect(await headAfter(...gated(), approved)).toBe('* run 20261120-021500-4f2a: between stages')
  expect(await headAfter(...gated(), { type: 'run.woke', ms: 9000 }, approved)).toBe(
    '* run 20261120-021500-4f2a: stood still; every host is heard from again',
  )
})

it('shows that it goes back rather than what it waited for', async () => {
  const back: EntryBody = { type: 'run.rolling_back', reason: 'nobody approved the stage rest within 1h' }
  expect(await headAfter(...gated(), paused, back)).toBe(
    '* run 20261120-021500-4f2a: ROLLING BACK: nobody approved the stage rest wit...',
  )
})

it('keeps a whole line about what it waits for above the rows', async () => {
  const { terminal, view } = open()
  for (const entry of tellRun(...gated())) view.hear(entry)
  await frames(1)
  const said = terminal.lines().find(line => line.includes('WAITS for an approval'))
  expect(said).toContain('`handover approve 20261120-021500-4f2a` (until 2026-11-20 03:15:04 UTC')
  await view.finish()
})

it('begins with what is known of a run that is resumed, and tells only what is new', async () => {
  const past = tellRun(...cutOff(), 600_000)
  const { terminal, view } = open(past)
  const news = tellRun(
    ...cutOff(),
    600_000,
    resumed({ notes: ['the playbook was edited since'] }),
    look('h01'),
    look('h02'),
    look('h03'),
    found('h01', 'switched'),
    found('h02', 'reverting'),
  ).slice(past.length)
  for (const entry of news) view.hear(entry)
  await frames(2)
  expect(still(terminal.lines())).toMatchInlineSnapshot(`
    [
      "[  604.3s] run       20261120-021500-4f2a RESUMED by mia on ops2, process 99: controller 2 of this run",
      "[  604.3s] run       note: the playbook was edited since",
      "[  604.3s] rest      h02 FAILED SWITCH_FAILED: the controller of the run was gone: it was left half-way (reverting); it goes back",
      "* h01 canary   switched      1.22.1 -> 1.26.3",
      "* h02 rest     failed        SWITCH_FAILED: the controller of the run was go...",
      "* h03 rest     looking       1.22.1",
      "* h04 rest     unsure        1.22.1",
      "* h05 rest     unsure        1.22.1",
      "* run 20261120-021500-4f2a: looking at 3 hosts that were under way",
      "",
    ]
  `)
  await view.finish()
})

it('lets a host that went back go on where one has heard of the decision', async () => {
  const index = decisionHeard().findIndex(({ type }) => type === 'run.resumed')
  const { terminal, view } = open(decisionHeard().slice(0, index))
  const rest = decisionHeard().slice(index)
  const heard = rest.findLastIndex(({ type }) => type === 'host.found')
  view.hear(rest[0] as Entry)
  await frames(1)
  expect(still(terminal.lines()).join('\n')).toContain('* h03 rest     unsure        HEALTH_FAILED')
  for (const entry of rest.slice(1, heard + 1)) view.hear(entry)
  for (const entry of rest.filter(({ type }) => type === 'host.prepare.begun')) view.hear(entry)
  await frames(1)
  const shown = still(terminal.lines()).join('\n')
  expect(shown).toContain('* h03 rest     preparing     1.22.1')
  expect(shown).toContain('h01 has heard of the decision: the run only goes forward')
  expect(rowOfRun(terminal.lines())).toContain('decided, 0 of 4 hosts committed')
  await view.finish()
})
