/** One run a host: races, locks that outlive their holder, and how a human ends them. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/host/frame.ts'
import { field } from '../../src/host/frame.ts'
import { startNginx } from '../../src/lab/nginx.ts'
import { readProcess, signalProcess } from '../../src/lab/process.ts'
import { deadManGone, killProgram, leaseEnd, recordOf, shortLease, stateOf, uptime } from './deadman-world.ts'
import {
  deadMen,
  expectNoTraces,
  expectOnly,
  onHost,
  type Program,
  shown,
  storeArtifact,
  until,
  type World,
  watchInvariants,
} from './world.ts'

/** As another run that this connection carries out from now on. */
const inspectAs = ({ ask }: Program, { host, stateDir, newSha }: World, run: string): Promise<Answer> =>
  ask('inspect', run, run, host.binary, host.pidFile, stateDir, newSha)

const races = 200
const lanes = 4

test.concurrent.each(Array.from({ length: lanes }, (_, lane) => lane))(
  `${races / lanes} of ${races} races of two controllers: one holder each time, no lock left behind (lane %d)`,
  async lane => {
    await onHost({ workers: 1 }, async world => {
      const rivals = [await world.open('a'), await world.open('b')]
      const won = [0, 0]
      for (let race = 0; race < races / lanes; race++) {
        const runs = rivals.map((_, index) => `${race}-${'ab'[index]}`)
        for (const [index, rival] of rivals.entries()) {
          expect(shown(await inspectAs(rival, world, runs[index] ?? ''))).toBe('ok')
        }
        await storeArtifact(world)
        const answers = await Promise.all(rivals.map(rival => rival.prepare()))
        expect(answers.map(shown).sort()).toEqual(['ok', 'refused LOCKED'])
        const winner = answers.findIndex(one => shown(one) === 'ok')
        won[winner] = (won[winner] ?? 0) + 1
        const holder = readFileSync(world.state('lock'), 'utf8')
        expect(holder.startsWith(`${runs[winner]} `)).toBe(true)
        expect(field(answers[1 - winner] as Answer, 'detail')).toBe(runs[winner])
        // The loser gives back what it got, which is nothing; the winner is not disturbed.
        const ends = await Promise.all([rivals[1 - winner]?.revert(), rivals[winner]?.revert()])
        expect(ends.map(one => field(one as Answer, 'state')).sort()).toEqual(['reverted', 'untouched'])
        expectNoTraces(world)
      }
      await expectOnly(world, 'old')
      // Neither is favoured so much that only one path was ever walked.
      expect(Math.min(...won), `lane ${lane}: ${won}`).toBeGreaterThan(0)
    })
  },
  180_000,
)

describe('breaking a lock', () => {
  test('there is none; and one that lives is not broken', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open('a')
      const other = await world.open('b')
      await other.inspect()
      expect(field(await other.ask('break', 'expired'), 'state')).toBe('none')
      await first.toSwitched()
      const answer = await other.ask('break', 'expired')
      expect([shown(answer), field(answer, 'detail')]).toEqual(['refused LOCKED', 'tester'])
      expect(shown(await first.renew())).toBe('ok')
      expect(shown(await first.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('by force: the host goes back at once, and the run that had it is told so', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open('a')
      await first.toSwitched()
      // Its program is ended with it, so its controller comes back on another connection.
      const other = await world.open('b')
      await other.inspect()
      const answer = await other.ask('break', 'force')
      expect([shown(answer), field(answer, 'state')]).toEqual(['ok', 'reverted'])
      await expectOnly(world, 'old')
      const again = await world.open('a')
      await again.inspect()
      expect(shown(await again.renew())).toBe('failed LEASE_LOST')
      expect(shown(await again.switchOver())).toBe('refused WRONG_PHASE')
      expect(field(await again.revert(), 'state')).toBe('reverted')
      await watch.stop()
    })
  })

  test('of a run whose dead-man is gone too: it is settled first', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open('a')
      await first.toSwitched(shortLease)
      const end = leaseEnd(world)
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      killProgram(first.connection.pid())
      await until(() => uptime() > end)
      const other = await world.open('b')
      expect(shown(await other.inspect())).toBe('refused RUN_UNFINISHED')
      expect(shown(await other.prepare())).toBe('refused RUN_UNFINISHED')
      const answer = await other.ask('break', 'expired')
      expect([shown(answer), field(answer, 'state')]).toEqual(['ok', 'reverted'])
      expect(recordOf(world)).toMatch(/^broken_lock=reverted/m)
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('of a run that was decided: it goes forward', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open('a')
      await first.toPrecommitted(shortLease)
      const end = leaseEnd(world)
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      writeFileSync(world.state('outcome'), 'a decided\n')
      killProgram(first.connection.pid())
      await until(() => uptime() > end)
      const other = await world.open('b')
      await other.inspect()
      expect(field(await other.ask('break', 'expired'), 'state')).toBe('committed')
      await expectOnly(world, 'new')
      await watch.stop()
    })
  })
})

describe('late commands', () => {
  test('of an older connection of the same run are refused once a younger one has acted', async () => {
    await onHost({}, async world => {
      const older = await world.open('a')
      await older.toSwitched()
      const younger = await world.open('a')
      await younger.inspect()
      expect(shown(await younger.renew())).toBe('ok')
      expect(shown(await older.renew())).toBe('failed FENCED')
      expect(shown(await older.precommit())).toBe('refused FENCED')
      expect(shown(await younger.precommit())).toBe('ok')
      expect(shown(await older.decide())).toBe('refused FENCED')
      expect(shown(await younger.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })

  test('of an older run change nothing for a younger one', async () => {
    await onHost({}, async world => {
      const older = await world.open('a')
      await older.toPrepared(shortLease)
      await until(() => !existsSync(world.state('lock')) && deadMen(world.host.root).length === 0)
      const younger = await world.open('b')
      await younger.toSwitched()
      const answers = [older.switchOver, older.precommit, older.decide, older.prepare]
      for (const late of answers) expect((await late()).status).toBe('refused')
      expect(shown(await older.renew())).toBe('failed WRONG_PHASE')
      expect(field(await older.revert(), 'state')).toBe('untouched')
      expect(shown(await younger.renew())).toBe('ok')
      expect(shown(await younger.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})

test('after a reboot the next run settles what was left, and gets in', async () => {
  await onHost({}, async world => {
    const first = await world.open('a')
    await first.toSwitched()
    for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
    killProgram(first.connection.pid())
    for (const one of world.processes()) signalProcess(one, 'SIGKILL')
    await until(() => world.processes().length === 0)
    // What a reboot changes: every process, and the boot that the record, the lease and the lock speak of.
    for (const name of ['record', 'lease', 'lock']) {
      writeFileSync(
        world.state(name),
        readFileSync(world.state(name), 'utf8').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, 'before'),
      )
    }
    // A file system may come back under another device number.
    const record = readFileSync(world.state('record'), 'utf8')
    writeFileSync(world.state('record'), record.replace(/^(old_id|new_id)=\d+:/gm, '$1=1:'))
    await startNginx(world.host)
    const next = await world.open('b')
    await next.toSwitched()
    expect(shown(await next.revert())).toBe('reverted')
    await deadManGone(world)
    await expectOnly(world, 'old')
    expect([stateOf(world), readProcess(first.connection.pid())]).toEqual(['reverted', undefined])
  })
})
