import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { createLiveView, type LiveStyle } from '../../src/report/live.ts'
import { fakeTerminal } from './terminal.ts'
import { committedRun, hostileRun, inDoubtRun, rolledBackRun, unsafe } from './world.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGWINCH', 'exit', 'beforeExit'] as const
const listeners = () => signals.map(signal => process.listenerCount(signal))
let before: number[] = []

beforeEach(() => {
  before = listeners()
})

afterEach(() => {
  expect(listeners()).toEqual(before)
})

const frames = (count: number) => new Promise(resolve => setTimeout(resolve, 100 * count + 50))
const size = { color: false, columns: 80, rows: 50 }

function open(style: LiveStyle = size) {
  const terminal = fakeTerminal()
  return { terminal, view: createLiveView(terminal.write, style) }
}

function upTo(entries: readonly Entry[], type: Entry['type']): [Entry[], Entry[]] {
  const index = entries.findIndex(entry => entry.type === type)
  return [entries.slice(0, index + 1), entries.slice(index + 1)]
}

it('shows a row a host while the run goes on, and the end of it', async () => {
  const { terminal, view } = open()
  const [first, rest] = upTo(committedRun(), 'stage.baking')
  for (const entry of first) view.hear(entry)
  await frames(2)
  expect(terminal.cursorShown()).toBe(false)
  expect(terminal.lines().map(line => line.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, '*'))).toMatchInlineSnapshot(`
    [
      "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 3 hosts in 2 stages",
      "[    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb",
      "* h01 canary   healthy       1.22.1 -> 1.26.3",
      "* h02 rest     prepared      1.22.1",
      "* h03 rest     prepared      1.22.1",
      "* run 20261120-021500-4f2a: canary baking",
      "",
    ]
  `)
  for (const entry of rest.slice(0, -1)) view.hear(entry)
  await frames(3)
  expect(terminal.lines().join('\n')).toContain('✔ h01 canary   committed     1.22.1 -> 1.26.3')
  for (const entry of rest.slice(-1)) view.hear(entry)
  await view.finish()
  expect(terminal.cursorShown()).toBe(true)
  expect(terminal.lines()).toMatchInlineSnapshot(`
    [
      "[    0.0s] run       20261120-021500-4f2a started: nginx 1.26.3, 3 hosts in 2 stages",
      "[    0.0s] run       artifact /artifacts/nginx-1.26.3, sha256 bbbbbbbbbbbb",
      "[  307.4s] decided   3 hosts commit",
      "[  308.1s] commit    h03 committed: 1.22.1 -> 1.26.3, 2 connections cut, 1 old process still draining",
      "[  308.1s] run       finished: committed, exit 0",
      "",
      "host  outcome    before  after   note",
      "h01   committed  1.22.1  1.26.3",
      "h02   committed  1.22.1  1.26.3",
      "h03   committed  1.22.1  1.26.3",
      "",
      "done: 3 hosts committed",
      "next: nothing to do; \`handover show 20261120-021500-4f2a\` shows this run again",
      "",
    ]
  `)
})

it('keeps what went wrong above the rows', async () => {
  const { terminal, view } = open()
  const [first, rest] = upTo(rolledBackRun(), 'run.rolling_back')
  for (const entry of first) view.hear(entry)
  await frames(2)
  const shown = terminal.lines().join('\n')
  expect(shown).toContain('h02 FAILED HEALTH_FAILED: health check "answers" failed: status 502')
  expect(shown).toContain(`run ${first[0]?.run}: ROLLING BACK: h02 failed`)
  for (const entry of rest) view.hear(entry)
  await view.finish()
  const end = terminal.lines().join('\n')
  expect(end).toContain('ROLLING BACK: h02 failed')
  expect(end).toContain('h03   untouched')
  expect(end).not.toContain('⠋')
})

it.each([
  [30, 50, 31],
  [31, 50, 3],
  [200, 50, 3],
  [30, 24, 3],
])('shows %i hosts on %i lines in %i rows', async (count, rows, expected) => {
  const { terminal, view } = open({ ...size, rows })
  const [first, rest] = upTo(committedRun(count), 'run.precommitting')
  for (const entry of first) view.hear(entry)
  await frames(2)
  const shown = terminal.lines().filter(line => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✔✖] /.test(line))
  expect(shown).toHaveLength(expected)
  if (expected === 3) expect(shown[1]).toContain(`rest   finished  healthy ${count - 1} of ${count - 1}`)
  for (const entry of rest) view.hear(entry)
  await view.finish()
  expect(terminal.lines().join('\n')).toContain(`done: ${count} hosts committed`)
  expect(terminal.lines().join('\n')).toContain('committed')
})

it('draws at most ten times a second, whatever happens', async () => {
  const { terminal, view } = open({ ...size, rows: 60 })
  const entries = committedRun(30)
  const started = performance.now()
  for (const entry of entries.slice(0, -1)) {
    view.hear(entry)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  const seconds = (performance.now() - started) / 1000
  expect(terminal.written.length).toBeLessThan(10 * seconds + 5)
  view.hear(entries.at(-1) as Entry)
  await view.finish()
})

it('ends cleanly when the run has no end, and before it began', async () => {
  const { terminal, view } = open()
  await view.finish()
  expect(terminal.written).toEqual([])
  const other = open()
  for (const entry of committedRun().slice(0, 8)) other.view.hear(entry)
  await other.view.finish()
  await other.view.finish()
  expect(other.terminal.cursorShown()).toBe(true)
  expect(other.terminal.lines().at(-2)).toContain('artifact')
})

it('says lines from elsewhere above the rows', async () => {
  const { terminal, view } = open()
  const [first] = upTo(inDoubtRun(), 'run.interrupted')
  for (const entry of first) view.hear(entry)
  await frames(2)
  view.say('still going back')
  await frames(2)
  expect(terminal.lines().indexOf('still going back')).toBeLessThan(terminal.lines().length - 4)
  await view.finish()
  expect(terminal.lines()).toContain('still going back')
})

it('escapes and bounds what a host says', async () => {
  const { terminal, view } = open()
  const entries = hostileRun()
  for (const entry of entries.slice(0, -1)) view.hear(entry)
  await frames(2)
  for (const entry of entries.slice(-1)) view.hear(entry)
  await view.finish()
  expect(terminal.lines().join('')).not.toMatch(unsafe)
  expect(terminal.widest()).toBeLessThan(600)
})

it('stays within a narrow terminal, also when it becomes narrower', async () => {
  let columns = 80
  const { terminal, view } = open({
    color: true,
    unicode: false,
    rows: 50,
    get columns() {
      return columns
    },
  })
  const [first, rest] = upTo(committedRun(), 'run.precommitting')
  for (const entry of first) view.hear(entry)
  await frames(2)
  columns = 40
  terminal.narrow(40)
  await frames(2)
  const rows = terminal.lines().filter(line => /^[-\\|/+x] /.test(line))
  expect(Math.max(...rows.map(line => line.length))).toBeLessThan(40)
  for (const entry of rest) view.hear(entry)
  await view.finish()
  expect(terminal.lines().join('')).toMatch(/^[ -~]*$/)
})

it('listens to no signal while it shows rows', async () => {
  const { view } = open()
  for (const entry of committedRun().slice(0, 5)) view.hear(entry)
  await frames(2)
  expect(listeners().slice(0, 5)).toEqual(before.slice(0, 5))
  await view.finish()
})
