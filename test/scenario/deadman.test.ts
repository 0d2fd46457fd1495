/**
 * The controller is not heard from any more, in every phase of a run under load: every host is back by itself, no later
 * than its lease and 2 s, and no new connection fails. The stories run side by side, because they mostly wait.
 */
import { appendFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { hostProcesses } from '../../src/lab/nginx.ts'
import type { LabProcess } from '../../src/lab/process.ts'
import { restartSshd, startSshd, stopSshd } from '../../src/lab/sshd.ts'
import { slowClient } from '../host/world.ts'
import { startProxy } from '../transport/fault-proxy.ts'
import { startDelayProxy } from './delay-proxy.ts'
import { throughProxy } from './proxied.ts'
import {
  deadManSaid,
  expectCutOff,
  expectTruth,
  leaseEnd,
  type Sampler,
  sampleHosts,
  stateOf,
  statusOf,
  uptime,
} from './silence.ts'
import {
  type Ended,
  expectAllRun,
  expectRuns,
  finish,
  handoverKeys,
  inWorld,
  type Running,
  type World,
} from './world.ts'

const lease = '3s'
const canary = [
  { name: 'canary', hosts: 1, bake: '2m' },
  { name: 'rest', hosts: 'rest' },
]
const longBake = [{ name: 'all', hosts: 'rest', bake: '2m' }]

type Meant = (entry: Entry) => boolean

/** Side by side with the others, so its clean-up is its own. */
function story(name: string, hosts: number, act: (world: World) => Promise<void>): void {
  test.concurrent(name, ({ onTestFinished }) => inWorld(hosts, act, { thinkMs: 20, onTestFinished }), 90_000)
}

function is(type: Entry['type'], host?: string): Meant {
  return entry => entry.type === type && (host === undefined || ('host' in entry && entry.host === host))
}

function tell(late: Record<string, number>): void {
  const figures = Object.entries(late).map(([host, seconds]) => `${host} ${seconds.toFixed(2)} s`)
  console.info(`back after the end of its lease: ${figures.join(', ') || 'nothing to bring back'}`)
}

interface Scene {
  readonly running: Running
  readonly sampler: Sampler
}

/** A run up to a moment of it, looked at from before its beginning. */
async function reach(
  world: World,
  moment: Meant,
  more: Record<string, unknown> = {},
  args: readonly string[] = [],
): Promise<Scene> {
  const sampler = sampleHosts(world)
  const running = world.start(world.playbook({ lease, ...more }), world.binaries.newer.path, ...args)
  await running.until(moment)
  return { running, sampler }
}

/** The controller is killed: the fleet is back, and the run is told as cut off. */
async function kill(world: World, { running, sampler }: Scene): Promise<void> {
  running.child.kill('SIGKILL')
  await running.ended
  tell(await sampler.settled())
  await expectAllRun(world, world.binaries.older.path)
  await expectCutOff(world)
}

/** The controller is stopped until the fleet is back, and goes on then: its report is the truth. */
async function stop(world: World, { running, sampler }: Scene): Promise<ReturnType<typeof finish>> {
  running.child.kill('SIGSTOP')
  tell(await sampler.settled())
  await expectAllRun(world, world.binaries.older.path)
  running.child.kill('SIGCONT')
  return expectBack(world, await running.ended)
}

/** The run has ended by itself, and the whole fleet is on old. */
async function expectBack(world: World, ended: Ended): Promise<ReturnType<typeof finish>> {
  await expectAllRun(world, world.binaries.older.path)
  await expectTruth(world, ended)
  return finish(ended)
}

const rolledBack = { exit: 2, outcome: 'rolled-back' }

describe.concurrent('the controller is killed', () => {
  story('while it prepares', 3, async world => {
    await slowLink(world, async args => {
      await kill(world, await reach(world, is('host.prepared'), {}, args))
    })
  })

  story(
    'while prepared hosts wait for the bake of the canary; the next run upgrades them all',
    3,
    async world => {
      await kill(world, await reach(world, is('stage.baking'), { stages: canary }))
      const again = await world.run(world.playbook({ lease }), world.binaries.newer.path)
      expect(finish(again)).toMatchObject({ exit: 0, outcome: 'committed' })
      await expectAllRun(world, world.binaries.newer.path)
    },
  )

  for (const ms of [0, 30, 90]) {
    story(`${ms} ms after the first switch was begun`, 2, async world => {
      // Baked, so that a late kill does not meet a run that has committed.
      const scene = await reach(world, is('host.switch.begun'), { stages: longBake })
      // Where in the phase it falls is the point of this story, so it is the one place that counts time.
      await new Promise(resolve => setTimeout(resolve, ms))
      await kill(world, scene)
    })
  }

  story('in a bake of the whole fleet', 3, async world => {
    await kill(world, await reach(world, is('stage.baking'), { stages: longBake }))
  })

  story('in the middle of a rollback, while new workers finish their requests', 2, async world => {
    const scene = await reach(world, is('stage.baking'), { stages: longBake })
    const slow = await Promise.all(world.lab.hosts.map(slowClient))
    scene.running.child.kill('SIGINT')
    await scene.running.until(is('host.revert.begun', 'h02'))
    await kill(world, scene)
    await Promise.all(slow.map(({ ended }) => ended))
  })

  story(
    'in a bake, with clients that take their time: old accepts at once, they are served on',
    2,
    async world => {
      const scene = await reach(world, is('stage.baking'), {
        stages: longBake,
        handover: { ...handoverKeys, drain_timeout: '6s' },
      })
      const slow = await Promise.all(world.lab.hosts.map(slowClient))
      const ends = world.lab.hosts.map(host => leaseEnd(host) ?? 0)
      const end = Math.max(...ends)
      const served = Promise.all(slow.map(one => one.ended)).then(uptime)
      await kill(world, scene)
      expect((await served) - end, 'hundredths of a second').toBeGreaterThan(400)
    },
  )

  story('in a bake, and masters are disturbed before the lease ends', 3, async world => {
    const scene = await reach(world, is('stage.baking'), { stages: longBake })
    scene.running.child.kill('SIGKILL')
    const [reloaded, revived, lost] = world.lab.hosts.map(mastersOf)
    // A reload of the new one; a reload of the parked old one, whose workers come back; the end of the new one.
    process.kill(reloaded?.young.pid ?? 0, 'SIGHUP')
    process.kill(revived?.old.pid ?? 0, 'SIGHUP')
    process.kill(lost?.young.pid ?? 0, 'SIGKILL')
    await kill(world, scene)
  })
})

describe.concurrent('the controller is stopped for longer than the lease, and continued', () => {
  story('while it prepares: refused, nothing was changed', 3, async world => {
    await slowLink(world, async args => {
      const end = await stop(world, await reach(world, is('host.prepared'), {}, args))
      expect(end).toMatchObject({ exit: 6, outcome: 'refused' })
    })
  })

  story('while prepared hosts wait for the bake of the canary', 3, async world => {
    const end = await stop(world, await reach(world, is('stage.baking'), { stages: canary }))
    expect(end).toMatchObject(rolledBack)
    expect(Object.values(end.hosts).map(one => one.end)).toEqual(['reverted', 'untouched', 'untouched'])
    expect(Object.values(end.hosts).map(one => one.fault?.code)).toContain('LEASE_LOST')
  })

  story('in the middle of a switch', 2, async world => {
    const end = await stop(world, await reach(world, is('host.switch.begun', 'h02')))
    expect(end).toMatchObject(rolledBack)
  })

  story('in a bake', 3, async world => {
    const end = await stop(world, await reach(world, is('stage.baking'), { stages: longBake }))
    expect(end).toMatchObject(rolledBack)
    expect(Object.values(end.hosts).map(one => one.end)).toEqual(['reverted', 'reverted', 'reverted'])
  })

  story('in the middle of a rollback', 2, async world => {
    const scene = await reach(world, is('stage.baking'), { stages: longBake })
    const slow = await Promise.all(world.lab.hosts.map(slowClient))
    scene.running.child.kill('SIGINT')
    await scene.running.until(is('host.revert.begun', 'h02'))
    expect(await stop(world, scene)).toMatchObject(rolledBack)
    await Promise.all(slow.map(({ ended }) => ended))
  })
})

story('a controller that is stopped for less than the lease goes on to its commit', 2, async world => {
  const stages = [{ name: 'all', hosts: 'rest', bake: '4s' }]
  const { running } = await reach(world, is('stage.baking'), { stages, lease: '6s' })
  running.child.kill('SIGSTOP')
  await new Promise(resolve => setTimeout(resolve, 3000))
  running.child.kill('SIGCONT')
  expect(finish(await running.ended)).toMatchObject({ exit: 0, outcome: 'committed' })
  await expectAllRun(world, world.binaries.newer.path)
})

story(
  'a host that goes back within max_failed is not told of as lost: its lease has ended with it',
  3,
  async world => {
    const stages = [
      { name: 'canary', hosts: 1, bake: '1s' },
      { name: 'rest', hosts: 'rest', bake: '4s' },
    ]
    const { running } = await reach(world, is('stage.baking'), { max_failed: 1, stages })
    // Since it was prepared; its new master cannot keep a worker.
    appendFileSync(world.host(1).config, 'working_directory /nonexistent;\n')
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 9, outcome: 'committed-with-failures' })
    const failed = ended.entries.flatMap(entry => (entry.type === 'host.failed' ? [entry.fault] : []))
    expect(failed.map(({ host, code }) => [host, code])).toEqual([['h02', 'SWITCH_FAILED']])
    await expectRuns(world.host(1), world.binaries.older.path)
  },
)

describe.concurrent('a link stalls: nothing comes through, nothing is reset', () => {
  /** Every host behind a proxy; `stalls` are the indexes of those whose link stalls during the bake. */
  const stall = async (world: World, stalls: readonly number[]) => {
    const proxies = await Promise.all(world.lab.hosts.map(host => startProxy(host.sshPort)))
    const ports = new Map(world.lab.hosts.map((host, index) => [host, proxies[index]?.port ?? 0]))
    const scene = await reach(world, is('stage.baking'), { stages: longBake }, [
      ...throughProxy(world, ports),
      '--timeout',
      '3',
    ])
    const stalled = stalls.map(index => proxies[index])
    for (const proxy of stalled) proxy?.stall()
    const hosts = world.lab.hosts.filter((_, index) => stalls.includes(index))
    const late = scene.sampler.settled(hosts)
    tell(await late)
    return {
      running: scene.running,
      flow: () => {
        for (const proxy of stalled) proxy?.flow()
      },
      end: () => Promise.all(proxies.map(proxy => proxy.stop())),
    }
  }

  story(
    'of one host, and flows again: its renewals come late and are refused, the fleet goes back',
    2,
    async world => {
      const { running, flow, end } = await stall(world, [1])
      expect(stateOf(world.host(0))).toBe('switched')
      flow()
      const ended = await expectBack(world, await running.ended)
      expect(ended).toMatchObject(rolledBack)
      expect(ended.hosts.h02?.fault?.code).toBe('LEASE_LOST')
      await end()
    },
  )

  story('of all hosts, and flows again', 2, async world => {
    const { running, flow, end } = await stall(world, [0, 1])
    flow()
    expect(await expectBack(world, await running.ended)).toMatchObject(rolledBack)
    await end()
  })

  story('of one host for good: the others go back, nobody has seen the one: exit 3', 2, async world => {
    const { running, end } = await stall(world, [1])
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 3, outcome: 'in-doubt' })
    expect(finish(ended).hosts).toMatchObject({
      h01: { end: 'reverted' },
      h02: { end: 'in-doubt', after: '' },
    })
    await end()
    await expectAllRun(world, world.binaries.older.path)
  })
})

describe.concurrent('sshd and every session are killed on a host', () => {
  story('and not started again: it is back by itself, the others go back, exit 3', 2, async world => {
    const { running, sampler } = await reach(world, is('stage.baking'), { stages: longBake })
    await stopSshd(world.host(0), { sessions: true })
    tell(await sampler.settled())
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 3, outcome: 'in-doubt' })
    expect(deadManSaid(world.host(0)).at(-1)).toMatch(/^reverted /)
    expect(finish(ended).hosts).toMatchObject({ h01: { end: 'in-doubt' }, h02: { end: 'reverted' } })
    await startSshd(world.host(0))
    const [first] = await statusOf(world)
    expect(first).toMatchObject({ host: 'h01', found: { version: '1.22.1', masters: 1 }, faults: [] })
    await expectAllRun(world, world.binaries.older.path)
  })

  story('and started again before its lease ends: the run goes on to its commit', 2, async world => {
    const stages = [{ name: 'all', hosts: 'rest', bake: '6s' }]
    const { running } = await reach(world, is('stage.baking'), { stages, lease: '20s' })
    await restartSshd(world.host(0))
    expect(finish(await running.ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)
  })

  story('and started again after its lease has ended: it is proven old, exit 2', 2, async world => {
    const { running, sampler } = await reach(world, is('stage.baking'), { stages: longBake })
    await stopSshd(world.host(0), { sessions: true })
    tell(await sampler.settled([world.host(0)]))
    await startSshd(world.host(0))
    const ended = await expectBack(world, await running.ended)
    expect(ended).toMatchObject(rolledBack)
    expect(ended.hosts.h01?.end).toBe('reverted')
  })
})

/** The last host is far away: while it is still being prepared the others are already. */
async function slowLink(world: World, act: (args: string[]) => Promise<void>): Promise<void> {
  const host = world.host(-1)
  const proxy = await startDelayProxy(host.sshPort, 60)
  await act(throughProxy(world, new Map([[host, proxy.port]])))
  await proxy.stop()
}

/** Of a switched host: the young one is the child of the old one. */
function mastersOf(host: LabHost): { old: LabProcess; young: LabProcess } {
  const masters = hostProcesses(host).filter(({ title }) => title.startsWith('nginx: master'))
  const young = masters.find(({ ppid }) => masters.some(({ pid }) => pid === ppid))
  const old = masters.find(({ pid }) => pid === young?.ppid)
  if (!young || !old) throw new Error(`${host.name} has not switched`)
  return { old, young }
}
