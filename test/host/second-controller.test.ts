/** A run that another controller takes over: who is obeyed, and who may prepare a host once more. */
import { linkSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { deadManGone, killProgram, recordOf, stateOf } from './deadman-world.ts'
import type { Shell } from './local-connection.ts'
import { asking, fenced, later, lockOf, saidBy, standing, standOf, type Verb } from './takeover-world.ts'
import {
  expectNoTraces,
  expectOnly,
  onHost,
  type Program,
  shown,
  storeArtifact,
  watchInvariants,
} from './world.ts'

describe.each<Shell>(['dash', 'busybox sh'])('who is obeyed (%s)', shell => {
  const reached: [string, (first: Program) => Promise<void>][] = [
    ['prepared', first => first.toPrepared()],
    ['switched', first => first.toSwitched()],
    ['precommitted', first => first.toPrecommitted()],
  ]
  // In a state that a verb does not belong to it is refused for that already.
  const others: Record<string, Partial<Record<Verb, string>>> = {
    prepared: { precommit: 'refused WRONG_PHASE' },
  }

  test.each(reached)(
    '%s: an overtaken controller is refused, also when it dials again',
    async (name, reach) => {
      await onHost({}, async world => {
        const first = await world.open('run1', { epoch: 1, shell })
        await reach(first)
        expect(lockOf(world)).toBe('run1 1')
        const second = await later(world, 2, shell)
        expect(shown(await second.renew())).toBe('ok')
        expect(lockOf(world)).toBe('run1 2')
        const before = standing(world)
        expect(await saidBy(first)).toEqual({ ...fenced, ...others[name] })
        const again = await world.open('run1', { epoch: 1, shell })
        await again.inspect()
        expect(await saidBy(again)).toEqual({ ...fenced, ...others[name] })
        // It may look.
        expect((await standOf(again)).stand).toBe(name)
        expect(standing(world)).toEqual(before)
        expect(shown(await second.renew())).toBe('ok')
        expect(shown(await second.revert())).toBe('reverted')
        await expectOnly(world, 'old')
      })
    },
  )

  test('each first request of a later controller makes it the one', async () => {
    await onHost({}, async world => {
      const first = await world.open('run1', { shell })
      await first.toPrepared()
      const steps: [verb: Verb, said: string][] = [
        ['prepare', 'ok'],
        ['renew', 'ok'],
        ['switch', 'ok'],
        ['switch', 'ok'],
        ['precommit', 'ok'],
        ['renew', 'ok'],
      ]
      let overtaken = first
      for (const [index, [verb, said]] of steps.entries()) {
        const next = await later(world, index + 2, shell)
        expect([verb, shown(await asking(next)[verb]())]).toEqual([verb, said])
        expect(lockOf(world)).toBe(`run1 ${index + 2}`)
        expect(shown(await overtaken.renew())).toBe('failed FENCED')
        overtaken = next
      }
      expect(shown(await (await later(world, 9, shell)).decide())).toBe('ok')
      expect(recordOf(world)).toMatch(/^epoch=2$/m)
      expect(recordOf(world)).toMatch(/^closed=9:/m)
      await expectOnly(world, 'new')
    })
  })
})

describe('an epoch', () => {
  test.each([
    ['', '1'],
    ['0', '1'],
    ['-1', '1'],
    ['2x', '1'],
    ['99999999999999999999', '1'],
    ['12', '12'],
  ])('"%s" counts as %s', async (said, counted) => {
    await onHost({ workers: 1 }, async world => {
      const { host, stateDir, newSha } = world
      const program = await world.open()
      await program.ask(
        'inspect',
        'run1',
        't',
        host.binary,
        host.pidFile,
        stateDir,
        newSha,
        '-',
        newSha,
        said,
      )
      await storeArtifact(world)
      expect(shown(await program.prepare())).toBe('ok')
      expect(lockOf(world)).toBe(`run1 ${counted}`)
      expect(recordOf(world)).toMatch(new RegExp(`^epoch=${counted}$`, 'm'))
    })
  })

  test('an equal one: the younger connection is obeyed, as ever', async () => {
    await onHost({}, async world => {
      const older = await world.open('run1', { epoch: 3 })
      await older.toSwitched()
      const younger = await later(world, 3)
      expect(shown(await younger.renew())).toBe('ok')
      expect(shown(await older.renew())).toBe('failed FENCED')
      // To go back is nobody's privilege within one controller.
      expect(shown(await older.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('whoever was killed with the turn to name the lock does not keep it', async () => {
    await onHost({}, async world => {
      const first = await world.open('run1')
      await first.toSwitched()
      await writeFile(world.state('lock.turn'), '4194304:1:before\n')
      const second = await later(world)
      expect(shown(await second.renew())).toBe('ok')
      expect(lockOf(world)).toBe('run1 2')
      expect(shown(await second.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})

const races = 50
const lanes = 2

test.concurrent.each(Array.from({ length: lanes }, (_, lane) => lane))(
  `${races / lanes} of ${races} races of two controllers of one run: the later one gets it, always (lane %d)`,
  async () => {
    await onHost({ workers: 1 }, async ({ host, stateDir, newSha, ...rest }) => {
      const world = { host, stateDir, newSha, ...rest }
      const rivals = [await world.open('a'), await world.open('b')]
      const alsoFirst = [0, 0]
      for (let race = 0; race < races / lanes; race++) {
        const [low, high] = (race % 2 === 0 ? rivals : rivals.toReversed()) as [Program, Program]
        for (const [index, rival] of [low, high].entries()) {
          const epoch = String(race + index + 1)
          const run = [`race${race}`, 'tester', host.binary, host.pidFile, stateDir, newSha, '-', newSha]
          expect(shown(await rival.ask('inspect', ...run, epoch))).toBe('ok')
        }
        await storeArtifact(world)
        const prepared = await Promise.all([low.prepare(), high.prepare()])
        expect(shown(prepared[1])).toBe('ok')
        expect(shown(prepared[0])).toMatch(/^(ok|refused FENCED)$/)
        const way = prepared[0].status === 'ok' ? 0 : 1
        alsoFirst[way] = (alsoFirst[way] ?? 0) + 1
        expect(lockOf(world)).toBe(`race${race} ${race + 2}`)
        expect(recordOf(world)).toMatch(new RegExp(`^epoch=${race + 2}$`, 'm'))
        const next = await Promise.all([low.switchOver(), low.renew(), high.renew(), high.switchOver()])
        expect(next.map(shown)).toEqual(['refused FENCED', 'failed FENCED', 'ok', 'ok'])
        const back = await Promise.all([low.revert(), low.decide(), high.revert()])
        // Once it is over, the earlier one is told so.
        expect(shown(back[0])).toMatch(/^(ok|refused FENCED)$/)
        expect(shown(back[1])).toMatch(/^refused (FENCED|WRONG_PHASE)$/)
        expect(shown(back[2])).toBe('reverted')
        expectNoTraces(world)
      }
      await expectOnly(world, 'old')
    })
  },
  180_000,
)

test.concurrent.each(Array.from({ length: lanes }, (_, lane) => lane))(
  `${races / lanes} of ${races} races to take over what is switched: the lock has the later one's name (lane %d)`,
  async () => {
    await onHost({ workers: 1 }, async world => {
      const first = await world.open()
      await first.toSwitched()
      for (let race = 0; race < races / lanes; race++) {
        const low = await later(world, race * 2 + 2)
        const high = await later(world, race * 2 + 3)
        const [lost, won] = await Promise.all([low.renew(), high.renew()])
        expect(shown(lost)).toMatch(/^(ok|failed FENCED)$/)
        expect([shown(won), lockOf(world)]).toEqual(['ok', `run1 ${race * 2 + 3}`])
        expect([shown(await low.renew()), shown(await high.renew())]).toEqual(['failed FENCED', 'ok'])
        await Promise.all([low.close(), high.close()])
      }
      expect(shown(await (await later(world, 999)).revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  },
  180_000,
)

describe('prepared anew', () => {
  test('a host that has gone back in this run, by a later controller only, after a full preflight', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open()
      await first.toSwitched()
      expect(shown(await first.revert())).toBe('reverted')
      const text = await readFile(world.host.config, 'utf8')
      await writeFile(world.host.config, `${text}\nnonsense;\n`)
      const second = await world.open('run1', { epoch: 2 })
      expect(shown(await second.inspect())).toBe('refused CONFIG_BROKEN')
      await writeFile(world.host.config, text)
      expect(shown(await second.inspect())).toBe('ok')
      await storeArtifact(world)
      // Late, or the same controller once more.
      expect(shown(await first.prepare())).toBe('refused WRONG_PHASE')
      const again = await world.open()
      expect(field(await again.inspect(), 'record')).toBe('reverted')
      expect(shown(await again.prepare())).toBe('refused WRONG_PHASE')
      expectNoTraces(world)
      await storeArtifact(world)
      expect(shown(await second.prepare())).toBe('ok')
      expect(recordOf(world)).toMatch(/^epoch=2$/m)
      expect(shown(await first.prepare())).toBe('refused FENCED')
      expect(shown(await first.revert())).toBe('refused FENCED')
      expect(shown(await second.switchOver())).toBe('ok')
      expect(shown(await second.precommit())).toBe('ok')
      expect(shown(await second.decide())).toBe('ok')
      await storeArtifact(world)
      const third = await later(world, 3)
      expect(shown(await third.prepare())).toBe('refused WRONG_PHASE')
      expect(stateOf(world)).toBe('committed')
      await expectOnly(world, 'new')
      await watch.stop()
    })
  })

  test('what its dead-man has brought back, too', async () => {
    await onHost({}, async world => {
      const first = await world.open()
      await first.toSwitched(300)
      killProgram(first.connection.pid())
      await deadManGone(world)
      expect(stateOf(world)).toBe('reverted')
      const second = await later(world)
      await storeArtifact(world)
      expect(shown(await second.prepare())).toBe('ok')
      expect(shown(await second.switchOver())).toBe('ok')
      expect(shown(await second.revert())).toBe('reverted')
      expect(shown(await second.prepare())).toBe('refused WRONG_PHASE')
      await expectOnly(world, 'old')
    })
  })

  test('not by one that was overtaken by whoever has brought it back', async () => {
    await onHost({}, async world => {
      const first = await world.open()
      await first.toSwitched()
      const second = await later(world)
      const older = await later(world, 3)
      const third = await later(world, 3)
      expect(shown(await third.revert())).toBe('reverted')
      await storeArtifact(world)
      for (const late of [second, older]) expect(shown(await late.prepare())).toBe('refused WRONG_PHASE')
      await storeArtifact(world)
      expect(shown(await third.prepare())).toBe('ok')
      expect(shown(await third.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})

test('a controller that was overtaken in the middle of a decision that was cut off does not finish it', async () => {
  await onHost({}, async world => {
    const first = await world.open()
    await first.toPrecommitted()
    const second = await later(world)
    expect(shown(await second.renew())).toBe('ok')
    linkSync(world.state('claim.decided'), world.state('outcome'))
    await appendFile(world.state('record'), '\nstate=decided\n')
    const before = standing(world)
    expect(await saidBy(first, ['decide', 'revert', 'break'])).toEqual({
      decide: 'refused FENCED',
      revert: 'refused FENCED',
      break: 'refused FENCED',
    })
    expect(standing(world)).toEqual(before)
    expect(shown(await second.decide())).toBe('ok')
    // What is over is told to everybody.
    expect(shown(await first.decide())).toBe('ok')
    expect(field(await first.revert(), 'state')).toBe('committed')
    await expectOnly(world, 'new')
  })
})
