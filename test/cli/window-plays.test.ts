/** Maintenance windows of several plays: which of them is closed, and what a wait that is broken off leaves. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { carryOutPlays, type PlayToRun } from '../../src/cli/plays.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { closedNow, neverOpening } from '../../src/cli/window-faults.ts'
import { requireOpen } from '../../src/cli/window-gate.ts'
import { type Desk, openDesk } from './world.ts'

const options = { output: 'plain', color: false } as const
const night = Date.parse('2026-11-20T02:30:00Z')
/** As much of a play as its window is judged by. */
function gated(number: number, name: string, cron?: string, cutoffMs = 0) {
  const rule = { kind: 'allow' as const, cron: cron ?? '', timeZone: 'UTC', durationMs: 3_600_000, cutoffMs }
  const windows = { rules: [rule], onClose: 'rollback' as const }
  return {
    plan: { name, stages: [], ...(cron === undefined ? {} : { windows }) },
    play: { number, of: 2, later: [] },
    place: { file: 'two.yml', line: 1 + number * 4, column: 10 },
  }
}

describe('what is closed', () => {
  test('is told of the play that it is, and the hint can be followed', () => {
    const plays = [gated(1, 'front', '0 2 * * *'), gated(2, 'back', '15 3 * * *')]
    expect(closedNow(plays, night)).toEqual([
      {
        code: 'WINDOW_CLOSED',
        message:
          'play 2 (back): the maintenance window is closed: hosts may start from Fri 2026-11-20 03:15 UTC',
        place: { file: 'two.yml', line: 9, column: 10 },
        hint: 'the windows of these plays are not open together within two years: add --wait, and each play waits for its own',
      },
    ])
    const [sooner] = closedNow([gated(1, 'front', '30 1 * * *'), gated(2, 'back', '15 2 * * 1')], night)
    expect(sooner?.message).toMatch(/^play 1 \(front\): .* from Sat 2026-11-21 01:30 UTC$/)
    expect(sooner?.hint).toMatch(
      /^run it from Mon 2026-11-23 02:15 UTC, when the windows of all plays are open/,
    )
  })

  test('is nobody where a play has no windows or waits', () => {
    expect(closedNow([gated(1, 'front'), gated(2, 'back', '0 2 * * *')], night)).toEqual([])
    const closed = [gated(1, 'front'), gated(2, 'back', `0 ${(new Date().getUTCHours() + 12) % 24} * * *`)]
    expect(() => requireOpen(closed, { ...options, wait: true })).not.toThrow()
    expect(() => requireOpen(closed, options)).toThrow(/^WINDOW_CLOSED: play 2/)
  })

  test('and what never opens is the fault of the windows, unless they are only too short', () => {
    const { plan, ...more } = gated(2, 'back', '0 2 * * *')
    const allow = plan.windows?.rules[0]
    if (!allow) throw new Error('there is a rule')
    const deny = { ...allow, kind: 'deny' as const, cron: '0 0 * * *', durationMs: 6 * 3_600_000 }
    const stages = [{ bakeMs: 7_200_000 }, { bakeMs: 0 }] as never
    const judge = (rules: readonly (typeof allow | typeof deny)[]) => {
      const windows = { rules, onClose: 'rollback' as const }
      return neverOpening([{ ...more, plan: { name: 'back', stages, windows } }], night).map(
        ({ message }) => message,
      )
    }
    expect(judge([allow, deny])).toEqual([
      'play 2 (back): the maintenance windows never open within the next two years',
    ])
    expect(judge([allow])).toEqual([
      'play 2 (back): no maintenance window within the next two years is open for longer than the bakes between the first host and the last (2h)',
    ])
  })
})

/** Begins a play whose window is closed. @param hear whatever is printed */
async function begin(wait: boolean, hear: (text: string) => void) {
  const hour = (new Date().getUTCHours() + 12) % 24
  const said = { out: '', err: '' }
  const terminal: Terminal = {
    out: text => {
      said.out += text
      hear(text)
    },
    err: text => {
      said.err += text
    },
    isTty: false,
    columns: 160,
    rows: 24,
    env: {},
    exit: () => {},
  }
  const { plan, ...more } = gated(2, 'back', `0 ${hour} * * *`)
  const closed = { ...more, plan: { ...plan, hosts: [] }, machine: 'x86_64', playbook: 'two.yml' }
  const all = { ...options, wait } as Parameters<typeof carryOutPlays>[2]
  const exit = await carryOutPlays(terminal, [closed as unknown as PlayToRun], all)
  return { ...said, exit }
}

test('a wait that is broken off says of which play, and what comes next fits', async () => {
  const { exit, out, err } = await begin(true, text => {
    if (text.startsWith('waits until')) process.emit('SIGHUP')
  })
  expect(exit).toBe(130)
  expect(err).toBe('play 2 (back) not begun: nothing of it was contacted\n')
  expect(out).toContain('the maintenance window of play 2 (back) is closed, and nothing of it is contacted')
  expect(out).toMatch(
    /plays, exit 130:\n {2}2\. back: not begun, exit 130\nnext: run the playbook again when you are ready: what is done is passed over, then come back\n$/,
  )
})

test('a window that has closed before its play began stops it, without --wait', async () => {
  const { exit, out, err } = await begin(false, () => {})
  expect(exit).toBe(8)
  expect(err).toMatch(
    /^error WINDOW_CLOSED: play 2 \(back\): .*\n {2}at two\.yml:9:10\n {2}hint: run it then, or add --wait/,
  )
  expect(out).toMatch(/\nnext: run the playbook again when the window is open, or with --wait: what is done/)
})

describe('on the command line', () => {
  let desk: Desk
  beforeAll(() => {
    desk = openDesk()
    const hour = new Date().getUTCHours()
    const play = (name: string, begin: number) => `- name: ${name}
  hosts: ${name}
  artifact: { src: artifacts/nginx-1.26.3 }
  handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
  windows: [{ allow: "0 ${begin % 24} * * *", duration: 2h, time_zone: UTC }]
`
    desk.write('two.yml', `${play('front', hour)}${play('back', hour + 12)}`)
    desk.write('hosts.ini', '[front]\na\n[back]\nb\n')
    const never = play('front', hour).replace(
      'windows: [',
      'windows: [{ deny: "* * * * *", duration: 1h, time_zone: UTC }, ',
    )
    desk.write('never.yml', never)
  })
  afterAll(() => desk.clear())

  test('run names the play and its place', () => {
    const { exit, err } = desk.handover('run', 'two.yml', '-i', 'hosts.ini', '-y')
    expect(exit).toBe(8)
    expect(err).toMatch(/^error WINDOW_CLOSED: play 2 \(back\): .*\n {2}at two\.yml:10:12\n/)
    expect(err).not.toContain('play 1')
  })

  test.each([[['-i', 'hosts.ini']], [[]]])('validate %j refuses windows that never open', more => {
    const { exit, err } = desk.handover('validate', 'never.yml', ...more)
    expect(exit).toBe(4)
    expect(err).toContain('error WINDOW_NEVER_OPENS: the maintenance windows never open')
  })
})
