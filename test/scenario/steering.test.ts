/**
 * A run is steered from another terminal, by signals, and by a terminal that goes away. Side by side, under load: whatever
 * is asked, no new connection fails, and what is told is what a fresh look finds.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { readJournal } from '../../src/journal/run-directory.ts'
import { slowClient, until } from '../host/world.ts'
import { startProxy } from '../transport/fault-proxy.ts'
import { throughProxy } from './proxied.ts'
import { expectTruth, handover, sampleHosts } from './silence.ts'
import {
  type Ended,
  expectAllRun,
  finish,
  inWorld,
  program,
  type Running,
  types,
  type World,
} from './world.ts'

const longBake = [{ name: 'all', hosts: 'rest', bake: '2m' }]

function story(name: string, hosts: number, act: (world: World) => Promise<void>): void {
  test.concurrent(name, ({ onTestFinished }) => inWorld(hosts, act, { thinkMs: 20, onTestFinished }), 90_000)
}

function is(type: Entry['type'], host?: string): (entry: Entry) => boolean {
  return entry => entry.type === type && (host === undefined || ('host' in entry && entry.host === host))
}

async function baking(world: World, more: Record<string, unknown> = {}, ...args: string[]) {
  const playbook = world.playbook({ stages: longBake, ...more })
  const running = world.start(playbook, world.binaries.newer.path, ...args)
  const { run } = await running.until(is('stage.baking'))
  return { running, run }
}

/** What waits for the controller, or for whoever has asked it. */
function asked(world: World, run: string): string[] {
  try {
    return readdirSync(join(world.dir, 'runs', run, 'requests')).filter(name => !name.startsWith('.'))
  } catch {
    return []
  }
}

async function expectTakenBack(world: World, running: Running): Promise<Ended> {
  const ended = await running.ended
  expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
  await expectAllRun(world, world.binaries.older.path)
  await expectTruth(world, ended)
  return ended
}

describe.concurrent('from another terminal', () => {
  story('abort: every host goes back, it waits for that and exits 0', 3, async world => {
    const { running, run } = await baking(world)
    const answer = await world.command('abort', run).ended
    expect([answer.exit, answer.entries.map(({ type }) => type)]).toEqual([
      0,
      ['run.abort_accepted', 'run.aborted'],
    ])
    const ended = await expectTakenBack(world, running)
    expect(ended.entries.find(({ type }) => type === 'run.interrupted')).toMatchObject({
      signal: 'abort',
      by: expect.stringMatching(/^\w+@.+/),
    })
    expect(asked(world, run)).toEqual([])
    expect((await world.command('abort', run).ended).exit).toBe(6)
  })

  story('rollback of a run that goes on and is not decided is an abort', 2, async world => {
    const { running, run } = await baking(world)
    expect((await world.rollback(run).ended).exit).toBe(0)
    await expectTakenBack(world, running)
  })

  story('abort before anything was changed: exit 0 for who asked, 130 for the run', 2, async world => {
    const running = world.start(world.playbook(), world.binaries.newer.path)
    const { run } = await running.until(is('run.started'))
    running.child.kill('SIGSTOP')
    const asking = world.command('abort', run)
    await until(() => asked(world, run).length > 0, 20_000)
    running.child.kill('SIGCONT')
    const [answer, ended] = await Promise.all([asking.ended, running.ended])
    expect(answer.exit).toBe(0)
    expect([2, 130]).toContain(ended.exit)
    await expectAllRun(world, world.binaries.older.path)
  })

  story('pause holds the next stage, resume lets it go on', 3, async world => {
    const stages = [
      { name: 'canary', hosts: 1, bake: '15s' },
      { name: 'rest', hosts: 'rest' },
    ]
    const { running, run } = await baking(world, { stages })
    expect((await world.command('pause', run, '--for', '10m').ended).exit).toBe(0)
    expect((await world.command('pause', run).ended).exit).toBe(6)
    await running.until(is('stage.baked'))
    await pause(1500)
    expect(readJournal(join(world.dir, 'runs'), run).map(({ type }) => type)).not.toContain('stage.finished')
    const shown = await handover(world, 'show', run)
    expect(shown.out).toContain('controller 1 leads it')
    const on = await world.command('resume', run).ended
    expect([on.exit, on.entries[0]?.type]).toEqual([0, 'run.continue_accepted'])
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectTruth(world, ended)
  })

  story('a pause that nobody ends takes the run back', 2, async world => {
    const { running, run } = await baking(world)
    expect((await world.command('pause', run, '--for', '2s').ended).exit).toBe(0)
    await expectTakenBack(world, running)
  })

  story('approve lets the stage begin that waits, and only that one', 2, async world => {
    const stages = [
      { name: 'canary', hosts: 1 },
      { name: 'rest', hosts: 'rest', gate: 'approval' },
    ]
    const running = world.start(world.playbook({ stages }), world.binaries.newer.path)
    const { run } = await running.until(is('gate.waiting'))
    const other = await world.command('approve', run, '--stage', 'canary').ended
    expect([other.exit, JSON.stringify(other.entries)]).toEqual([
      6,
      expect.stringContaining('the stage that waits is rest'),
    ])
    expect((await world.command('approve', run, '--stage', 'rest').ended).exit).toBe(0)
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectTruth(world, ended)
  })

  story('a controller that is stopped does not answer: the request is taken back', 2, async world => {
    const { running, run } = await baking(world)
    running.child.kill('SIGSTOP')
    const answer = await world.command('abort', run).ended
    expect([answer.exit, JSON.stringify(answer.entries)]).toEqual([3, expect.stringContaining('RUN_SILENT')])
    expect(asked(world, run)).toEqual([])
    running.child.kill('SIGCONT')
    await pause(1000)
    expect(readJournal(join(world.dir, 'runs'), run).map(({ type }) => type)).not.toContain('run.interrupted')
    running.child.kill('SIGINT')
    await expectTakenBack(world, running)
  })
})

describe.concurrent('by a signal', () => {
  story('a second Ctrl-C leaves at once: exit 3, the leases take every host back', 3, async world => {
    const sampler = sampleHosts(world)
    const { running, run } = await baking(world, { lease: '5s' })
    const slow = await Promise.all(world.lab.hosts.map(slowClient))
    running.child.kill('SIGINT')
    await running.until(is('host.revert.begun'))
    // The same key by another way, as npm passes it on, counts once.
    running.child.kill('SIGINT')
    await pause(600)
    running.child.kill('SIGINT')
    const ended = await running.ended
    expect(ended.exit).toBe(3)
    expect(types(ended)).not.toContain('run.finished')
    expect(ended.stderr).toContain('Ctrl-C again leaves at once')
    expect(ended.stderr).toContain(`handover resume ${run}`)
    await Promise.all(slow.map(one => one.ended))
    await sampler.settled()
    await expectAllRun(world, world.binaries.older.path)
    const taken = await world.rollback(run).ended
    expect(taken.exit).toBe(0)
    await expectAllRun(world, world.binaries.older.path)
  })

  story('SIGTERM with a host that does not answer any more leaves in time: 3', 2, async world => {
    const proxies = await Promise.all(world.lab.hosts.map(host => startProxy(host.sshPort)))
    const ports = new Map(world.lab.hosts.map((host, index) => [host, proxies[index]?.port ?? 0]))
    const sampler = sampleHosts(world)
    const { running, run } = await baking(world, { lease: '25s' }, ...throughProxy(world, ports))
    proxies[1]?.stall()
    const sent = performance.now()
    running.child.kill('SIGTERM')
    const ended = await running.ended
    expect(ended.exit).toBe(3)
    expect(performance.now() - sent).toBeGreaterThan(7000)
    expect(performance.now() - sent).toBeLessThan(9800)
    expect(ended.stderr).toContain(`handover rollback ${run}`)
    proxies[1]?.flow()
    const taken = await world.rollback(run).ended
    expect(taken.exit).toBe(0)
    await expectAllRun(world, world.binaries.older.path)
    await sampler.settled()
    await Promise.all(proxies.map(proxy => proxy.stop()))
  })

  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    story(`${signal} while nothing has been begun, and no host answers: ${exit}`, 1, async world => {
      const host = world.host(0)
      const proxy = await startProxy(host.sshPort)
      proxy.stall()
      const args = [...throughProxy(world, new Map([[host, proxy.port]])), '--timeout', '60']
      const running = world.start(world.playbook(), world.binaries.newer.path, ...args)
      await running.until(is('host.inspect.begun'))
      running.child.kill(signal)
      await pause(500)
      if (signal === 'SIGINT') running.child.kill(signal)
      const ended = await running.ended
      expect([ended.exit, ended.stderr]).toEqual([exit, expect.stringContaining('nothing is left changed')])
      await proxy.stop()
      await expectAllRun(world, world.binaries.older.path)
    })
  }

  story('SIGHUP: the terminal is gone, the run goes back all the same', 2, async world => {
    const { running } = await baking(world)
    running.child.stdout?.destroy()
    running.child.stderr?.destroy()
    running.child.kill('SIGHUP')
    const [code] = (await once(running.child, 'exit')) as [number]
    expect(code).toBe(2)
    await expectAllRun(world, world.binaries.older.path)
  })
})

/** What a shell does with `handover run ... | head -1`. */
story(
  'nobody reads its output any more: it goes on to its commit, and its exit code counts',
  2,
  async world => {
    const playbook = world.playbook({ stages: [{ name: 'all', hosts: 'rest', bake: '1s' }] })
    const place = join(world.dir, 'runs')
    const words = [process.execPath, program, 'run', playbook, '-i', world.lab.inventory, '--run-dir', place]
    const quoted = [...words, '-e', `artifact=${world.binaries.newer.path}`]
      .map(word => `'${word}'`)
      .join(' ')
    const shell = spawn('bash', [
      '-c',
      `set -o pipefail; ${quoted} 2>&1 | head -1; echo "exit \${PIPESTATUS[0]}"`,
    ])
    let said = ''
    shell.stdout.on('data', chunk => {
      said += chunk
    })
    await once(shell, 'close')
    expect(said.trim().split('\n').at(-1)).toBe('exit 0')
    await expectAllRun(world, world.binaries.newer.path)
    const [run = ''] = readdirSync(place)
    const entries = readJournal(place, run)
    const ended = { exit: 0, entries, stderr: '' }
    expect(finish(ended)).toMatchObject({ outcome: 'committed' })
    expect(types(ended)).toContain('run.decided')
    await expectTruth(world, ended)
  },
)
