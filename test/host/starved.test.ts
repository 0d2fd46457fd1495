/** A host on which nothing can be made any more: no inode, nothing writable, no process. It goes back all the same. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  backByItself,
  deadManGone,
  killProgram,
  leaseEnd,
  recordOf,
  servesOld,
  shortLease,
} from './deadman-world.ts'
import { shells } from './local-connection.ts'
import {
  deadMen,
  expectNoTraces,
  expectOnly,
  onHost,
  shown,
  slowClient,
  until,
  type World,
  watchInvariants,
} from './world.ts'

const isRoot = process.getuid?.() === 0

/** The state directory is a file system of its own. */
async function onSmallState(options: string, story: (world: World) => Promise<void>): Promise<void> {
  await onHost({}, async world => {
    mkdirSync(world.stateDir, { recursive: true, mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,size=16m,${options}`, 'none', world.stateDir])
    try {
      await story(world)
    } finally {
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      rmSync(lockInRun(world), { force: true })
      execFileSync('umount', ['-l', world.stateDir])
    }
  })
}

function remount({ stateDir }: World, how: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${how}`, stateDir])
}

/** Where the effect lock is while the state directory cannot be written. */
function lockInRun(world: World): string {
  return join('/run', `handover-effect-${basename(world.state(''))}`)
}

function leaveDeadHolder(world: World, file: string): void {
  const boot = readFileSync(world.state('lock'), 'utf8').split(' ')[3]
  writeFileSync(file, `999999:1:${boot}\n`)
}

function fillInodes({ stateDir }: World): void {
  for (let n = 0; n < 1000; n++) {
    try {
      writeFileSync(join(stateDir, `fill${n}`), '')
    } catch {
      return
    }
  }
  throw new Error('there is no end of inodes')
}

describe.skipIf(!isRoot)('no inode is left in the state directory', () => {
  test('the dead-man goes back', async () => {
    await onSmallState('nr_inodes=40', async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      fillInodes(world)
      killProgram(program.connection.pid())
      await backByItself(world, end)
      await deadManGone(world)
      expectNoTraces(world)
      await watch.stop()
    })
  })

  test('a revert and a second one', async () => {
    await onSmallState('nr_inodes=40', async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched()
      fillInodes(world)
      expect(shown(await program.revert())).toBe('reverted')
      expectNoTraces(world)
      expect(shown(await program.revert())).toBe('ok')
      expect(servesOld(world)).toBe(true)
      expectNoTraces(world)
      await watch.stop()
    })
  })
})

describe.skipIf(!isRoot)('the state directory has become read-only', () => {
  test('a renewal says so, and the host goes back, asked or not', async () => {
    await onSmallState('nr_inodes=1000', async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      remount(world, 'ro')
      expect(shown(await program.renew())).toBe('failed RECORD_FAILED')
      await backByItself(world, end)
      expect(shown(await program.revert())).toBe('reverted')
      expect(servesOld(world)).toBe(true)
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      await watch.stop()
    })
  })

  test.each(shells)('a revert goes through, and leaves no lock in /run (%s)', async shell => {
    await onSmallState('nr_inodes=1000', async world => {
      const watch = watchInvariants(world)
      const program = await world.open('run1', { shell })
      await program.toSwitched()
      remount(world, 'ro')
      expect(shown(await program.revert())).toBe('reverted')
      expect([servesOld(world), existsSync(lockInRun(world))]).toEqual([true, false])
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      await watch.stop()
    })
  })

  test.each(['there', 'in /run'])('a dead holder of the effect lock %s is no reason to stay', async place => {
    await onSmallState('nr_inodes=1000', async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      leaveDeadHolder(world, place === 'there' ? world.state('effect') : lockInRun(world))
      remount(world, 'ro')
      killProgram(program.connection.pid())
      await backByItself(world, end)
      await until(() => !existsSync(lockInRun(world)))
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      await watch.stop()
    })
  })

  test('and is writable again while the dead-man goes back: whoever comes waits for it', async () => {
    await onSmallState('nr_inodes=1000', async world => {
      const watch = watchInvariants(world)
      const program = await world.open()
      await program.toSwitched(shortLease)
      const client = await slowClient(world.host)
      remount(world, 'ro')
      killProgram(program.connection.pid())
      await until(() => existsSync(lockInRun(world)), 20_000)
      remount(world, 'rw')
      const second = await world.open()
      await second.inspect()
      let isBack = false
      let both = 0
      const back = second.revert().finally(() => {
        isBack = true
      })
      while (!isBack) {
        if (existsSync(world.state('effect')) && existsSync(lockInRun(world))) both++
        await pause(5)
      }
      expect([shown(await back), both]).toEqual(['ok', 0])
      client.destroy()
      await deadManGone(world)
      await expectOnly(world, 'old')
      expect(existsSync(lockInRun(world))).toBe(false)
      await watch.stop()
    })
  })

  test('what a dead holder has left in /run goes with the next one, wherever that acts', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      leaveDeadHolder(world, lockInRun(world))
      expect(shown(await program.switchOver())).toBe('ok')
      expect(existsSync(lockInRun(world))).toBe(false)
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})

const pidsGroup = '/sys/fs/cgroup/pids'

describe.skipIf(!isRoot || !existsSync(join(pidsGroup, 'cgroup.procs')))('no process can be started', () => {
  test.each([0, 4])('for a moment and %d s: the dead-man outlives that', async seconds => {
    const group = join(pidsGroup, `handover-test-${process.pid}`)
    mkdirSync(group)
    try {
      await onHost({}, async world => {
        const watch = watchInvariants(world)
        const program = await world.open()
        await program.toSwitched(400)
        const [watcher] = deadMen(world.host.root)
        killProgram(program.connection.pid())
        writeFileSync(join(group, 'pids.max'), '1')
        writeFileSync(join(group, 'cgroup.procs'), String(watcher?.pid))
        await until(() => recordOf(world).includes('dead_man=ended in state switched'), 20_000)
        await pause(seconds * 1000)
        expect(deadMen(world.host.root)).toHaveLength(1)
        writeFileSync(join(group, 'pids.max'), 'max')
        await until(() => servesOld(world), 20_000)
        await deadManGone(world)
        await expectOnly(world, 'old')
        await watch.stop()
      })
    } finally {
      for (let tries = 0; existsSync(group) && tries < 100; tries++) {
        try {
          rmdirSync(group)
        } catch {
          await pause(50)
        }
      }
    }
  })
})
