/** When a run may begin, and what a plan says of its windows. */
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/core/duration.ts'
import { momentText } from '../../src/plan/moment-text.ts'
import { firstTogether, nextOpenings, runStart, spreadMs } from '../../src/plan/windows.ts'
import { describeWindows } from '../../src/plan/windows-text.ts'
import type { Window } from '../../src/playbook/windows.ts'
import { allow, deny, iso } from './window-rules.ts'

/** One stage that is watched for so long, and one behind it. */
const bakes = (bake: string) => [{ bakeMs: parseDuration(bake) ?? Number.NaN }, { bakeMs: 0 }]
const timed = (rules: readonly Window[], bake = '0s') => ({
  windows: { rules, onClose: 'rollback' as const },
  stages: bakes(bake),
})
const night = Date.parse('2026-11-20T00:00Z')

describe('what goes on for long', () => {
  it('has its end, though that is more than two years away, or none', () => {
    const freezes = [deny('0 0 25 3 *', '3h', 'UTC', '30m')]
    const [, , third] = nextOpenings(freezes, night, 3)
    expect(third && [iso(third.fromMs), iso(third.startsUntilMs), iso(third.endMs)]).toEqual([
      '2028-03-25T03:00',
      '2029-03-24T23:30',
      '2029-03-25T00:00',
    ])
    const leap = [deny('0 0 29 2 *', '3h', 'UTC', '30m')]
    expect(nextOpenings(leap, night, 3)[1]).toMatchObject({
      startsUntilMs: Number.POSITIVE_INFINITY,
      endMs: Number.POSITIVE_INFINITY,
    })
  })

  it('is not what is only cut off where the search ends', () => {
    const late = runStart(timed([allow('0 0 * * *', '4m')], '5m'), night + 60_000)
    expect(late).toMatchObject({ opening: undefined, opensAtAll: true, isNow: false })
  })
})

describe('when a run may begin', () => {
  it('finds a long opening behind any number of short ones', () => {
    const rules = [allow('*/10 * * * *', '4m'), allow('0 5 * * 1', '1h')]
    const { opening } = runStart(timed(rules, '5m'), night)
    expect(opening && iso(opening.fromMs)).toBe('2026-11-23T05:00')
  })

  it('of several plays is when each has as much time as it needs', () => {
    const first = timed([allow('0 2 * * *', '2h')], '90m')
    const second = timed([allow('0 3 * * *', '1h'), allow('15 2 * * 3', '1h')])
    const at = firstTogether([first, second], night)
    expect(at && iso(at)).toBe('2026-11-25T02:15')
    expect(firstTogether([first, timed([allow('0 4 * * *', '1h')])], night)).toBeUndefined()
  })
})

describe('in words', () => {
  const windows = {
    rules: [allow('0 2 * * 1-4', '3h', 'Europe/Berlin', '30m'), deny('0 0 24 12 *', '72h', 'UTC')],
    onClose: 'rollback' as const,
  }

  it('says the rules, the next openings in their zone and in UTC, and what closing means', () => {
    expect(describeWindows({ windows, stages: [] }, Date.parse('2026-11-20T10:00Z'))).toMatchInlineSnapshot(`
      [
        "windows, in which hosts may start to switch:",
        "  allow "0 2 * * 1-4" Europe/Berlin for 3h, no start in the last 30m",
        "  deny "0 0 24 12 *" UTC for 72h",
        "  opens Mon 2026-11-23 02:00 Europe/Berlin (01:00 UTC), until 05:00, last start before 04:30",
        "  opens Tue 2026-11-24 02:00 Europe/Berlin (01:00 UTC), until 05:00, last start before 04:30",
        "  opens Wed 2026-11-25 02:00 Europe/Berlin (01:00 UTC), until 05:00, last start before 04:30",
        "when the window closes in between: hosts in hand are finished, then every host goes back",
      ]
    `)
  })

  it('says that it is open, and what is too short', () => {
    const text = describeWindows({ windows, stages: bakes('3h') }, Date.parse('2026-11-23T01:30Z')).join('\n')
    expect(text).toContain('open now, until 05:00 Europe/Berlin, last start before 04:30')
    expect(text).toContain('too short: the bakes between the first host and the last take 3h')
    const held = describeWindows({ windows: { ...windows, onClose: 'hold' }, stages: bakes('3h') }, 0)
    expect(held.join()).not.toContain('too short')
  })

  it('says that nothing opens', () => {
    const closed = { ...windows, rules: [...windows.rules, deny('0 0 * * *', '24h')] }
    expect(describeWindows({ windows: closed, stages: [] }, 0).join('\n')).toContain(
      'never open within the next two years',
    )
  })

  it('shows no end where none is known, and the cutoff of what is denied', () => {
    const lines = describeWindows(timed([deny('0 0 29 2 *', '3h', 'UTC', '30m')]), night)
    expect(lines[1]).toBe('  deny "0 0 29 2 *" UTC for 3h, no start in the 30m before it')
    expect(lines[3]).toBe('  opens Tue 2028-02-29 03:00 UTC')
  })

  it('always shows the opening that a run may begin in', () => {
    const rules = [allow('0 2 * * *', '4m'), allow('0 5 * * 1', '1h')]
    expect(describeWindows(timed(rules, '5m'), night).slice(3, -1)).toEqual([
      '  opens Fri 2026-11-20 02:00 UTC, until 02:04, too short',
      '  opens Sat 2026-11-21 02:00 UTC, until 02:04, too short',
      '  opens Sun 2026-11-22 02:00 UTC, until 02:04, too short',
      '  opens Mon 2026-11-23 05:00 UTC, until 06:00',
      '  too short: the bakes between the first host and the last take 5m',
    ])
  })

  it('names the day twice only where it is another one', () => {
    const ms = Date.parse('2026-11-23T20:30:05Z')
    expect(momentText(ms, 'UTC')).toBe('Mon 2026-11-23 20:30:05 UTC')
    expect(momentText(ms, 'Asia/Kolkata')).toBe(
      'Tue 2026-11-24 02:00:05 Asia/Kolkata (Mon 2026-11-23 20:30:05 UTC)',
    )
  })

  it('counts the bakes before the last stage', () => {
    expect(spreadMs([{ bakeMs: 5 }, { bakeMs: 7 }, { bakeMs: 100 }])).toBe(12)
    expect(spreadMs([{ bakeMs: 100 }])).toBe(0)
  })
})
