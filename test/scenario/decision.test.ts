/**
 * The controller falls silent around the decision, when every lease is a minute at least. The stories take that long,
 * side by side.
 */
import { expect, test } from 'vitest'
import { type DelayProxy, startDelayProxy } from './delay-proxy.ts'
import { throughProxy } from './proxied.ts'
import {
  deadManSaid,
  expectCutOff,
  handover,
  leaseEnd,
  type Sampler,
  sampleHosts,
  stateOf,
  statusOf,
  uptime,
} from './silence.ts'
import { expectAllRun, expectRuns, finish, inWorld, type Running, types, type World } from './world.ts'

/** Two hosts; whatever the controller asks of h02 from the bake on takes two seconds to get there. */
function story(name: string, act: (scene: Scene) => Promise<void>): void {
  const begin = async (world: World) => {
    const far = world.host(1)
    const proxy = await startDelayProxy(far.sshPort, 0)
    const args = throughProxy(world, new Map([[far, proxy.port]]))
    const playbook = world.playbook({ lease: '30s', stages: [{ name: 'all', hosts: 'rest', bake: '1s' }] })
    const sampler = sampleHosts(world)
    const running = world.start(playbook, world.binaries.newer.path, ...args)
    await running.until(entry => entry.type === 'stage.baking')
    proxy.slow(2000)
    await act({ world, running, proxy, sampler })
    await proxy.stop()
  }
  test.concurrent(name, ({ onTestFinished }) => inWorld(2, begin, { thinkMs: 20, onTestFinished }), 180_000)
}

interface Scene {
  readonly world: World
  readonly running: Running
  readonly proxy: DelayProxy
  readonly sampler: Sampler
}

/** The decision is made, h01 has heard of it and has committed, and what was sent to h02 is lost. */
async function decidedHalf({ world, running, proxy }: Scene): Promise<void> {
  await running.until(entry => entry.type === 'host.committed' && entry.host === 'h01')
  proxy.cut()
  proxy.slow(0)
  expect([stateOf(world.host(0)), stateOf(world.host(1))]).toEqual(['committed', 'precommitted'])
}

/** The told one is new, the other one old within its lease, and nothing is in between. */
async function expectHalf({ world, sampler }: Scene): Promise<void> {
  const [told, untold] = [world.host(0), world.host(1)]
  const late = await sampler.settled([untold])
  console.info(`decided, but not told: back ${late.h02?.toFixed(2)} s after the end of its lease`)
  await expectRuns(told, world.binaries.newer.path)
  await expectRuns(untold, world.binaries.older.path)
  expect(deadManSaid(untold).at(-1)).toMatch(/^reverted .*state=reverted/)
}

/** The same playbook, again: the told host has nothing to do. */
async function expectForward(world: World): Promise<void> {
  const again = await world.run(world.playbook(), world.binaries.newer.path)
  expect(finish(again)).toMatchObject({ exit: 0, outcome: 'committed', hosts: { h01: { end: 'current' } } })
  await expectAllRun(world, world.binaries.newer.path)
}

story(
  'killed while some have promised to wait for the decision: all go back, within a minute',
  async scene => {
    const { world, running, sampler } = scene
    await running.until(entry => entry.type === 'host.precommitted' && entry.host === 'h01')
    running.child.kill('SIGKILL')
    const ended = await running.ended
    expect(types(ended)).not.toContain('run.decided')
    // The promise was made for a minute, whatever the playbook says.
    expect((leaseEnd(world.host(0)) ?? 0) - uptime()).toBeGreaterThan(4000)
    const late = await sampler.settled()
    console.info(`promised: back ${JSON.stringify(late)} s after the end of their leases`)
    await expectAllRun(world, world.binaries.older.path)
    await expectCutOff(world)
  },
)

story('killed when decided and only some were told: those are new, the others old', async scene => {
  const { world, running } = scene
  await decidedHalf(scene)
  running.child.kill('SIGKILL')
  await running.ended
  await expectHalf(scene)
  await expectCutOff(world)
  expect((await handover(world, 'show', 'last')).out).toContain('decided')
  await expectForward(world)
})

story(
  'stopped when decided and only some were told, and continued later: exit 3, and it says who',
  async scene => {
    const { world, running } = scene
    await decidedHalf(scene)
    running.child.kill('SIGSTOP')
    await expectHalf(scene)
    running.child.kill('SIGCONT')
    const end = finish(await running.ended)
    expect(end).toMatchObject({
      exit: 3,
      outcome: 'in-doubt',
      hosts: { h01: { end: 'committed' }, h02: { end: 'in-doubt', after: '' } },
    })
    expect(end.hosts.h02?.fault?.code).toBe('COMMIT_HELD')
    const found = await statusOf(world)
    expect(found.map(one => [one.found?.version, one.found?.masters, one.faults])).toEqual([
      [end.hosts.h01?.after, 1, []],
      [end.hosts.h02?.before, 1, []],
    ])
    await expectForward(world)
  },
)
