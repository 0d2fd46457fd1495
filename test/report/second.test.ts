/** What people read of a run that waits for them, or that another controller goes on with. */
import { describe, expect, it } from 'vitest'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import { createJsonView } from '../../src/report/json.ts'
import { createPlainView } from '../../src/report/plain.ts'
import { describeRun } from '../../src/report/run-text.ts'
import {
  approved,
  continued,
  cutOff,
  decisionHeard,
  found,
  gated,
  look,
  paused,
  resumed,
  resumedRun,
  type Told,
} from './second-world.ts'
import { names, old, opening, prepared, tellRun, unsafe } from './world.ts'

function plain(entries: readonly Entry[], past: readonly Entry[] = [], color = false): string {
  let text = ''
  const hear = createPlainView(
    more => {
      text += more
    },
    { color },
    past,
  )
  for (const entry of entries) hear(entry)
  return text
}

/** What the last of these entries say. */
const lastWords = (before: readonly Told[], ...last: readonly Told[]) => {
  const [past, all] = [tellRun(...before), tellRun(...before, ...last)]
  return plain(all.slice(past.length), past)
}

describe('a plain view', () => {
  it('says that a stage waits, until when, and the command', () => {
    expect(lastWords(gated().slice(0, -1), ...gated().slice(-1), 90_000, approved)).toMatchInlineSnapshot(`
      "[    4.2s] run       stage rest WAITS for an approval: \`handover approve 20261120-021500-4f2a\` (until 2026-11-20 03:15:04 UTC, then every host goes back)
      [   94.2s] rest      approved by mia@ops2
      "
    `)
  })

  it('says that a run is paused, and what it waits for once it is continued', () => {
    expect(lastWords(gated(), paused, 1000, continued)).toMatchInlineSnapshot(`
      "[    4.2s] run       PAUSED by mia@ops2, nothing more is switched: \`handover resume 20261120-021500-4f2a\` goes on (until 2026-11-20 02:45:04 UTC, then every host goes back)
      [    4.2s] run       stage rest WAITS for an approval: \`handover approve 20261120-021500-4f2a\` (until 2026-11-20 03:15:04 UTC, then every host goes back)
      [    5.2s] run       continued by mia@ops2
      [    5.2s] run       stage rest WAITS for an approval: \`handover approve 20261120-021500-4f2a\` (until 2026-11-20 03:15:04 UTC, then every host goes back)
      "
    `)
    expect(lastWords(gated(), paused, approved)).toMatchInlineSnapshot(`
      "[    4.2s] run       PAUSED by mia@ops2, nothing more is switched: \`handover resume 20261120-021500-4f2a\` goes on (until 2026-11-20 02:45:04 UTC, then every host goes back)
      [    4.2s] run       stage rest WAITS for an approval: \`handover approve 20261120-021500-4f2a\` (until 2026-11-20 03:15:04 UTC, then every host goes back)
      [    4.2s] rest      approved by mia@ops2
      [    4.2s] run       PAUSED by mia@ops2, nothing more is switched: \`handover resume 20261120-021500-4f2a\` goes on (until 2026-11-20 02:45:04 UTC, then every host goes back)
      "
    `)
  })

  it('says that the machine stood still', () => {
    expect(
      lastWords(gated(), { type: 'run.woke', ms: 125_000 }, 300, { type: 'run.looked_again' }),
    ).toMatchInlineSnapshot(`
      "[    4.2s] run       this machine stood still for 2m 05s: every host that has a lease is heard from before anything new is begun
      [    4.5s] run       the hosts have been heard from again: it goes on
      "
    `)
  })

  it.each<[string, EntryBody]>([
    ['INTERRUPTED by SIGTERM', { type: 'run.interrupted', signal: 'SIGTERM' }],
    ['INTERRUPTED by SIGINT from mia@ops2', { type: 'run.interrupted', signal: 'SIGINT', by: 'mia@ops2' }],
    ['ASKED to go back by mia@ops2', { type: 'run.interrupted', signal: 'abort', by: 'mia@ops2' }],
    ['ASKED to go back', { type: 'run.interrupted', signal: 'abort' }],
  ])('says that it was %s', (words, entry) => {
    expect(lastWords(gated(), entry)).toBe(`[    4.2s] run       ${words}\n`)
    const decided: EntryBody = { type: 'run.decided', hosts: ['h01'] }
    expect(lastWords([...gated(), decided], entry)).toContain(
      `${words}: it is decided, and only goes forward\n`,
    )
  })

  it('tells what another controller found, and nothing of what was told before', () => {
    const past = tellRun(...cutOff())
    expect(plain(resumedRun().slice(past.length), past)).toMatchInlineSnapshot(`
      "[  604.3s] run       20261120-021500-4f2a RESUMED by mia on ops2, process 99: controller 2 of this run
      [  604.3s] run       note: the playbook was edited since: playbooks/nginx.yml
      [  604.3s] look      5 hosts were under way: every one is looked at before anything else
      [  604.4s] look      h01 found switched: its health counts anew
      [  604.4s] rest      h02 FAILED SWITCH_FAILED: the controller of the run was gone: it was left half-way (switching); it goes back
      [  604.4s] rest      h03 FAILED LEASE_LOST: the controller of the run was gone, and its lease ran out: it went back by itself (runs 1.22.1)
      [  604.4s] look      h04 found prepared: it takes its turn again
      [  604.4s] look      h05 found without anything of this run: it is inspected anew
      "
    `)
  })

  it('tells of a decision that only the hosts know of', () => {
    const index = decisionHeard().findIndex(({ type }) => type === 'run.resumed')
    expect(plain(decisionHeard().slice(index), decisionHeard().slice(0, index))).toMatchInlineSnapshot(`
      "[    4.2s] run       20261120-021500-4f2a RESUMED by mia on ops2, process 99: controller 3 of this run, with handover 0.2.0 (it began with 0.1.0)
      [    4.2s] look      4 hosts were under way: every one is looked at before anything else
      [    4.2s] look      h01 found committed: its commit is asked for once more, which tidies up
      [    4.2s] decided   h01 has heard of the decision: the run only goes forward
      [    4.2s] look      h02 found precommitted: it commits
      [    4.2s] look      h03 found reverted: it is brought forward anew
      [    4.2s] look      h04 found reverted: it is brought forward anew
      [    4.2s] inspect   h03 runs 1.22.1
      [    4.2s] rest      h04 UNREACHABLE SSH_UNREACHABLE: no answer
      [    4.2s] prepare   1 host ready for 1.26.3
      [    4.2s] rest      h03 switched in 152ms
      [    4.2s] rest      h03 FAILED HEALTH_FAILED: health check "answers" failed: status 502
      [    4.2s] rollback  h03 reverted in 44ms: runs 1.22.1
      "
    `)
  })

  it('says that a run that was going back, or was decided, is carried on', () => {
    const back: EntryBody = { type: 'run.rolling_back', reason: 'h02 failed' }
    expect(lastWords([...cutOff(), back], resumed())).toMatchInlineSnapshot(`
      "[    4.3s] run       20261120-021500-4f2a RESUMED by mia on ops2, process 99: controller 2 of this run
      [    4.3s] rollback  it was going back: h02 failed
      [    4.3s] look      5 hosts were under way: every one goes back
      "
    `)
    expect(lastWords([...cutOff(), { type: 'run.decided', hosts: ['h01'] }], resumed())).toContain(
      'decided before: it only goes forward',
    )
    // Resuming is what a pause waits for.
    expect(lastWords([...cutOff(), paused], 60_000, resumed())).not.toContain('PAUSED')
  })

  it('does not promise a look at a host that goes back meanwhile', () => {
    const turned: EntryBody = { type: 'run.rolling_back', reason: 'interrupted by SIGINT' }
    const revert: EntryBody = { type: 'host.revert.begun', host: 'h01' }
    const before = [...cutOff(), resumed(), look('h01'), turned, revert]
    expect(lastWords(before, found('h01', 'switched'))).toContain('h01 found switched: it goes back\n')
  })

  it('tells 400 hosts that are looked at in counts', () => {
    const hosts = names(400)
    const before: Told[] = [opening(hosts), ...prepared(hosts)]
    const text = lastWords(before, resumed(), ...hosts.map(look), 80, ...hosts.map(h => found(h, 'prepared')))
    expect(text).toContain('400 hosts were under way: every one is looked at before anything else')
    expect(text.split('\n').length).toBeLessThan(6)
  })

  it('names at most twenty notes', () => {
    const text = lastWords(cutOff(), resumed({ notes: names(25) }))
    expect(text.match(/note: h\d\d\n/g)).toHaveLength(20)
    expect(text).toContain('note: and 5 more\n')
  })

  it('bears a journal of the first versions, that names no tool', () => {
    const [first, ...rest] = cutOff()
    const { tool: _, ...older } = first as Extract<EntryBody, { type: 'run.started' }>
    expect(lastWords([older as EntryBody, ...rest], resumed())).not.toContain('it began with')
  })
})

describe('hostile text', () => {
  const evil = '\u001b[2J\u202eevil\r\u0000\u009b31m\n'.repeat(90)
  const [first, ...rest] = gated()
  const start = first as Extract<EntryBody, { type: 'run.started' }>
  const stages = start.stages.map(stage => ({ ...stage, name: stage.name === 'rest' ? evil : stage.name }))
  const told: readonly Told[] = [
    { ...start, stages },
    ...rest.slice(0, -1),
    { type: 'gate.waiting', stage: evil, gate: 'approval', ms: 1e300 },
    { type: 'run.paused', by: evil, ms: 1000 },
    { type: 'run.continued', by: evil },
    { type: 'gate.passed', stage: evil, gate: 'approval', by: evil },
    { type: 'run.paused', by: evil, ms: 1e300 },
    resumed({ who: evil, from: evil, tool: evil, notes: [evil, evil] }),
    look('h01'),
    found('h01', 'reverted', { ...old, version: evil }),
    look('h02'),
    found('h02', 'switching', { ...old, version: evil }),
    { type: 'gate.waiting', stage: evil, gate: 'approval', ms: 1e300 },
  ]
  const interrupted: EntryBody = { type: 'run.interrupted', signal: 'abort', by: evil }

  it('is escaped and cut', () => {
    const entries = tellRun(...told, interrupted)
    const texts = [
      ...plain(entries).split('\n'),
      ...describeRun(entries, { alive: true, color: false }),
      ...describeRun(tellRun(...told), { alive: true, color: false }),
      ...describeRun(tellRun(...told), { alive: false, color: false }),
    ]
    expect(texts.join('')).not.toMatch(unsafe)
    expect(Math.max(...texts.map(line => line.length))).toBeLessThan(1000)
  })

  it('is the same in JSON, with nothing a terminal could act on', () => {
    const lines: string[] = []
    const entries = tellRun(...told, interrupted)
    const hear = createJsonView(text => lines.push(text))
    for (const entry of entries) hear(entry)
    expect(lines.map(line => JSON.parse(line))).toEqual(entries)
    expect(lines.join('')).not.toMatch(unsafe)
  })
})
