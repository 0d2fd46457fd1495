import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { findProcesses, isSshd } from '../../src/lab/process.ts'
import { sshdProcesses, stopSshd } from '../../src/lab/sshd.ts'
import { expectAllRun, finish, inWorld, types } from './world.ts'

const baked = [
  { name: 'canary', hosts: 1 },
  { name: 'rest', hosts: 'rest', bake: '1m' },
]

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s during a bake rolls the whole fleet back: exit 2',
  async signal => {
    await inWorld(4, async world => {
      const running = world.start(world.playbook({ stages: baked }), world.binaries.newer.path)
      await running.until(entry => entry.type === 'stage.baking')
      running.child.kill(signal)
      const ended = await running.ended
      expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
      expect(types(ended)).toContain('run.interrupted')
      await expectAllRun(world, world.binaries.older.path)
    })
  },
)

test.each([0, 20, 60, 120, 180])(
  'Ctrl-C %i ms into the switch of a host rolls back at once: exit 2',
  async ms => {
    await inWorld(3, async world => {
      const running = world.start(world.playbook(), world.binaries.newer.path)
      await running.until(entry => entry.type === 'host.switch.begun')
      // Where in the phase the signal falls is the point of this story, so it is the one place that counts time.
      await new Promise(resolve => setTimeout(resolve, ms))
      running.child.kill('SIGINT')
      const ended = await running.ended
      expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
      await expectAllRun(world, world.binaries.older.path)
    })
  },
)

test('Ctrl-C does not wait for a phase that waits: a switch that hangs for seconds is given up at once', async () => {
  await inWorld(1, async world => {
    // Its new master tries to bind for 2.5 s before it dies.
    const running = world.start(world.playbook(), await world.variant('dies-after-tests'))
    await running.until(entry => entry.type === 'host.switch.begun')
    const started = performance.now()
    running.child.kill('SIGINT')
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    expect(performance.now() - started).toBeLessThan(2000)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s before anything was changed: exit %i', async (signal, exit) => {
  await inWorld(3, async world => {
    const running = world.start(world.playbook(), world.binaries.newer.path)
    await running.until(entry => entry.type === 'host.inspect.begun')
    running.child.kill(signal)
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit, outcome: 'interrupted' })
    expect(types(ended)).not.toContain('host.switch.begun')
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('a connection that is cut during the hold is dialled again, and the run goes on to its commit', async () => {
  await inWorld(2, async world => {
    const playbook = world.playbook({ stages: [{ name: 'all', hosts: 'rest', bake: '3s' }] })
    const running = world.start(playbook, world.binaries.newer.path)
    await running.until(entry => entry.type === 'stage.baking')
    const host = world.host(0)
    const listener = host.started.sshd?.pid
    const session = sshdProcesses(host).filter(({ pid }) => pid !== listener)
    expect(session.length).toBeGreaterThan(0)
    for (const { pid } of session) process.kill(pid, 'SIGKILL')
    expect(finish(await running.ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)
  })
})

test('a host is lost in the middle: the others go back, the lost one by itself, which nobody sees: exit 3', async () => {
  await inWorld(3, async world => {
    const running = world.start(world.playbook({ stages: baked, lease: '2s' }), world.binaries.newer.path)
    await running.until(entry => entry.type === 'stage.baking')
    await stopSshd(world.host(0), { sessions: true })
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 3, outcome: 'in-doubt' })
    expect(finish(ended).hosts.h01?.end).toBe('in-doubt')
    expect(finish(ended).hosts.h01?.fault?.hint).toContain('its dead-man was due meanwhile')
    expect(finish(ended).hosts.h02?.end).toBe('reverted')
    await expectAllRun(world, world.binaries.older.path)
  })
}, 90_000)

test('nothing of handover runs on a host once a run has ended', async () => {
  await inWorld(2, async world => {
    expect((await world.run(world.playbook(), world.binaries.newer.path)).exit).toBe(0)
    const left = world.lab.hosts.flatMap(host =>
      findProcesses({ labId: world.lab.id, root: host.root }).filter(
        each => !isSshd(each) && !each.title.startsWith('nginx: '),
      ),
    )
    expect(left).toEqual([])
  })
})

test('a controller that runs out of descriptors brings the fleet back: it must not die on the way', async () => {
  await inWorld(2, async world => {
    const check = { name: 'command', command: { run: ['/bin/true'] }, interval: '100ms', healthy: 1 }
    const running = world.start(world.playbook({ health: [check], stages: baked }), world.binaries.newer.path)
    await running.until(entry => entry.type === 'stage.baking')
    const { pid } = running.child
    // What is open stays open; nothing more can be opened.
    execFileSync('prlimit', ['--pid', String(pid), '--nofile=3:3'])
    expect(finish(await running.ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    await expectAllRun(world, world.binaries.older.path)
  })
})
