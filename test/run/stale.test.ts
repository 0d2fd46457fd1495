/** What a controller believes of a run that it has taken over, or slept through: nothing that it has not seen since. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partsOf, type Recorded, recordedEntries } from '../../src/cli/recorded-hosts.ts'
import type { EntryBody } from '../../src/journal/entry.ts'
import type { Limits } from '../../src/run/state.ts'
import { type Fleet, fakeFleet, foundNew, foundOld } from './fake-host.ts'
import { beginStory, finish, opening, type Setting, scriptedCheck, sleepy, words } from './story.ts'
import { limitsOf, oldFacts, said, stage, trouble } from './world.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'handover-stale-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const begin = (limits: Limits, fleet: Fleet, setting: Setting = {}) =>
  beginStory(root, limits, fleet, setting)

const two = limitsOf([stage('all', ['a', 'b'])])
const lost = { kind: 'unknown' as const, fault: trouble('a', 'HOST_LOST') }
const found = { held: false, found: oldFacts, kind: 'stand' as const }
const committed = { ...found, found: foundNew, stand: 'committed' as const }
const begun = (what: 'switch' | 'revert' | 'commit', host: string): EntryBody => ({
  type: `host.${what}.begun`,
  host,
})
const prepared = (...hosts: string[]): EntryBody[] => [
  opening,
  ...hosts.flatMap(host => [said.fit(host), said.prepared(host)]),
]

function gate() {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { open: () => open(), opened }
}

describe('a decision that a host tells of', () => {
  it('ends a pause: nothing goes back when that is over', async () => {
    const { open, opened } = gate()
    const slow = () => new Promise<void>(resolve => setTimeout(resolve, 400))
    const fleet = fakeFleet()
      .add('a', { stand: () => opened.then(() => ({ ...found, stand: 'decided' as const })) })
      .add('b', {
        stand: () => opened.then(() => ({ ...found, stand: 'reverted' as const })),
        prepare: () => slow().then(() => ({ kind: 'prepared' as const, version: '2' })),
      })
    const past = [...prepared('a', 'b'), begun('switch', 'a'), begun('switch', 'b')]
    const story = await begin(two, fleet, { past })
    await fleet.called('a.stand')
    expect(story.helm.pause('me', 150)).toBeUndefined()
    open()
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 0, outcome: 'committed' })
  })

  it('is the course of the run from the first moment, when the journal is lost and that host, too', async () => {
    const record = (host: string, state: 'decided' | 'precommitted'): Recorded => {
      const last = {
        run: 'r',
        epoch: 1,
        state,
        oldSha: oldFacts.sha256,
        newSha: foundNew.sha256,
        isLocked: true,
      }
      const inspection = {
        ...oldFacts,
        onDisk: oldFacts,
        lock: null,
        last,
      } as unknown as Recorded['inspection']
      return { host, last, inspection } as Recorded
    }
    const hosts = [record('a', 'decided'), record('b', 'precommitted')]
    const past = [opening, ...recordedEntries('r', partsOf('r', hosts))]
    const fleet = fakeFleet()
      .add('a', { renew: async () => lost, stand: async () => lost, commit: async () => lost })
      .add('b', { stand: async () => ({ ...found, stand: 'precommitted' }) })
    const story = await begin(two, fleet, { past })
    expect(story.helm.interrupt('abort', 'me@there')).toContain('only goes forward')
    await story.ended
    expect(fleet.calls).toContain('b.commit')
    expect(fleet.calls).not.toContain('b.revert')
    expect(finish(story.entries())).toMatchObject({
      exit: 3,
      hosts: { a: { end: 'in-doubt' }, b: { end: 'committed' } },
    })
  })

  it('while a controller that stood still looks: who has no health yet is watched anew', async () => {
    const { clock, sleep } = sleepy()
    const { open, opened } = gate()
    const up = scriptedCheck('up', () => ({ pass: true, detail: 'status 200' }))
    const fleet = fakeFleet()
      .add('a', { stand: async () => ({ ...found, stand: 'switched' }) }, [up])
      .add('b', { stand: () => opened.then(() => ({ ...found, stand: 'decided' as const })) })
    const past = [...prepared('a', 'b'), begun('switch', 'a'), begun('switch', 'b')]
    const story = await begin(two, fleet, { past, clock, leaseMs: 3_600_000 })
    await story.told('host.healthy')
    sleep(60_000)
    await story.told('run.woke')
    open()
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 0, outcome: 'committed' })
  })
})

describe('a host that this run had let go', () => {
  const other = { ...oldFacts, sha256: 'c'.repeat(64), version: '9' }

  it('and somebody else has changed since: it is not said to have what it had before', async () => {
    const fleet = fakeFleet()
      .add('a', { revert: async () => ({ kind: 'reverted', found: other }) })
      .add('b')
    const past = [
      ...prepared('a', 'b'),
      begun('switch', 'a'),
      begun('switch', 'b'),
      { type: 'run.rolling_back', reason: 'asked' } as const,
      begun('revert', 'a'),
      said.reverted('a'),
      begun('revert', 'b'),
    ]
    const story = await begin(two, fleet, { past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 3,
      outcome: 'in-doubt',
      hosts: { a: { end: 'in-doubt' }, b: { end: 'reverted' } },
    })
  })

  const ill = trouble('a', 'HEALTH_FAILED', 'status 502')
  const failedOnce: EntryBody[] = [
    ...prepared('a', 'b'),
    { type: 'stage.started', stage: 'all' } as const,
    begun('switch', 'a'),
    { type: 'host.failed' as const, host: 'a', fault: ill, found: foundOld },
    begun('switch', 'b'),
  ]
  const tolerant = limitsOf([stage('all', ['a', 'b'])], { maxFailed: 1 })

  it('because it had failed, and which is as before: the others commit without it, and its fault is still told', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => ({ ...found, stand: 'reverted' }) })
      .add('b', { stand: async () => ({ ...found, stand: 'switched' }) })
    const story = await begin(tolerant, fleet, { past: failedOnce })
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 9,
      hosts: { a: { end: 'reverted', fault: { message: 'status 502' } }, b: { end: 'committed' } },
    })
    expect(fleet.calls.filter(call => call.startsWith('a.'))).toEqual(['a.renew', 'a.stand'])
  })

  it('because it had failed, and somebody else has it now: nothing is decided beside it', async () => {
    const fleet = fakeFleet()
      .add('a', {
        stand: async () => ({ ...found, found: other, stand: 'none' }),
        revert: async () => ({ kind: 'reverted', found: other }),
      })
      .add('b', { stand: async () => ({ ...found, stand: 'switched' }) })
    const story = await begin(tolerant, fleet, { past: failedOnce })
    await story.ended
    expect(finish(story.entries())).toMatchObject({ exit: 3, hosts: { b: { end: 'reverted' } } })
  })

  it('because it had committed: it is asked once more', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => committed })
      .add('b', { stand: async () => ({ ...found, stand: 'decided' }) })
    const past = [
      ...prepared('a', 'b'),
      begun('switch', 'a'),
      begun('switch', 'b'),
      { type: 'run.decided', hosts: ['a', 'b'] } as const,
      said.committed('a'),
    ]
    const story = await begin(two, fleet, { past })
    await story.ended
    expect(finish(story.entries()).exit).toBe(0)
    expect(fleet.calls).toContain('a.commit')
  })

  it('because it had committed, and which nobody sees any more: the others are brought forward all the same', async () => {
    const fleet = fakeFleet()
      .add('a', { stand: async () => lost, renew: async () => lost })
      .add('b', { stand: async () => ({ ...found, stand: 'reverted' }) })
    const past = [
      ...prepared('a', 'b'),
      begun('switch', 'a'),
      begun('switch', 'b'),
      { type: 'run.decided', hosts: ['a', 'b'] } as const,
      said.committed('a'),
    ]
    const story = await begin(two, fleet, { past })
    await story.ended
    expect(finish(story.entries())).toMatchObject({
      exit: 3,
      hosts: { a: { end: 'in-doubt' }, b: { end: 'committed' } },
    })
  })
})

it('a controller that stands still once more while it hears from its hosts begins that anew', async () => {
  const { clock, sleep } = sleepy()
  const { open, opened } = gate()
  let asked = 0
  const fleet = fakeFleet()
    .add('a')
    .add('c', {
      renew: async () => {
        if (asleep && asked++ === 0) await opened
        return { kind: 'pass' }
      },
    })
    .add('b')
  let asleep = false
  const limits = limitsOf([stage('first', ['a', 'c'], { bakeMs: 1500 }), stage('rest', ['b'])])
  const story = await begin(limits, fleet, { clock, leaseMs: 3_600_000 })
  await story.told('stage.baking')
  asleep = true
  sleep(60_000)
  await story.told('run.woke')
  await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(0)
  const before = fleet.calls.filter(call => call === 'a.renew').length
  sleep(7_200_000)
  await expect
    .poll(() => words(story.entries()).filter(type => type === 'run.woke').length, { timeout: 20_000 })
    .toBe(2)
  open()
  await story.ended
  expect(words(story.entries()).filter(type => type === 'run.looked_again')).toHaveLength(1)
  expect(fleet.calls.filter(call => call === 'a.renew').length).toBeGreaterThan(before)
  expect(finish(story.entries()).exit).toBe(0)
})
