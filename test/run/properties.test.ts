/** Random fleets, random outcomes, random order: what must hold of every run. No timers, no I/O. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntryBody, RunOutcome } from '../../src/journal/entry.ts'
import { apply } from '../../src/run/apply.ts'
import { type Decision, decide } from '../../src/run/decide.ts'
import { type HostPhase, initialState, inPhase, type Limits, type RunState } from '../../src/run/state.ts'
import { entryOf, limitsOf, said, stage } from './world.ts'

/** How often each phase goes wrong, in percent. */
interface Weather {
  readonly inspect: number
  readonly prepare: number
  readonly switch: number
  readonly health: number
  readonly precommit: number
  readonly commit: number
  readonly revert: number
  readonly interrupt: number
}

interface Told {
  readonly state: RunState
  readonly entries: readonly EntryBody[]
  readonly last: Extract<EntryBody, { type: 'run.finished' }>
}

/** Sees the state after every entry. */
type Onlooker = (state: RunState, entry: EntryBody, decided: readonly Decision[]) => void

type Dice = () => number

/** Work under way: what may come of it, chosen when its turn comes. */
type Pending = () => EntryBody[]

/** Runs to the end as `conduct` does: a decision is begun at once, its answer comes whenever the dice say. */
function play(limits: Limits, weather: Weather, dice: Dice, watchIt: Onlooker = () => {}): Told {
  const state = initialState(limits)
  const entries: EntryBody[] = []
  const pending: Pending[] = []
  const bad = (percent: number) => dice() % 100 >= 100 - percent
  const tell = (entry: EntryBody, decided: readonly Decision[] = []) => {
    entries.push(entry)
    apply(state, entry)
    watchIt(state, entry, decided)
  }

  const most = 200 + limits.stages.length * 20 + state.hosts.size * 60
  for (let turn = 0; turn < most; turn++) {
    const decisions = decide(state)
    if (JSON.stringify(decide(state)) !== JSON.stringify(decisions))
      throw new Error('decided otherwise the second time')
    for (const decision of decisions) {
      tell(entryOf(decision, state), decisions)
      const answer = answerTo(decision, state, weather, bad)
      if (answer) pending.push(answer)
    }
    const last = entries.at(-1)
    if (state.finished && last?.type === 'run.finished') return { state, entries, last }
    if (decisions.length > 0) continue

    if (!state.interrupted && bad(weather.interrupt))
      tell(said.interrupted(dice() % 2 ? 'SIGTERM' : 'SIGINT'))
    const watched = [...state.hosts.values()].filter(({ phase }) => onWatch.has(phase))
    const victim = watched[dice() % Math.max(1, watched.length)]
    if (victim && bad(weather.health)) tell(said.failed(victim.name))
    const [next] = pending.splice(dice() % Math.max(1, pending.length), 1)
    for (const entry of next?.() ?? []) tell(entry)
    if (!next && decide(state).length === 0) throw new Error(`stuck: ${JSON.stringify(phases(state))}`)
  }
  throw new Error(`does not end: ${JSON.stringify(phases(state))}`)
}

const onWatch: ReadonlySet<HostPhase> = new Set([
  'switched',
  'healthy',
  'precommitting',
  'precommitted',
  'committing',
])

function answerTo(
  decision: Decision,
  state: RunState,
  weather: Weather,
  bad: (percent: number) => boolean,
): Pending | undefined {
  switch (decision.do) {
    case 'inspect': {
      const { host } = decision
      return () => {
        if (!bad(weather.inspect)) return [said.fit(host)]
        if (bad(50)) return [said.unreachable(host)]
        return bad(50) ? [said.refused(host)] : [said.current(host)]
      }
    }
    case 'prepare': {
      const { host } = decision
      return () => {
        if (!bad(weather.prepare)) return [said.prepared(host)]
        return [bad(50) ? said.unreachable(host) : said.refused(host)]
      }
    }
    case 'switch': {
      const { host } = decision
      return () => {
        if (!bad(weather.switch))
          return bad(30) ? [said.switched(host), said.failed(host)] : switchedWell(host)
        return [bad(50) ? said.failed(host) : said.failedProvenOld(host)]
      }
    }
    case 'precommit': {
      const { host } = decision
      return () => [bad(weather.precommit) ? said.failed(host) : said.precommitted(host)]
    }
    case 'commit': {
      const { host } = decision
      return () => [bad(weather.commit) ? said.inDoubt(host) : said.committed(host)]
    }
    case 'revert': {
      const { host } = decision
      const touched = state.hosts.get(host)?.touched
      return () => {
        if (!bad(weather.revert)) return [said.reverted(host)]
        return [touched ? said.inDoubt(host) : said.leftOut(host)]
      }
    }
    case 'bake': {
      const name = state.limits.stages[state.stage]?.name ?? ''
      return () => (state.rollingBack === undefined ? [said.baked(name)] : [])
    }
    default:
      return undefined
  }
}

const switchedWell = (host: string) => [said.switched(host), said.healthy(host)]

const phases = (state: RunState) => [...state.hosts.values()].map(({ name, phase }) => `${name} ${phase}`)

// Arbitraries. Small numbers are good luck, so a failing run shrinks towards one where little goes wrong.

const dice: fc.Arbitrary<readonly number[]> = fc.noBias(
  fc.array(fc.nat(9999), { maxLength: 300, size: 'max' }),
)

/** When the list is used up, all goes well: every story has an end. */
const roller = (numbers: readonly number[]): Dice => {
  let next = 0
  return () => numbers[next++] ?? 0
}

const percent = fc.constantFrom(0, 0, 0, 5, 20, 70)
const weathers: fc.Arbitrary<Weather> = fc.record({
  inspect: fc.constantFrom(0, 0, 0, 0, 5, 90),
  prepare: fc.constantFrom(0, 0, 0, 0, 5, 50),
  switch: percent,
  health: fc.constantFrom(0, 0, 0, 2, 10),
  precommit: percent,
  commit: percent,
  revert: percent,
  interrupt: fc.constantFrom(0, 0, 0, 1, 10),
})

const fleets: fc.Arbitrary<Limits> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 12 }),
    cuts: fc.array(fc.nat(12), { maxLength: 3 }),
    ofStage: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 4 }),
    bakes: fc.array(fc.constantFrom(0, 0, 7), { minLength: 4, maxLength: 4 }),
    concurrency: fc.integer({ min: 1, max: 12 }),
    maxFailed: fc.nat(4),
    maxUnreachable: fc.nat(2),
    rollbackConcurrency: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ hosts, cuts, ofStage, bakes, ...more }) => {
    const names = Array.from({ length: hosts }, (_, index) => `h${index}`)
    const bounds = [0, ...cuts.map(cut => Math.min(cut, hosts)).sort((a, b) => a - b), hosts]
    const stages = bounds.slice(1).map((to, index) =>
      stage(`s${index}`, names.slice(bounds[index], to), {
        concurrency: ofStage[index] ?? 1,
        bakeMs: bakes[index] ?? 0,
      }),
    )
    return limitsOf(stages, more)
  })

const runs = { numRuns: 400 }

function always(check: (limits: Limits, weather: Weather, dice: Dice) => void): void {
  fc.assert(
    fc.property(fleets, weathers, dice, (limits, weather, numbers) =>
      check(limits, weather, roller(numbers)),
    ),
    runs,
  )
}

const sum = (state: RunState, ...which: HostPhase[]) => inPhase(state, ...which)

describe('every run', () => {
  it('ends, and its decisions follow from the state alone', () => {
    always((limits, weather, roll) => {
      expect(play(limits, weather, roll).state.finished).toBeDefined()
    })
  })

  it('switches no host before all are prepared', () => {
    always((limits, weather, roll) => {
      play(limits, weather, roll, (state, entry) => {
        if (entry.type !== 'host.switch.begun') return
        expect(sum(state, 'waiting', 'inspecting', 'inspected', 'preparing', 'unreachable', 'refused')).toBe(
          0,
        )
      })
    })
  })

  it('never begins a switch beyond the concurrency of the run or the stage', () => {
    always((limits, weather, roll) => {
      play(limits, weather, roll, (state, entry) => {
        if (entry.type !== 'host.switch.begun') return
        const most = Math.min(limits.concurrency, limits.stages[state.stage]?.concurrency ?? 0)
        expect(sum(state, 'switching', 'switched', 'failing', 'reverting')).toBeLessThanOrEqual(most)
      })
    })
  })

  it('switches the hosts of a stage only in that stage, in the order of the stages', () => {
    always((limits, weather, roll) => {
      play(limits, weather, roll, (state, entry) => {
        if (entry.type !== 'host.switch.begun') return
        expect(limits.stages[state.stage]?.hosts).toContain(entry.host)
        expect(state.stageStep).toBe('rolling')
      })
    })
  })

  it('reverts no more at one time than the rollback concurrency, once it goes back', () => {
    always((limits, weather, roll) => {
      let before = 0
      play(limits, weather, roll, (state, entry) => {
        const reverting = sum(state, 'reverting')
        // Reverts within the budget may be under way when the rollback begins: then it begins no other until there is room.
        if (entry.type === 'host.revert.begun' && state.rollingBack !== undefined) {
          expect(reverting).toBeLessThanOrEqual(Math.max(limits.rollbackConcurrency, before))
        }
        before = reverting
      })
    })
  })

  it('is decided only when every host that was switched and not proven reverted has acknowledged', () => {
    always((limits, weather, roll) => {
      play(limits, weather, roll, (state, entry) => {
        if (entry.type !== 'run.decided') return
        expect(sum(state, 'precommitted')).toBeGreaterThan(0)
        for (const { phase, touched } of state.hosts.values()) {
          if (touched) expect(['precommitted', 'failed']).toContain(phase)
          else expect(['current', 'left-out']).toContain(phase)
        }
        expect(entry.hosts).toEqual([...(state.groups.get('precommitted') ?? [])])
        expect(state.failures.size).toBeLessThanOrEqual(limits.maxFailed)
        expect(state.interrupted).toBeUndefined()
      })
    })
  })

  it('commits nothing before it is decided, and takes nothing back after it', () => {
    always((limits, weather, roll) => {
      const types = play(limits, weather, roll).entries.map(entry => entry.type)
      const decided = types.indexOf('run.decided')
      const before = decided < 0 ? types : types.slice(0, decided)
      expect(before).not.toContain('host.commit.begun')
      if (decided < 0) return
      const after = types.slice(decided)
      expect(after).not.toContain('host.revert.begun')
      expect(after).not.toContain('run.rolling_back')
      expect(after).not.toContain('host.switch.begun')
    })
  })

  it('begins no effect twice, but for one more revert of a host in doubt', () => {
    always((limits, weather, roll) => {
      const seen = new Map<string, number>()
      for (const entry of play(limits, weather, roll).entries) {
        if (!entry.type.endsWith('.begun') || !('host' in entry)) continue
        const key = `${entry.type} ${entry.host}`
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
      for (const [key, times] of seen)
        expect([key, times <= (key.includes('revert') ? 2 : 1)]).toEqual([key, true])
    })
  })

  it('starts nothing forward after an interrupt or the first word of going back', () => {
    always((limits, weather, roll) => {
      play(limits, weather, roll, (state, entry) => {
        if (state.decided || (state.interrupted === undefined && state.rollingBack === undefined)) return
        expect(['host.prepare.begun', 'host.switch.begun', 'host.precommit.begun']).not.toContain(entry.type)
      })
    })
  })

  it('leaves every touched host committed, proven old, or in doubt', () => {
    always((limits, weather, roll) => {
      const { state, last } = play(limits, weather, roll)
      for (const { name, phase, touched } of state.hosts.values()) {
        if (!touched) continue
        expect(['committed', 'failed', 'reverted', 'in-doubt']).toContain(phase)
        expect(last.hosts[name]?.end).toBe(phase === 'failed' ? 'reverted' : phase)
      }
    })
  })

  it('never has committed hosts beside a fleet that went back', () => {
    always((limits, weather, roll) => {
      const { state } = play(limits, weather, roll)
      if (!state.decided) expect(sum(state, 'committed')).toBe(0)
    })
  })

  it('says what it left: outcome, exit code and hosts agree', () => {
    always((limits, weather, roll) => {
      const { state, last } = play(limits, weather, roll)
      const ends = Object.values(last.hosts).map(({ end }) => end)
      const touched = [...state.hosts.values()].filter(host => host.touched)
      expect(last.exit === 3).toBe(ends.includes('in-doubt'))
      switch (last.outcome) {
        case 'committed':
          expect(last.exit).toBe(0)
          expect(new Set([...ends, 'committed', 'current'])).toEqual(new Set(['committed', 'current']))
          return
        case 'committed-with-failures':
          expect(last.exit).toBe(9)
          expect(ends.some(end => end === 'reverted' || end === 'left-out')).toBe(true)
          return
        case 'nothing-to-do':
          expect(last.exit).toBe(0)
          expect(new Set(ends)).toEqual(new Set(['current']))
          return
        case 'rolled-back':
          expect(last.exit).toBe(2)
          expect(touched.length).toBeGreaterThan(0)
          for (const { name, phase, after } of touched) {
            expect(['failed', 'reverted']).toContain(phase)
            // Proven: what was seen last is the old version.
            expect(after?.version).toBe('1.26.2')
            expect(last.hosts[name]?.after).toBe('1.26.2')
          }
          return
        case 'in-doubt':
          expect(last.exit).toBe(3)
          return
        case 'refused':
          expect(last.exit).toBe(6)
          expect(touched).toEqual([])
          return
        case 'interrupted':
          expect(last.exit).toBe(state.interrupted === 'SIGTERM' ? 143 : 130)
          expect(touched).toEqual([])
          return
      }
    })
  })

  it('can come to every end: the stories above are not all fair weather', () => {
    const ends = new Map<RunOutcome, number>()
    for (const [limits, weather, numbers] of fc.sample(fc.tuple(fleets, weathers, dice), {
      seed: 1,
      numRuns: 400,
    })) {
      const { outcome } = play(limits, weather, roller(numbers)).last
      ends.set(outcome, (ends.get(outcome) ?? 0) + 1)
    }
    expect([...ends.keys()].sort()).toEqual([
      'committed',
      'committed-with-failures',
      'in-doubt',
      'interrupted',
      'nothing-to-do',
      'refused',
      'rolled-back',
    ])
  })
})
