/** What the views say of a maintenance window that closes in the middle of a run. */
import { expect, it } from 'vitest'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { describeEnd } from '../../src/report/end-text.ts'
import { standingOf } from '../../src/report/fold.ts'
import { liveRows } from '../../src/report/live-rows.ts'
import { createPlainView } from '../../src/report/plain.ts'
import { describeRun } from '../../src/report/run-text.ts'
import { names, opening, prepared, summary, switched, tellRun } from './world.ts'

const closed = (next: 'finish' | 'hold' | 'rollback', zone = 'Europe/Berlin'): EntryBody => ({
  type: 'window.closed',
  next,
  opens: '2026-11-23T01:00:00.000Z',
  zone,
})
const begun = [
  opening(names(3)),
  ...prepared(names(3)),
  { type: 'stage.started', stage: 'canary' },
  ...switched(['h01']),
  { type: 'stage.finished', stage: 'canary' },
  { type: 'stage.started', stage: 'rest' },
  { type: 'host.switch.begun', host: 'h02' },
] as const

/** The lines after the beginning. */
function plain(...more: EntryBody[]): string[] {
  const entries = tellRun(...begun, ...more)
  let text = ''
  const hear = createPlainView(
    line => {
      text += line
    },
    { color: false },
  )
  for (const [index, entry] of entries.entries()) {
    if (index === entries.length - more.length) text = ''
    hear(entry)
  }
  return text.split('\n').map(line => line.replace(/^\[.*?\] /, ''))
}

const rowOf = (entries: readonly Entry[]) => {
  const standing = standingOf(entries)
  return liveRows(standing, 50).at(-1)?.read(standing).title
}

it('says what happens to whom, and until when', () => {
  expect(plain(closed('hold'), { type: 'window.opened' })).toMatchInlineSnapshot(`
    [
      "window    the maintenance window has closed: 1 host in hand is finished, then the run holds",
      "run       HOLDS until Mon 2026-11-23 02:00 Europe/Berlin (01:00 UTC): window closed; nothing more is switched, leases are renewed",
      "window    open again: it goes on",
      "",
    ]
  `)
  expect(plain(closed('rollback'))[0]).toContain(
    'the maintenance window has closed: 1 host in hand is finished, then nothing more is switched, and every host goes back',
  )
  expect(plain(closed('finish'))[0]).toContain('the run goes on to its end')
  expect(plain({ type: 'host.postponed', host: 'h02' })[0]).toContain(
    'h02 not switched: the maintenance window had closed by then',
  )
})

it('shows that it holds, as long as it does', () => {
  const held = tellRun(...begun, closed('hold'))
  const text = 'HOLDS until Mon 2026-11-23 02:00 Europe/Berlin (01:00 UTC): window closed'
  expect(rowOf(held)).toBe(text)
  expect(describeRun(held, { alive: true, color: false }).join('\n')).toContain(text)
  expect(describeRun(held, { alive: false, color: false }).join('\n')).toContain(
    'it held until its maintenance window would open again',
  )
  const rolling: EntryBody = { type: 'run.rolling_back', reason: 'asked to go back' }
  for (const after of [{ type: 'window.opened' } as const, rolling, closed('rollback')]) {
    expect(rowOf(tellRun(...begun, closed('hold'), after))).not.toContain('HOLDS')
  }
})

it('says of what waits meanwhile that its time counts on from the opening', () => {
  const gate: EntryBody = { type: 'gate.waiting', stage: 'rest', gate: 'approval', ms: 60_000 }
  const pause: EntryBody = { type: 'run.paused', by: 'ops@ops2', ms: 60_000 }
  const held = tellRun(...begun, gate, closed('hold'))
  expect(rowOf(held)).toMatch(/^HOLDS until .*: window closed; handover approve \S+ counts then$/)
  expect(plain(gate, closed('hold')).join('\n')).toMatch(
    /WAITS for an approval: .* \(its time counts on from the opening\)/,
  )
  expect(rowOf(tellRun(...begun, pause, closed('hold')))).toMatch(/window closed; and PAUSED$/)
  const opened = standingOf(
    tellRun(...begun, gate, pause, closed('hold'), 600_000, { type: 'window.opened' }),
  )
  expect([opened.gate?.untilMs, opened.pause?.untilMs]).toEqual(Array(2).fill(opened.lastMs + 60_000))
  const later = standingOf(
    tellRun(...begun, gate, 20_000, closed('hold'), 600_000, { type: 'window.opened' }),
  )
  expect(later.gate?.untilMs).toBe(later.lastMs + 40_000)
})

it('shows a postponed host as prepared', () => {
  const standing = standingOf(tellRun(...begun, { type: 'host.postponed', host: 'h02' }))
  expect(standing.hosts.get('h02')).toMatchObject({ step: 'prepared', touched: false, open: new Set() })
})

it('believes no time zone of a file', () => {
  expect(rowOf(tellRun(...begun, closed('hold', 'Mars/\u001b[2J')))).toBe(
    'HOLDS until 2026-11-23 01:00:00 UTC: window closed',
  )
})

it('says what to do after it', () => {
  const end = (outcome: 'refused' | 'rolled-back', exit: 2 | 8) => {
    const entries = tellRun(
      ...begun,
      closed('rollback'),
      {
        type: 'run.rolling_back',
        reason: 'the maintenance window has closed',
      },
      {
        type: 'run.finished',
        exit,
        outcome,
        summary: '',
        hosts: { h01: summary('reverted') },
      },
    )
    const standing = standingOf(entries)
    const { finished } = standing
    return finished && describeEnd(standing, finished, { color: false, width: 100 }).at(-1)
  }
  expect(end('rolled-back', 2)).toBe('next: run again when you are ready; nothing is left to clean up')
  expect(end('refused', 8)).toBe(
    'next: run again while the window is open, or with --wait; `handover plan` shows when',
  )
})
