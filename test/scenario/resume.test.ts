/**
 * The controller is killed, and another one leads the run on: forward as if nothing had happened, or back. The stories run
 * side by side, because they mostly wait; each is under load, and no new connection may fail.
 */
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { startSshd, stopSshd } from '../../src/lab/sshd.ts'
import { startDelayProxy } from './delay-proxy.ts'
import { throughProxy } from './proxied.ts'
import { expectTruth, handover } from './silence.ts'
import {
  type Ended,
  expectAllRun,
  expectRuns,
  finish,
  inWorld,
  type Running,
  types,
  type World,
} from './world.ts'

const lease = '20s'
const stages = [
  { name: 'canary', hosts: 1, bake: '1s' },
  { name: 'rest', hosts: 'rest', bake: '2s' },
]

function story(name: string, hosts: number, act: (world: World) => Promise<void>): void {
  test.concurrent(name, ({ onTestFinished }) => inWorld(hosts, act, { thinkMs: 20, onTestFinished }), 120_000)
}

type Meant = (entry: Entry) => boolean

function is(type: Entry['type'], host?: string): Meant {
  return entry => entry.type === type && (host === undefined || ('host' in entry && entry.host === host))
}

/** A run up to a moment of it; then its controller is gone. */
async function killed(
  world: World,
  moment: Meant,
  more: Record<string, unknown> = {},
  args: readonly string[] = [],
): Promise<string> {
  const playbook = world.playbook({ lease, stages, concurrency: 1, ...more })
  const running = world.start(playbook, world.binaries.newer.path, ...args)
  const { run } = await running.until(moment)
  running.child.kill('SIGKILL')
  await running.ended
  return run
}

async function expectForward(world: World, ended: Ended): Promise<void> {
  expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
  await expectAllRun(world, world.binaries.newer.path)
  await expectTruth(world, ended)
}

async function expectBack(world: World, ended: Ended): Promise<void> {
  expect([ended.exit, ended.stderr]).toEqual([0, ''])
  await expectAllRun(world, world.binaries.older.path)
}

const moments: readonly [string, Meant][] = [
  ['while it inspects', is('host.inspect.begun', 'h02')],
  ['while it prepares', is('host.prepare.begun', 'h02')],
  ['when the first switch was begun', is('host.switch.begun', 'h01')],
  ['while the canary bakes', is('stage.baking')],
  ['in the middle of a stage', is('host.switched', 'h02')],
  ['between two stages', is('stage.finished')],
]

describe.concurrent('killed, and resumed: it ends as an undisturbed run', () => {
  for (const [when, moment] of moments) {
    story(when, 3, async world => {
      const run = await killed(world, moment)
      const ended = await world.command('resume', run).ended
      const [first] = ended.entries
      expect(first).toMatchObject({ type: 'run.resumed', epoch: 2, notes: [], run })
      await expectForward(world, ended)
      // There is one run, it has ended, and nothing more is to be resumed.
      const again = await world.command('resume', 'last').ended
      expect([again.exit, again.entries[0]?.type]).toEqual([0, 'resume.unneeded'])
    })
  }
})

describe.concurrent('killed, and rolled back by another controller: every host is proven old, exit 0', () => {
  for (const [when, moment] of moments) {
    story(when, 3, async world => {
      const run = await killed(world, moment)
      const ended = await world.rollback(run).ended
      await expectBack(world, ended)
      // Hosts that were never looked at are told nothing of.
      if (when !== 'while it inspects') await expectTruth(world, asRun(ended))
      const again = await world.rollback(run).ended
      expect([again.exit, again.entries[0]?.type]).toEqual([0, 'rollback.unneeded'])
    })
  }
})

story('killed on the way back: resume goes on back, exit 2', 3, async world => {
  const playbook = world.playbook({ lease, stages, concurrency: 1, rollback: { concurrency: 1 } })
  const running = world.start(playbook, world.binaries.newer.path)
  const { run } = await running.until(is('host.healthy', 'h02'))
  running.child.kill('SIGINT')
  await running.until(is('host.revert.begun'))
  running.child.kill('SIGKILL')
  await running.ended
  const ended = await world.command('resume', run).ended
  expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
  await expectAllRun(world, world.binaries.older.path)
  await expectTruth(world, ended)
})

story('the second controller is killed, too: the third one ends the run', 3, async world => {
  const run = await killed(world, is('host.switched', 'h02'))
  const second = world.command('resume', run)
  await second.until(is('host.found'))
  second.child.kill('SIGKILL')
  await second.ended
  const ended = await world.command('resume', run).ended
  expect(ended.entries[0]).toMatchObject({ type: 'run.resumed', epoch: 3 })
  await expectForward(world, ended)
})

story('two that resume at once: one leads, the other one is told', 2, async world => {
  const run = await killed(world, is('stage.baking'))
  const both = await Promise.all([1, 2].map(() => world.command('resume', run).ended))
  const [won, lost] = both.toSorted((a, b) => a.exit - b.exit) as [Ended, Ended]
  expect([lost.exit, JSON.stringify(lost.entries)]).toEqual([7, expect.stringContaining('RUN_ACTIVE')])
  await expectForward(world, won)
})

/** The run as it ended; the line after that is the answer of `rollback`, which ends with 0 when it did what it was asked. */
function asRun(ended: Ended): Ended {
  const [last, answer] = [ended.entries.at(-2), ended.entries.at(-1)]
  expect(answer).toMatchObject({ type: 'rollback.finished', exit: 0 })
  return {
    ...ended,
    entries: ended.entries.slice(0, -1),
    exit: last?.type === 'run.finished' ? last.exit : ended.exit,
  }
}

/** Two hosts, of which the second one is far away from its bake on; killed at this moment. */
async function killedNear(world: World, moment: Meant, ...more: string[]): Promise<string> {
  const far = world.host(1)
  const proxy = await startDelayProxy(far.sshPort, 0)
  const args = throughProxy(world, new Map([[far, proxy.port]]))
  const playbook = world.playbook({ lease, stages: [{ name: 'all', hosts: 'rest', bake: '1s' }] })
  const running = world.start(playbook, world.binaries.newer.path, ...args, ...more)
  const { run } = await running.until(is('stage.baking'))
  proxy.slow(2000)
  await running.until(moment)
  proxy.cut()
  proxy.slow(0)
  running.child.kill('SIGKILL')
  await running.ended
  return run
}

/** The decision is made, and only the first host has heard of it. */
const decidedHalf = (world: World, ...more: string[]) =>
  killedNear(world, is('host.committed', 'h01'), ...more)

/** The first host has promised to wait for the decision, and nothing is decided. */
const promisedHalf = (world: World) => killedNear(world, is('host.precommitted', 'h01'))

describe.concurrent('killed while hosts wait for the decision', () => {
  story('resume asks them all again, and decides', 2, async world => {
    const ended = await world.command('resume', await promisedHalf(world)).ended
    expect(types(ended, 'h01')).toContain('host.precommitted')
    await expectForward(world, ended)
  })

  story('rollback takes them back', 2, async world => {
    const ended = await world.rollback(await promisedHalf(world)).ended
    await expectBack(world, ended)
    await expectTruth(world, asRun(ended))
  })
})

describe.concurrent('killed after the decision', () => {
  story('resume brings forward whoever has not heard of it', 2, async world => {
    const run = await decidedHalf(world)
    const ended = await world.command('resume', run).ended
    await expectForward(world, ended)
  })

  story('rollback says that it goes forward first, and undoes it then', 2, async world => {
    const run = await decidedHalf(world)
    const refused = await world.rollback(run).ended
    expect(refused.exit).toBe(3)
    expect(JSON.stringify(refused.entries)).toContain('RUN_UNSETTLED')
    expect(JSON.stringify(refused.entries)).toContain(`handover resume ${run}`)
    expect((await world.command('abort', run).ended).exit).toBe(6)
    expect((await world.command('resume', run).ended).exit).toBe(0)
    const undone = await world.rollback(run).ended
    expect(undone.exit).toBe(0)
    await expectAllRun(world, world.binaries.older.path)
    await expectTruth(world, undone)
  })
})

story(
  'in doubt, because a host was lost on the way back: resume proves that it is back, exit 2',
  2,
  async world => {
    const playbook = world.playbook({ lease: '4s', stages: [{ name: 'all', hosts: 'rest', bake: '1m' }] })
    const running = world.start(playbook, world.binaries.newer.path)
    const { run } = await running.until(is('stage.baking'))
    await stopSshd(world.host(0), { sessions: true })
    expect(finish(await running.ended)).toMatchObject({ exit: 3, outcome: 'in-doubt' })
    await startSshd(world.host(0))
    const ended = await world.command('resume', run).ended
    expect(finish(ended)).toMatchObject({
      exit: 2,
      outcome: 'rolled-back',
      hosts: { h01: { end: 'reverted' } },
    })
    await expectAllRun(world, world.binaries.older.path)
    await expectTruth(world, ended)
    expect((await world.command('resume', run).ended).exit).toBe(2)
    expect((await world.rollback(run).ended).exit).toBe(0)
  },
)

/** What the older controller is stopped in, and continued again while the new one leads, or after it. */
describe.concurrent('an older controller that comes back', () => {
  const begin = async (world: World): Promise<{ running: Running; run: string }> => {
    const playbook = world.playbook({ lease, stages: [{ name: 'all', hosts: 'rest', bake: '3s' }] })
    const running = world.start(playbook, world.binaries.newer.path)
    const { run } = await running.until(is('stage.baking'))
    running.child.kill('SIGSTOP')
    return { running, run }
  }

  story(
    'from the same directory sees that it was taken over, and does nothing more: exit 3',
    2,
    async world => {
      const { running, run } = await begin(world)
      const refused = await world.command('resume', run).ended
      expect([refused.exit, JSON.stringify(refused.entries)]).toEqual([
        7,
        expect.stringContaining('RUN_ACTIVE'),
      ])
      const second = world.command('resume', run, '--takeover')
      await second.until(is('stage.baking'))
      running.child.kill('SIGCONT')
      const first = await running.ended
      expect(first.exit).toBe(3)
      expect(JSON.stringify(first.entries.at(-1))).toContain('RUN_TAKEN_OVER')
      await expectForward(world, await second.ended)
      expect((await handover(world, 'show', run)).out).toContain('controller 2 led it')
    },
  )

  story('from another copy of the directory is refused by the hosts', 2, async world => {
    const { running, run } = await begin(world)
    cpSync(join(world.dir, 'runs'), join(world.dir, 'elsewhere'), { recursive: true })
    const second = world.command('resume', run, '--takeover', '--run-dir', join(world.dir, 'elsewhere'))
    await second.until(is('stage.baking'))
    running.child.kill('SIGCONT')
    const first = await running.ended
    expect(finish(first)).toMatchObject({ exit: 3, outcome: 'in-doubt' })
    expect(JSON.stringify(first.entries)).toContain('a later controller')
    expect(types(first)).not.toContain('host.committed')
    expect(types(first)).not.toContain('host.reverted')
    const ended = await second.ended
    await expectForward(world, ended)
  })
})

describe.concurrent('without the journal', () => {
  const from = (world: World, playbook: string, ...args: string[]) =>
    world.command(
      'resume',
      '--from-hosts',
      playbook,
      '-i',
      world.lab.inventory,
      '--run-dir',
      join(world.dir, 'new'),
      '-e',
      `artifact=${world.binaries.newer.path}`,
      ...args,
    )

  story('no host has heard of a decision: every host goes back, exit 2', 3, async world => {
    const run = await killed(world, is('host.switched', 'h02'))
    const led = await from(world, world.playbook({ lease, stages })).ended
    expect([led.exit, JSON.stringify(led.entries)]).toEqual([7, expect.stringContaining('RUN_ACTIVE')])
    expect(JSON.stringify(led.entries)).toMatch(/lets go within \d+s.*--takeover/)
    const ended = await from(world, world.playbook({ lease, stages }), '--takeover').ended
    expect(finish(ended)).toMatchObject({ run, exit: 2, outcome: 'rolled-back' })
    await expectAllRun(world, world.binaries.older.path)
    await expectTruth(world, ended)
    const again = await from(world, world.playbook({ lease, stages })).ended
    expect([again.exit, again.entries[0]?.type]).toEqual([0, 'resume.unneeded'])
  })

  story('a host has heard of it: every host goes forward, exit 0', 2, async world => {
    const run = await decidedHalf(world)
    const playbook = world.playbook({ lease })
    const other = await from(world, playbook, '-e', `artifact=${await world.variant('serves-wrongly')}`).ended
    expect([other.exit, JSON.stringify(other.entries)]).toEqual([
      4,
      expect.stringContaining('RUN_OTHER_ARTIFACT'),
    ])
    const ended = await from(world, playbook, run.slice(0, 15), '--takeover').ended
    expect(finish(ended)).toMatchObject({ run })
    await expectForward(world, ended)
  })

  story('a host that the run never came to is not upgraded with the others', 3, async world => {
    await decidedHalf(world, '--limit', 'h01,h02')
    const ended = await from(world, world.playbook({ lease }), '--takeover').ended
    const [opening] = ended.entries
    expect(JSON.stringify(opening)).toContain('without a record of this run, so left as they are: h03')
    const { hosts, ...end } = finish(ended)
    expect([end, Object.keys(hosts)]).toMatchObject([{ exit: 0, outcome: 'committed' }, ['h01', 'h02']])
    await expectRuns(world.host(0), world.binaries.newer.path)
    await expectRuns(world.host(2), world.binaries.older.path)
  })

  story('the only one that has heard of it does not answer: nothing is led back', 2, async world => {
    const run = await decidedHalf(world)
    await stopSshd(world.host(0), { sessions: true })
    const refused = await from(world, world.playbook({ lease }), '--takeover').ended
    expect([refused.exit, JSON.stringify(refused.entries)]).toEqual([
      6,
      expect.stringContaining('it may have heard of a decision'),
    ])
    expect(existsSync(join(world.dir, 'new', run))).toBe(false)
    await startSshd(world.host(0))
    await expectForward(world, await from(world, world.playbook({ lease }), '--takeover').ended)
  })

  story('a switched host has lost its record, too: in doubt, not untouched', 2, async world => {
    await killed(world, is('host.switched', 'h02'))
    rmSync(join(world.host(1).root, 'var/lib/handover'), { recursive: true, force: true })
    const ended = await from(world, world.playbook({ lease, stages }), '--takeover').ended
    expect(finish(ended)).toMatchObject({
      exit: 3,
      outcome: 'in-doubt',
      hosts: { h01: { end: 'reverted' }, h02: { end: 'in-doubt' } },
    })
  })
})
