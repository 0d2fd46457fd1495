/**
 * Nobody is heard from any more, in every phase: the host is back on old no later than its lease and 2 s, by itself.
 * The stories run side by side, because they mostly wait.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { readProcess, signalProcess } from '../../src/lab/process.ts'
import { buildVariant } from '../../src/lab/variants.ts'
import {
  backByItself,
  deadManGone,
  killProgram,
  leaseEnd,
  recordOf,
  servesOld,
  shortLease,
  stateOf,
  uptime,
} from './deadman-world.ts'
import { shells } from './local-connection.ts'
import {
  deadMen,
  expectOnly,
  onHost,
  preparedWith,
  replaceBinary,
  runningStaged,
  sha256Now,
  shown,
  slowClient,
  stagedInode,
  until,
  type World,
  watchInvariants,
} from './world.ts'

const lateness: number[] = []
afterAll(() => {
  const sorted = lateness.sort((a, b) => a - b)
  const [middle, last] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  console.info(
    `back after the end of the lease: ${sorted.length} hosts, median ${middle} s, latest ${last} s`,
  )
})

/** Back, clean, nothing failed on the way, and the record says who did it. */
async function expectBack(world: World, end: number): Promise<void> {
  lateness.push(await backByItself(world, end))
  await deadManGone(world)
  await expectOnly(world, 'old')
  expect(recordOf(world)).toMatch(/^dead_man=reverted .*state=reverted/m)
}

describe('the controller falls silent', () => {
  test.concurrent('when prepared: what was staged and the lock are gone', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared(shortLease)
      const end = leaseEnd(world)
      expect(deadMen(world.host.root)).toHaveLength(1)
      await until(() => !existsSync(world.state('lock')))
      expect(uptime() - end).toBeLessThan(200)
      await deadManGone(world)
      await expectOnly(world, 'old')
      expect(shown(await program.switchOver())).toBe('refused WRONG_PHASE')
    })
  })

  test.concurrent.each(['usr2=sent', 'new_master=', 'new_set=', 'winch_at=', 'state=switched'])(
    'right after %s, with all that it had started',
    async line => {
      await onHost({}, async world => {
        const watch = watchInvariants(world)
        const program = await world.open()
        await program.toPrepared(shortLease)
        const end = leaseEnd(world)
        void program.switchOver().catch(() => {})
        await until(() => recordOf(world).includes(`\n${line}`))
        killProgram(program.connection.pid())
        await expectBack(world, end)
        await watch.stop()
      })
    },
  )

  test.concurrent('while it switches, but the phase goes on to its end', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared(shortLease)
      const end = leaseEnd(world)
      void program.switchOver().catch(() => {})
      await until(() => recordOf(world).includes('usr2=sent'))
      signalProcess(readProcess(program.connection.pid()) as never, 'SIGKILL')
      await until(() => stateOf(world) === 'switched')
      await expectBack(world, end)
      await watch.stop()
    })
  })

  test.concurrent.each(shells)('when switched, in %s', async shell => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open('run1', { shell })
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      killProgram(program.connection.pid())
      await expectBack(world, end)
      await watch.stop()
    })
  })

  test.concurrent('when switched, and comes back: every late request is refused, the revert says what it found', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      const self = readProcess(program.connection.pid())
      signalProcess(self as never, 'SIGSTOP')
      const late = [program.renew(), program.precommit(), program.switchOver(), program.decide()]
      await expectBack(world, end)
      signalProcess(self as never, 'SIGCONT')
      const answers = await Promise.all(late)
      expect(answers.map(one => one.status)).toEqual(['failed', 'refused', 'refused', 'refused'])
      expect(shown(answers[0] as never)).toBe('failed LEASE_LOST')
      expect(field(await program.revert(), 'state')).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test.concurrent('before the decision', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrecommitted(shortLease)
      await expectBack(world, leaseEnd(world))
      expect(shown(await program.decide())).toBe('refused WRONG_PHASE')
      await watch.stop()
    })
  })

  test.concurrent('in the middle of going back', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      void program.revert().catch(() => {})
      await until(() => stateOf(world) === 'reverting')
      killProgram(program.connection.pid())
      await expectBack(world, end)
      await watch.stop()
    })
  })

  test.concurrent('while clients of the new workers take their time: old accepts, and they are served to the drain limit', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(600)
      const slow = await slowClient(world.host)
      const end = leaseEnd(world)
      killProgram(program.connection.pid())
      await backByItself(world, end)
      expect(slow.isOpen()).toBe(true)
      await slow.ended
      await deadManGone(world)
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })
})

describe('once decided', () => {
  test.concurrent.each(['state=decided', 'outcome'])(
    'silence after %s: the commit is finished, and nothing else',
    async at => {
      await onHost({}, async world => {
        const watch = watchInvariants(world)
        const program = await world.open()
        await program.toPrecommitted(shortLease)
        if (at === 'outcome') {
          // Killed between the claim and the record of it.
          writeFileSync(world.state('outcome'), 'run1 decided\n')
          killProgram(program.connection.pid())
        } else {
          void program.decide().catch(() => {})
          // Where this process was late for it, the commit is done already, and must stay so.
          await until(() => ['decided', 'committed'].includes(stateOf(world)))
          killProgram(program.connection.pid())
        }
        await until(() => stateOf(world) === 'committed', 20_000)
        await deadManGone(world)
        await expectOnly(world, 'new')
        await watch.stop()
      })
    },
  )

  test.concurrent('the new master is lost, and so is the controller: both stay, and the record says so', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrecommitted(shortLease)
      const old = world.master('old')
      signalProcess(world.master('new'), 'SIGKILL')
      await until(() => world.workersOf(old).length === world.workers)
      writeFileSync(world.state('outcome'), 'run1 decided\n')
      killProgram(program.connection.pid())
      await until(() => /^dead_man=held code=NEW_NOT_SERVING/m.test(recordOf(world)), 20_000)
      expect(world.workersOf(old)).toHaveLength(world.workers)
    })
  })
})

describe('a phase in hand when the lease ends', () => {
  test.concurrent('waits for a new master that hangs: it gives up and signals nothing more', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      // A port that is taken keeps the new master from its pid file for 2.5 s, time enough to stop it.
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const { port } = taken.address() as AddressInfo
      const program = await world.open()
      await program.toPrepared(shortLease)
      const end = leaseEnd(world)
      const inode = stagedInode(world)
      const text = readFileSync(world.host.config, 'utf8')
      writeFileSync(world.host.config, text.replace('listen ', `listen 127.0.0.1:${port}; listen `))
      const switching = program.switchOver(3000)
      await until(() => runningStaged(world, inode).some(one => signalProcess(one, 'SIGSTOP')))
      expect(shown(await switching)).toBe('cancelled LEASE_LOST')
      await expectBack(world, end)
      await watch.stop()
      taken.close()
    })
  })

  test.concurrent('is stopped and does not let go: it is ended with all it has started', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrepared(shortLease)
      const end = leaseEnd(world)
      void program.switchOver().catch(() => {})
      await until(() => recordOf(world).includes('new_master='))
      const [holder] = readFileSync(world.state('effect'), 'utf8').split(':')
      signalProcess(readProcess(Number(holder)) as never, 'SIGSTOP')
      // One second is its own to let go.
      await until(() => servesOld(world), 20_000)
      expect(uptime() - end).toBeLessThan(300)
      expect(readProcess(Number(holder))).toBeUndefined()
      await deadManGone(world)
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })
})

describe('in the very moment the lease ends', () => {
  const offsets = [-8, -4, -2, -1, 0, 1, 2, 4, 8]

  /** Resolves that many hundredths of a second before or after the end of the lease. */
  const atEnd = async (world: World, offset: number) => {
    const end = leaseEnd(world)
    await pause(Math.max(0, end - uptime() + offset) * 10 - 5)
  }

  test.concurrent.each(offsets)('a revert is asked for, %d hundredths after', async offset => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      await atEnd(world, offset)
      const answer = await program.revert()
      expect(['reverted', 'ok']).toContain(answer.status)
      expect(field(answer, 'state')).toBe('reverted')
      await deadManGone(world)
      await expectOnly(world, 'old')
      await watch.stop()
    })
  })

  test.concurrent.each(offsets)('the decision arrives, %d hundredths after: one outcome', async offset => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toPrecommitted(shortLease)
      await atEnd(world, offset)
      const answer = shown(await program.decide())
      expect(['ok', 'refused REVERT_CLAIMED', 'refused WRONG_PHASE']).toContain(answer)
      await until(() => ['committed', 'reverted'].includes(stateOf(world)), 20_000)
      await deadManGone(world)
      await expectOnly(world, answer === 'ok' ? 'new' : 'old')
      await watch.stop()
    })
  })

  test.concurrent.each(offsets)(
    'a renewal arrives, %d hundredths after: it counts, or it is told that it was too late',
    async offset => {
      await onHost({}, async world => {
        const program = await world.open()
        await program.toSwitched(shortLease)
        await atEnd(world, offset)
        const answer = shown(await program.renew())
        expect(['ok', 'failed LEASE_LOST']).toContain(answer)
        if (answer === 'ok') {
          expect(leaseEnd(world) - uptime()).toBeGreaterThan(1000)
          await pause(100)
          expect([stateOf(world), shown(await program.renew())]).toEqual(['switched', 'ok'])
          expect(shown(await program.revert())).toBe('reverted')
        } else await until(() => servesOld(world))
        await deadManGone(world)
        await expectOnly(world, 'old')
      })
    },
  )
})

describe('the dead-man itself', () => {
  test.concurrent.each(['SIGKILL', 'SIGSTOP'] as const)(
    'is hit by %s: the next renewal sees it and arms another',
    async signal => {
      await onHost({}, async world => {
        const watch = watchInvariants(world)
        const program = await world.open()
        await program.toSwitched()
        const [first] = deadMen(world.host.root)
        signalProcess(first as never, signal)
        // On a busy machine it takes its time to hear of it.
        await until(() => [undefined, 'T', 'Z'].includes(schedulerState(first?.pid ?? 0)))
        expect(shown(await program.renew(shortLease))).toBe('ok')
        const others = () => deadMen(world.host.root).filter(({ pid }) => pid !== first?.pid)
        // A fork that is about to sleep still has the words of its parent.
        await until(() => others().length === 1 && readProcess(first?.pid ?? 0) === undefined)
        expect(shown(await program.revert())).toBe('reverted')
        await expectOnly(world, 'old')
        await watch.stop()
      })
    },
  )

  test.concurrent('cannot be started: the host is refused and nothing is left', async () => {
    await onHost({}, async world => {
      const program = await world.open('run1', { shell: 'busybox sh', path: tools })
      expect(await preparedWith(program, world)).toBe('refused DEAD_MAN_FAILED')
      await expectOnly(world, 'old')
    })
  })

  test.concurrent('of an older run that wakes late leaves a younger run alone', async () => {
    await onHost({}, async world => {
      const first = await world.open('a')
      await first.toPrepared(shortLease)
      const [sleeper] = deadMen(world.host.root)
      signalProcess(sleeper as never, 'SIGSTOP')
      await first.close()
      await until(() => uptime() > leaseEnd(world))
      const next = await world.open('b')
      await next.toSwitched()
      signalProcess(sleeper as never, 'SIGCONT')
      await until(() => readProcess(sleeper?.pid ?? 0) === undefined, 10_000)
      expect(shown(await next.renew())).toBe('ok')
      expect(shown(await next.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test.concurrent('finds a third binary at the path: it touches nothing, and new goes on serving', async () => {
    const third = { name: '' }
    await onHost({}, async world => {
      const watch = watchInvariants(world, [await otherSha(world)])
      const program = await world.open()
      await program.toSwitched(shortLease)
      const fresh = world.master('new')
      third.name = await replaceBinary(world.host, await otherBinary(world))
      killProgram(program.connection.pid())
      await until(() => /^dead_man=failed stuck=PATH_CHANGED/m.test(recordOf(world)), 10_000)
      expect(sha256Now(world.host.binary)).toBe(third.name)
      expect(world.workersOf(fresh)).toHaveLength(world.workers)
      await watch.stop()
    })
  })

  test.concurrent('cannot do it at once: it tries again, until what was in its way is gone', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched(shortLease)
      const { binary } = world.host
      // Not below the folder that must be left as it was.
      const away = join(world.stateDir, 'away')
      renameSync(binary, away)
      killProgram(program.connection.pid())
      await until(() => /^dead_man=failed stuck=PATH_CHANGED/m.test(recordOf(world)), 10_000)
      renameSync(away, binary)
      await until(() => servesOld(world), 10_000)
      await deadManGone(world)
      await expectOnly(world, 'old')
      expect(recordOf(world)).toMatch(/^dead_man=reverted .*state=reverted/m)
    })
  })

  test.concurrent('both masters are disturbed: the new one is lost before the lease ends', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      signalProcess(world.master('new'), 'SIGKILL')
      killProgram(program.connection.pid())
      await expectBack(world, end)
      await watch.stop()
    })
  })

  test.concurrent('finds the run closed and not tidied up, because whoever closed it was killed: it tidies up', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared(shortLease)
      killProgram(program.connection.pid())
      appendFileSync(world.state('record'), '\nstate=reverted\n')
      await deadManGone(world)
      await expectOnly(world, 'old')
    })
  })

  test.concurrent('finds the old master gone: it comes back by a reverse handover', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      signalProcess(world.master('old'), 'SIGKILL')
      killProgram(program.connection.pid())
      await expectBack(world, end)
      expect(recordOf(world)).toMatch(/^how=reverse$/m)
      await watch.stop()
    })
  })

  test.concurrent('does not care what time it is: nothing but preflight reads a clock that can be set', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      for (const part of [
        'lease',
        'lock',
        'deadman',
        'settle',
        'switch',
        'hold',
        'commit',
        'revert',
        'back',
      ]) {
        const text = readFileSync(new URL(`../../src/host/${part}.sh`, import.meta.url), 'utf8')
        expect(text).not.toMatch(/\bdate\b|EPOCH|%\(%s\)T/)
      }
      // In a time namespace 30 years from here every number is another one, and all goes well.
      expect(shown(await program.revert())).toBe('reverted')
      const far = await world.open('run2', {
        wrap: ['unshare', '--time', '--fork', '--boottime', '946080000'],
      })
      await far.toSwitched(shortLease)
      killProgram(far.connection.pid())
      await until(() => servesOld(world), 5000)
      await deadManGone(world)
      await expectOnly(world, 'old')
    })
  })
})

/** `S` asleep, `T` stopped, `Z` a zombie; undefined when it is gone. */
function schedulerState(pid: number): string | undefined {
  try {
    return /\) (.) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** Everything busybox has but setsid. The name is short because it stands in place of the system's folders. */
const tools = mkdtempSync('/tmp/hb-')
for (const name of execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
  if (name !== 'setsid') symlinkSync('/bin/busybox', join(tools, name))
}
afterAll(() => rmSync(tools, { recursive: true }))

async function otherBinary(world: World): Promise<string> {
  return (await buildVariant('other-version', world.binaries.older, world.host.root)).path
}

async function otherSha(world: World): Promise<string> {
  return sha256Now(await otherBinary(world))
}
