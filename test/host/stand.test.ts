/** Where a run stands on a host that its controller has left in any state, and what gets it on from there. */
import { existsSync, linkSync, readFileSync } from 'node:fs'
import { appendFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { deadManGone, killProgram, stateOf } from './deadman-world.ts'
import type { Shell } from './local-connection.ts'
import { killPhase, lose } from './states-world.ts'
import { at, reachWaiting, saidBy, standing, standOf } from './takeover-world.ts'
import {
  deadMen,
  expectOnly,
  mastersOf,
  onHost,
  type Program,
  shown,
  slowClient,
  until,
  type World,
} from './world.ts'

describe.each<Shell>(['dash', 'busybox sh'])(
  'where a run stands, and what gets it on from there (%s)',
  shell => {
    /** `reach` leaves a host that the first controller does not lead any more. */
    const story = (
      reach: (first: Program, world: World) => Promise<void>,
      then: (second: Program, world: World) => Promise<void>,
    ) =>
      onHost({}, async world => {
        const first = await world.open('run1', { shell })
        await first.inspect()
        await reach(first, world)
        killProgram(first.connection.pid())
        const second = await world.open('run1', { epoch: 2, shell })
        await second.inspect()
        const before = standing(world)
        const answer = await second.stand()
        expect(standing(world)).toEqual(before)
        expect([field(answer, 'last_run'), field(answer, 'last_state')]).toEqual(
          existsSync(world.state('record')) ? ['run1', stateOf(world)] : ['', ''],
        )
        if (existsSync(world.state('lease'))) expect(Number(field(answer, 'lease_left'))).toBeGreaterThan(0)
        await then(second, world)
        await deadManGone(world)
      })
    const back = async (second: Program, world: World) => {
      expect(shown(await second.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    }
    const through = async (second: Program, world: World) => {
      expect(shown(await second.decide())).toBe('ok')
      await expectOnly(world, 'new')
      expect(await standOf(second)).toEqual(at('committed'))
      expect(field(await second.revert(), 'state')).toBe('committed')
    }

    test('none', () =>
      story(
        async () => {},
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('none'))
          expect(field(await second.stand(), 'sha')).toBe(world.oldSha)
          expect(shown(await second.renew())).toBe('failed WRONG_PHASE')
        },
      ))

    test('prepared', () =>
      story(
        first => first.toPrepared(),
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('prepared'))
          expect(await saidBy(second, ['renew', 'switch', 'renew'])).toEqual({ renew: 'ok', switch: 'ok' })
          await back(second, world)
        },
      ))

    test('switching, and the phase goes on to its end', () =>
      onHost({}, async world => {
        const first = await world.open('run1', { shell })
        const { goOn } = await reachWaiting(first, world)
        process.kill(first.connection.pid(), 'SIGKILL')
        const second = await world.open('run1', { epoch: 2, shell })
        await second.inspect()
        expect(shown(await second.renew())).toBe('ok')
        const asked = second.stand()
        setTimeout(goOn, 300)
        const said = await asked
        expect([field(said, 'stand'), field(said, 'held'), field(said, 'parked')]).toEqual([
          'switched',
          'no',
          'ok',
        ])
        expect(await saidBy(second, ['renew', 'switch', 'precommit'])).toEqual({
          renew: 'ok',
          switch: 'ok',
          precommit: 'ok',
        })
        await through(second, world)
      }))

    test('switching, and its phase killed', () =>
      story(
        async (first, world) => {
          const { goOn } = await reachWaiting(first, world)
          expect(killPhase(world)).toBe(true)
          goOn()
          await until(() => mastersOf(world.processes()).length === 2)
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('switching'))
          expect(await saidBy(second, ['renew', 'switch', 'precommit', 'decide'])).toEqual({
            renew: 'ok',
            switch: 'refused WRONG_PHASE',
            precommit: 'refused WRONG_PHASE',
            decide: 'refused WRONG_PHASE',
          })
          await back(second, world)
        },
      ))

    test('switched', () =>
      story(
        first => first.toSwitched(),
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('switched', 'ok'))
          expect(await saidBy(second, ['renew', 'switch', 'precommit'])).toEqual({
            renew: 'ok',
            switch: 'ok',
            precommit: 'ok',
          })
          expect(await standOf(second)).toEqual(at('precommitted', 'ok'))
          await through(second, world)
        },
      ))

    test('switched, and the new master gone', () =>
      story(
        async (first, world) => {
          await first.toSwitched()
          await lose(world.master('new'))
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('switched', 'NEW_MASTER_DIED'))
          expect(shown(await second.renew())).toBe('failed NEW_MASTER_DIED')
          await back(second, world)
        },
      ))

    test('precommitted', () =>
      story(
        first => first.toPrecommitted(),
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('precommitted', 'ok'))
          expect(shown(await second.renew())).toBe('ok')
          await back(second, world)
        },
      ))

    test.each([
      ['claimed', ''],
      ['noted', '\nstate=decided\n'],
    ])('decided, which is %s, and the old master is there', (_, line) =>
      story(
        async (first, world) => {
          await first.toPrecommitted()
          linkSync(world.state('claim.decided'), world.state('outcome'))
          await appendFile(world.state('record'), line)
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('decided'))
          expect(shown(await second.revert())).toBe('failed stuck DECIDED')
          expect(shown(await second.renew())).toMatch(/^failed (LEASE_LOST|WRONG_PHASE)$/)
          await through(second, world)
        },
      ),
    )

    test('committed, and not tidied up', () =>
      story(
        async (first, world) => {
          await first.toPrecommitted()
          const lock = readFileSync(world.state('lock'), 'utf8')
          expect(shown(await first.decide())).toBe('ok')
          await writeFile(world.state('lock'), lock)
          await writeFile(world.state('outcome'), 'run1 decided\n')
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('committed'))
          await through(second, world)
        },
      ))

    test('reverting, killed half-way', () =>
      story(
        async (first, world) => {
          await first.toSwitched()
          const client = await slowClient(world.host)
          void first.revert(3000).catch(() => {})
          await until(() => world.workersOf(world.master('old')).length === 2)
          expect(killPhase(world)).toBe(true)
          client.destroy()
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('reverting'))
          expect(shown(await second.renew())).toBe('failed LEASE_LOST')
          expect(shown(await second.switchOver())).toBe('refused WRONG_PHASE')
          await back(second, world)
          expect(await standOf(second)).toEqual(at('reverted'))
        },
      ))

    test('reverting, which is only claimed', () =>
      story(
        async (first, world) => {
          await first.toPrecommitted()
          linkSync(world.state('claim.reverting'), world.state('outcome'))
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('reverting'))
          expect(shown(await second.decide())).toBe('refused REVERT_CLAIMED')
          await back(second, world)
        },
      ))

    test('reverted', () =>
      story(
        async first => {
          await first.toSwitched()
          expect(shown(await first.revert())).toBe('reverted')
        },
        async (second, world) => {
          expect(await standOf(second)).toEqual(at('reverted'))
          expect(shown(await second.switchOver())).toBe('refused WRONG_PHASE')
          const answer = await second.revert()
          expect([shown(answer), field(answer, 'state')]).toEqual(['ok', 'reverted'])
          await expectOnly(world, 'old')
        },
      ))
  },
)

test('a phase that does not come to its end is waited for no longer than 10 s', async () => {
  await onHost({}, async world => {
    const first = await world.open()
    const { goOn, answer } = await reachWaiting(first, world, 2000)
    const second = await world.open('run1', { epoch: 2 })
    await second.inspect()
    const began = performance.now()
    expect(await standOf(second)).toEqual({ stand: 'switching', held: 'yes' })
    expect(performance.now() - began).toBeGreaterThan(9_000)
    goOn()
    expect(shown(await answer)).toBe('ok')
    expect(await standOf(second)).toEqual(at('switched', 'ok'))
    expect(shown(await second.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('of another run: nothing is waited for, and nothing of it is taken for ours', async () => {
  await onHost({}, async world => {
    const other = await world.open('other')
    const { goOn, answer } = await reachWaiting(other, world)
    const program = await world.open('run1', { epoch: 2 })
    await program.inspect()
    const said = await program.stand()
    expect([field(said, 'stand'), field(said, 'held'), field(said, 'last_run')]).toEqual([
      'none',
      'no',
      'other',
    ])
    goOn()
    expect(shown(await answer)).toBe('ok')
    expect(shown(await other.revert())).toBe('reverted')
    expect(deadMen(world.host.root)).toEqual([])
  })
})
