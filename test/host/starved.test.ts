/** A host on which nothing can be made any more: no inode, nothing writable, no process. It goes back all the same. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
import { deadMen, expectOnly, onHost, shown, until, type World, watchInvariants } from './world.ts'

const isRoot = process.getuid?.() === 0

/** The state directory is a file system of its own. */
async function onSmallState(options: string, story: (world: World) => Promise<void>): Promise<void> {
  await onHost({}, async world => {
    mkdirSync(world.stateDir, { recursive: true, mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,size=16m,${options}`, 'none', world.stateDir])
    try {
      await story(world)
    } finally {
      execFileSync('umount', ['-l', world.stateDir])
    }
  })
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
      expect(shown(await program.revert())).toBe('ok')
      expect(servesOld(world)).toBe(true)
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
      execFileSync('mount', ['-o', 'remount,ro', world.stateDir])
      expect(shown(await program.renew())).toBe('failed RECORD_FAILED')
      await backByItself(world, end)
      expect(shown(await program.revert())).toBe('reverted')
      expect(servesOld(world)).toBe(true)
      for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
      await watch.stop()
    })
  })
})

const pidsGroup = '/sys/fs/cgroup/pids'

describe.skipIf(!isRoot || !existsSync(join(pidsGroup, 'cgroup.procs')))('no process can be started', () => {
  test('for a moment: the dead-man outlives that', async () => {
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
