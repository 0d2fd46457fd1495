/** What the simulation has found once, told on its own: the random stories come there seldom. */
import { expect, it } from 'vitest'
import type { EntryType } from '../../src/journal/entry.ts'
import { small } from './mutants-fleet.ts'
import { onlyOneKnows } from './mutants-taken-up.ts'
import { play } from './play.ts'
import type { Story, Strike, Trouble } from './story.ts'
import { plainStory } from './sweep.ts'

const story = (strikes: readonly Strike[], more: Partial<Story> = {}, size = 2): Story => ({
  ...plainStory(size),
  ...more,
  strikes,
})

/** At any moment of the milliseconds after that entry. */
async function violationsAfter(
  size: number,
  entry: EntryType,
  nth: number,
  what: Trouble,
  before: readonly Strike[] = [],
) {
  const all = new Set<string>()
  for (let plusMs = 0; plusMs < 6; plusMs += 0.25) {
    const strikes = [...before, { when: { entry, nth, plusMs }, what }]
    const { violations } = await play(story(strikes, {}, size), 20_000)
    for (const one of violations) all.add(one)
  }
  return [...all]
}

/** Every host has gone back by itself when the next controller comes, and is brought forward. */
const takenOver: Strike = {
  when: { entry: 'run.decided', nth: 1, plusMs: 3 },
  what: { kind: 'kill', sequel: 'resume', afterMs: 90_000 },
}

const lost = { kind: 'journal', isKept: false } as const

it('a journal that is lost while a decided run brings a host forward: the run ends', async () => {
  expect(await violationsAfter(1, 'host.switch.begun', 2, lost, [takenOver])).toEqual([])
})

it('a journal that is lost while a decided run brings hosts forward: nothing more is begun', async () => {
  expect(await violationsAfter(2, 'host.switch.begun', 3, lost, [takenOver])).toEqual([])
})

it('a write of the decision that fails although it has arrived leaves no decision behind', async () => {
  const kept = { kind: 'journal', isKept: true } as const
  expect(await violationsAfter(2, 'run.decided', 1, kept)).toEqual([])
})

// The host waits for 60 s from the precommit, whatever was acknowledged.
it('a host whose lease was granted in an answer that was lost is waited for', async () => {
  const strikes: Strike[] = [
    {
      when: { entry: 'host.precommit.begun', nth: 1, plusMs: 0 },
      what: { kind: 'lose-answer', host: 'h0', times: 2 },
    },
    {
      when: { entry: 'run.precommitting', nth: 1, plusMs: 100 },
      what: { kind: 'partition', hosts: ['h0'], ms: 50_000 },
    },
  ]
  const { finish } = await play(story(strikes, { leaseMs: 5000 }))
  expect([finish?.outcome, finish?.exit]).toEqual(['rolled-back', 2])
})

const setForward: Strike = {
  when: { entry: 'host.switched', nth: 2, plusMs: 20_000 },
  what: { kind: 'wall-clock', byMs: 3_600_000 },
}
const silent = (more: readonly Strike[]) =>
  play(
    story(
      [
        {
          when: { entry: 'host.switched', nth: 2, plusMs: 0 },
          what: { kind: 'interrupt', signal: 'SIGINT' },
        },
        {
          when: { entry: 'host.switched', nth: 2, plusMs: 0 },
          what: { kind: 'partition', hosts: ['h0'], ms: 40_000 },
        },
        ...more,
      ],
      { leaseMs: 60_000 },
    ),
  )

it('a host that does not answer is waited for', async () => {
  expect((await silent([])).finish?.outcome).toBe('rolled-back')
})

it('a host that does not answer is waited for, also when the clock is set forward', async () => {
  expect((await silent([setForward])).finish?.outcome).toBe('rolled-back')
})

it('a pause that is asked for before a host tells of a decision takes nothing back', async () => {
  const { finish, violations, struck } = await play(story(onlyOneKnows, small()))
  expect([finish?.outcome, struck, violations]).toEqual(['committed', onlyOneKnows.length, []])
})
