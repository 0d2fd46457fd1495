/** Who may do what and when: order of phases, repetition, cancelling at any moment, two runs at once. */
import { existsSync } from 'node:fs'
import { appendFile, link, readFile, rm, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { startNginx } from '../../src/lab/nginx.ts'
import { signalProcess } from '../../src/lab/process.ts'
import {
  deadMen,
  expectNoTraces,
  expectOnly,
  mastersOf,
  onHost,
  type Program,
  preparedWith,
  shown,
  storeArtifact,
  until,
  type World,
  watchInvariants,
} from './world.ts'

describe('a revert in any moment of a switch', () => {
  // Every 5 ms up to 200 ms, closely around the exec, and in an order that does not follow the time.
  const delays = [...Array.from({ length: 40 }, (_, at) => (at * 35) % 200), 3, 7, 12, 17]
  /** On a busy machine no switch may be done within any of them, so one is waited for. */
  const whenDone = -1

  test('all on old at the end, nothing left, no request lost', async () => {
    await onHost({}, async world => {
      const master = world.master('old')
      const watch = watchInvariants(world)
      const ends: string[] = []
      for (const [index, delay] of [...delays, whenDone].entries()) {
        const program = await world.open(`run${index}`)
        await program.toPrepared()
        const switching = program.switchOver()
        await (delay === whenDone ? switching : pause(delay))
        const back = await program.revert()
        const answer = await switching
        ends.push(shown(answer))
        expect([delay, shown(back)]).toEqual([delay, 'reverted'])
        await expectOnly(world, 'old')
        expect(world.master('old')).toEqual(master)
        await program.close()
      }
      // The moments were different ones: some came in between, some only afterwards.
      expect(ends).toContain('cancelled REVERT_ASKED')
      expect(ends).toContain('ok')
      const { failed } = await watch.stop()
      expect(failed).toBe(0)
    })
  }, 180_000)
})

describe('a phase asked for again, or out of its order', () => {
  const refused = 'refused WRONG_PHASE'

  test('before anything, prepared, switched, precommitted, committed', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      const said = async (...verbs: (() => Promise<unknown>)[]) => {
        const answers: string[] = []
        for (const verb of verbs) answers.push(shown((await verb()) as never))
        return answers
      }
      const { switchOver, decide, prepare, revert, precommit, renew } = program
      await program.inspect()
      expect(await said(switchOver, precommit, decide, renew)).toEqual([
        refused,
        refused,
        refused,
        'failed WRONG_PHASE',
      ])
      await storeArtifact(world)
      expect(await said(prepare, prepare, precommit, decide)).toEqual(['ok', 'ok', refused, refused])
      expect(await said(switchOver, switchOver, renew, prepare, decide)).toEqual([
        'ok',
        'ok',
        'ok',
        refused,
        refused,
      ])
      expect(await said(precommit, precommit, switchOver, renew, prepare)).toEqual([
        'ok',
        'ok',
        'ok',
        'ok',
        refused,
      ])
      expect(await said(decide, decide)).toEqual(['ok', 'ok'])
      const late = await revert()
      expect([shown(late), field(late, 'state')]).toEqual(['ok', 'committed'])
      expect(await said(switchOver, precommit, renew)).toEqual([refused, refused, 'failed WRONG_PHASE'])
      await expectOnly(world, 'new')
    })
  })

  test('two reverts, one after the other and at once', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const both = await Promise.all([program.revert(), program.revert()])
      expect(both.map(one => field(one, 'state'))).toEqual(['reverted', 'reverted'])
      const again = await program.revert()
      expect([field(again, 'state'), field(again, 'sha')]).toEqual(['reverted', world.oldSha])
      expect(shown(await program.switchOver())).toBe(refused)
      expect(shown(await program.decide())).toBe(refused)
      await expectOnly(world, 'old')
    })
  })

  test('two preparations at once do not undo each other', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.inspect()
      await storeArtifact(world)
      await Promise.all([program.prepare(), program.prepare()])
      expect(shown(await program.prepare())).toBe('ok')
      expect(shown(await program.switchOver())).toBe('ok')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('a revert right behind the preparation releases the host', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.inspect()
      await storeArtifact(world)
      const preparing = program.prepare()
      const back = await program.revert()
      await preparing
      expect(back.status).toMatch(/^(ok|reverted)$/)
      await expectOnly(world, 'old')
    })
  })

  test('commit and revert at the same time have one outcome', async () => {
    for (const delay of [0, 1, 3, 8]) {
      await onHost({}, async world => {
        const program = await world.open()
        await program.toPrecommitted()
        const reverting = pause(delay).then(() => program.revert())
        const [decided, back] = await Promise.all([program.decide(), reverting])
        const isCommitted = shown(decided) === 'ok'
        if (isCommitted)
          expect(field(back, 'state') || shown(back)).toMatch(/^(committed|failed stuck DECIDED)$/)
        else expect([decided.status, shown(back)]).toEqual(['refused', 'reverted'])
        await expectOnly(world, isCommitted ? 'new' : 'old')
      })
    }
  })

  test('a host that was rebooted before the decision refuses it; one that had decided finishes', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrecommitted()
      const boot = (await readFile(world.state('record'), 'utf8')).match(/^boot=(.*)$/m)?.[1] ?? ''
      await appendFile(world.state('record'), '\nboot=another:1\n')
      expect(shown(await program.decide())).toBe('refused REBOOTED')
      expect(shown(await program.precommit())).toBe('refused REBOOTED')
      await appendFile(world.state('record'), `\nboot=${boot}\n`)
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })
})

describe('a host that was rebooted', () => {
  const reboot = async (world: World) => {
    for (const one of world.processes()) signalProcess(one, 'SIGKILL')
    await until(() => world.processes().length === 0)
    // /run is empty after a reboot.
    for (const file of [world.host.pidFile, `${world.host.pidFile}.oldbin`]) await rm(file, { force: true })
    await appendFile(world.state('record'), '\nboot=another:1\n')
  }

  test('while switched: it has come back old, and is released', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      await reboot(world)
      const back = program.revert()
      await startNginx(world.host)
      expect(shown(await back)).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('after the decision: it comes back new, and is committed', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrecommitted()
      await link(world.state('claim.decided'), world.state('outcome'))
      await appendFile(world.state('record'), '\nstate=decided\n')
      await reboot(world)
      // Nothing runs yet; but from here on the path is new.
      expect(shown(await program.decide())).toBe('held NOT_AS_COMMITTED')
      expect(shown(await program.revert())).toBe('failed stuck DECIDED')
      await startNginx(world.host)
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })
})

describe('two runs on one host', () => {
  test('exactly one gets it; the other changes nothing, and its revert does not disturb', async () => {
    await onHost({}, async world => {
      const programs = await Promise.all([world.open('a'), world.open('b')])
      await Promise.all(programs.map(one => one.inspect()))
      await storeArtifact(world)
      const answers = await Promise.all(programs.map(one => one.prepare()))
      expect(answers.map(shown).sort()).toEqual(['ok', 'refused LOCKED'])
      const won = shown(answers[0] as never) === 'ok' ? 0 : 1
      const [winner, loser] = [programs[won], programs[1 - won]] as [Program, Program]
      expect(field(answers[1 - won] as never, 'detail')).toBe('tester')
      const record = await stat(world.state('record'))
      for (const verb of ['switch', 'precommit', 'decide', 'renew']) {
        expect(shown(await loser.ask(verb, '100', 'leave'))).toMatch(/WRONG_PHASE/)
      }
      expect(field(await loser.revert(), 'state')).toBe('untouched')
      expect((await stat(world.state('record'))).mtimeMs).toBe(record.mtimeMs)
      const switching = winner.switchOver()
      expect(field(await loser.revert(), 'state')).toBe('untouched')
      expect(shown(await switching)).toBe('ok')
      expect(shown(await loser.inspect())).toContain('LOCKED')
      await loser.close()
      expect(shown(await winner.precommit())).toBe('ok')
      expect(shown(await winner.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })

  test('a run that was cut off when switched keeps others out, and can be taken back by its own name', async () => {
    await onHost({}, async world => {
      const first = await world.open('a')
      await first.toSwitched()
      await first.close()
      const other = await world.open('b')
      expect(shown(await other.inspect())).toBe('refused LOCKED')
      expect(await preparedAnyway(other)).toBe('refused LOCKED')
      expect(field(await other.revert(), 'state')).toBe('untouched')
      const again = await world.open('a')
      expect(field(await again.inspect(), 'record')).toBe('switched')
      expect(shown(await again.renew())).toBe('ok')
      expect(shown(await again.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('a run that is gone keeps the next one out until its lease is past, and leaves nothing', async () => {
    await onHost({}, async world => {
      const first = await world.open('a')
      await first.toPrepared(200)
      process.kill(first.connection.pid(), 'SIGKILL')
      await until(() => !existsSync(`/proc/${first.connection.pid()}/exe`))
      const next = await world.open('b')
      expect(shown(await next.inspect())).toBe('refused LOCKED')
      await until(() => !existsSync(world.state('lock')) && deadMen(world.host.root).length === 0)
      expectNoTraces(world)
      expect(await preparedWith(next, world)).toBe('ok')
      expect(shown(await next.switchOver())).toBe('ok')
      expect(shown(await next.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('a switch that outlives its killed program is not trampled on', async () => {
    await onHost({}, async world => {
      const first = await world.open('a')
      await first.toPrepared()
      void first.switchOver().catch(() => {})
      await until(() => existsSync(`${world.host.pidFile}.oldbin`))
      process.kill(first.connection.pid(), 'SIGKILL')
      const next = await world.open('b')
      await next.inspect()
      expect(await preparedAnyway(next)).toBe('refused LOCKED')
      const again = await world.open('a')
      await again.inspect()
      expect(shown(await again.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  const preparedAnyway = async (program: Program) => shown(await program.prepare())
})

describe('USR2 by somebody else', () => {
  test('while prepared: the switch does not join in, and the other upgrade stays', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      process.kill(world.master('old').pid, 'SIGUSR2')
      await until(() => mastersOf(world.processes()).length === 2)
      expect(shown(await program.switchOver())).toBe('reverted CHANGED_SINCE_PREPARE')
      expectNoTraces(world)
      expect(mastersOf(world.processes()).length).toBe(2)
    })
  })

  test('while parked: nginx ignores it, and so do we', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched()
      for (const side of ['old', 'new'] as const) process.kill(world.master(side).pid, 'SIGUSR2')
      await until(async () =>
        /changing binary signal is ignored/.test(await readFile(world.host.errorLog, 'utf8')),
      )
      expect(shown(await program.precommit())).toBe('ok')
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'new')
      await watch.stop()
    })
  })

  test('after the new master was lost: the second master of the old binary is ended', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      const [old, lost] = [world.master('old'), world.master('new')]
      const watch = watchInvariants(world)
      signalProcess(lost, 'SIGKILL')
      await until(() => world.workersOf(old).length === 2 && !existsSync(`${world.host.pidFile}.oldbin`))
      process.kill(old.pid, 'SIGUSR2')
      await until(() => mastersOf(world.processes()).some(one => one.ppid === old.pid))
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test('a stopped old master is not reported as gone back, because its USR2 still waits', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      const old = world.master('old')
      signalProcess(old, 'SIGSTOP')
      expect(shown(await program.switchOver(30))).toBe('failed NEW_MASTER_TIMEOUT stuck OLD_MASTER_HANGS')
      signalProcess(old, 'SIGCONT')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})
