/** `handover show` of a run that waits for somebody, and of one that another controller goes on with. */
import { describe, expect, it } from 'vitest'
import type { EntryBody } from '../../src/journal/entry.ts'
import { describeRun } from '../../src/report/run-text.ts'
import { cutOff, gated, look, paused, resumed, type Told } from './second-world.ts'
import { inDoubtRun, tellRun } from './world.ts'

describe('show', () => {
  const show = (alive: boolean, ...told: readonly Told[]) =>
    describeRun(tellRun(...told), { alive, color: false })
      .slice(4)
      .join('\n')

  it('says first that a living run waits', () => {
    expect(show(true, ...gated())).toMatchInlineSnapshot(`
      "stages: canary (1 host) finished, rest (2 hosts) waits
      stage rest WAITS for an approval: \`handover approve 20261120-021500-4f2a\` (until 2026-11-20 03:15:04 UTC, then every host goes back)
      running: last heard of 4.2s after its start, at 02:15:04 UTC

      host  stage   last seen  before  after
      h01   canary  healthy    1.22.1  -
      h02   rest    prepared   1.22.1  -
      h03   rest    prepared   1.22.1  -"
    `)
    expect(
      show(true, ...gated(), paused)
        .split('\n')
        .slice(1, 3),
    ).toEqual([
      'PAUSED by mia@ops2, nothing more is switched: `handover resume 20261120-021500-4f2a` goes on (until 2026-11-20 02:45:04 UTC, then every host goes back)',
      'stage rest WAITS for an approval: `handover approve 20261120-021500-4f2a` (until 2026-11-20 03:15:04 UTC, then every host goes back)',
    ])
    expect(show(true, ...gated(), { type: 'run.woke', ms: 9000 })).toContain('its machine stood still')
  })

  it('does not offer to approve what nobody leads any more', () => {
    const text = show(false, ...gated(), paused)
    expect(text).toContain('it was paused by mia@ops2\nstage rest was waiting for an approval\ncut off:')
    expect(text).not.toContain('handover approve')
    expect(text).toContain('next: `handover resume 20261120-021500-4f2a` goes on with it')
  })

  it('shows who goes on with a run, and what is not known yet', () => {
    const all = [...cutOff(), 600_000, resumed({ notes: ['the playbook was edited since'] }), look('h01')]
    expect(show(true, ...all)).toMatchInlineSnapshot(`
      "stages: canary (1 host) finished, rest (4 hosts) begun
      resumed 2026-11-20 02:25:04 UTC by mia on ops2, process 99: controller 2 of this run
      note: the playbook was edited since
      running: last heard of 10m 04s after its start, at 02:25:04 UTC

      host  stage   last seen  before  after
      h01   canary  looking    1.22.1  -
      h02   rest    unsure     1.22.1  -
      h03   rest    unsure     1.22.1  -
      h04   rest    unsure     1.22.1  -
      h05   rest    unsure     1.22.1  -

      to be looked at: h01, h02, h03, h04, h05"
    `)
    expect(show(false, ...all)).toContain(
      'IN DOUBT: not looked at since the run was resumed: h01, h02, h03, h04, h05',
    )
  })

  it('says who aborted a run', () => {
    const abort: EntryBody = { type: 'run.interrupted', signal: 'abort', by: 'mia@ops2' }
    expect(show(true, ...gated(), abort).split('\n')[1]).toBe('asked to go back by mia@ops2')
  })

  it('shows a run that ended in doubt as unfinished once it is resumed', () => {
    const entries = [...inDoubtRun(), ...tellRun(resumed({ epoch: 2 }))]
    const text = describeRun(entries, { alive: true, color: false }).join('\n')
    expect(text).toContain('running: last heard of')
    expect(text).toContain('to be looked at: h01')
  })
})
