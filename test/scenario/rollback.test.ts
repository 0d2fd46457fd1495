import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostProcesses } from '../../src/lab/nginx.ts'
import {
  expectAllRun,
  expectRuns,
  finish,
  handoverKeys,
  inWorld,
  quickHealth,
  types,
  type World,
} from './world.ts'

const threeStages = [
  { name: 'canary', hosts: 1 },
  { name: 'half', hosts: '50%' },
  { name: 'rest', hosts: 'rest', concurrency: 1 },
]
const statusPage = quickHealth('status page', '/status', 'Active connections')
const answers = quickHealth('answers', '/healthz', 'ok')

test('a binary that serves wrongly fails at the canary: nobody else is switched, the canary goes back', async () => {
  await inWorld(4, async world => {
    const playbook = world.playbook({ stages: threeStages, health: [answers, statusPage] })
    const ended = await world.run(playbook, await world.variant('serves-wrongly'))
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    expect(finish(ended).hosts.h01?.fault).toMatchObject({ code: 'HEALTH_FAILED', host: 'h01' })
    expect(types(ended).filter(type => type === 'host.switch.begun')).toHaveLength(1)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('the last host of the last stage fails after five good ones: all six go back', async () => {
  await inWorld(
    6,
    async world => {
      const playbook = world.playbook({ stages: threeStages })
      const ended = await world.run(playbook, await world.variant('wrong-on-one-host'))
      expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
      expect(types(ended).filter(type => type === 'host.healthy')).toHaveLength(5)
      expect(types(ended).filter(type => type === 'host.reverted')).toHaveLength(6)
      expect(types(ended)).not.toContain('run.decided')
      await expectAllRun(world, world.binaries.older.path)
    },
    { quirkLast: true },
  )
})

test('max_failed: 1 with one bad host: it is proven back, the others are committed, exit 9', async () => {
  await inWorld(
    4,
    async world => {
      const bad = await world.variant('wrong-on-one-host')
      const ended = await world.run(world.playbook({ max_failed: 1 }), bad)
      expect(finish(ended)).toMatchObject({ exit: 9, outcome: 'committed-with-failures' })
      expect(finish(ended).hosts.h04).toMatchObject({ end: 'reverted', fault: { code: 'HEALTH_FAILED' } })
      for (const index of [0, 1, 2]) await expectRuns(world.host(index), bad)
      await expectRuns(world.host(3), world.binaries.older.path)
      const all = ended.entries.map(({ type, ...rest }) => ('host' in rest ? `${type} ${rest.host}` : type))
      expect(all.indexOf('host.reverted h04')).toBeLessThan(all.indexOf('run.precommitting'))
    },
    { quirkLast: true },
  )
})

test('the new master dies 2.5 seconds after its start, although every test passed', async () => {
  await inWorld(3, async world => {
    const ended = await world.run(world.playbook(), await world.variant('dies-after-tests'))
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    const failed = ended.entries.find(entry => entry.type === 'host.failed')
    expect(failed).toMatchObject({
      fault: { code: 'SWITCH_FAILED' },
      found: { version: '1.22.1', masters: 1 },
    })
    expect(JSON.stringify(failed)).toContain('could not bind')
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('a new listener whose port is held by somebody else (R4): -t passes, the preflight does not', async () => {
  await inWorld(2, async world => {
    const holder = createServer()
    await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
    const address = holder.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { config } = world.host(1)
    const more = `listen 127.0.0.1:$1;\n    listen 127.0.0.1:${port};`
    writeFileSync(config, readFileSync(config, 'utf8').replace(/listen 127\.0\.0\.1:(\d+);/, more))
    try {
      const ended = await world.run(editing(world), world.binaries.newer.path)
      expect(finish(ended)).toMatchObject({ exit: 6, outcome: 'refused' })
      expect(finish(ended).hosts.h02?.fault?.message).toContain(`taken: 127.0.0.1:${port}, while another`)
      await expectAllRun(world, world.binaries.older.path)
    } finally {
      holder.close()
    }
  })
})

/** A configuration that was edited since it was loaded is no reason against it. */
const editing = (world: World) => world.playbook({ handover: { ...handoverKeys, allow_config_change: true } })

test('a new master without workers (R5): -t passes, the preflight does not', async () => {
  await inWorld(2, async world => {
    appendFileSync(world.host(1).config, 'working_directory /nonexistent;\n')
    const ended = await world.run(editing(world), world.binaries.newer.path)
    expect(finish(ended)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(ended).hosts.h02?.fault?.message).toContain('`working_directory` /nonexistent')
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('health fails on a canary while a later stage bakes: everything goes back', async () => {
  await inWorld(4, async world => {
    const flag = join(world.dir, 'unwell-')
    const check = {
      name: 'flag',
      command: { run: ['/usr/bin/test', '!', '-e', `${flag}{{ inventory_hostname }}`] },
    }
    const playbook = world.playbook({
      health: [answers, { ...check, interval: '100ms', healthy: 1, unhealthy: 2 }],
      stages: [
        { name: 'canary', hosts: 1 },
        { name: 'rest', hosts: 'rest', bake: '1m' },
      ],
    })
    const running = world.start(playbook, world.binaries.newer.path)
    await running.until(entry => entry.type === 'stage.baking' && entry.stage === 'rest')
    writeFileSync(`${flag}h01`, '')
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    expect(finish(ended).hosts.h01?.fault).toMatchObject({ code: 'HEALTH_FAILED' })
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('a worker of a switched host is killed while it is watched: the churn fails the host', async () => {
  await inWorld(
    2,
    async world => {
      const playbook = world.playbook({ stages: [{ name: 'all', hosts: 'rest', bake: '1m' }] })
      const running = world.start(playbook, world.binaries.newer.path)
      await running.until(entry => entry.type === 'stage.baking')
      const worker = hostProcesses(world.host(0)).find(({ title }) => title === 'nginx: worker process')
      if (!worker) throw new Error('no worker')
      process.kill(worker.pid, 'SIGKILL')
      const ended = await running.ended
      expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
      expect(finish(ended).hosts.h01?.fault).toMatchObject({ code: 'HOST_CHANGED' })
      await expectAllRun(world, world.binaries.older.path)
    },
    // The killed worker may have held a request of the load; nothing else can have been lost.
    { mostFailed: 1 },
  )
}, 60_000)
