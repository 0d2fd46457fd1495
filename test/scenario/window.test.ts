/**
 * Maintenance windows on the lab. Cron counts in minutes, so each window here began some minutes ago and ends within seconds:
 * the end of an allowed one closes, that of a denied one opens.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { expectTruth, handover } from './silence.ts'
import { expectAllRun, finish, inWorld, type World } from './world.ts'

function story(name: string, hosts: number, act: (world: World) => Promise<void>): void {
  test.concurrent(name, ({ onTestFinished }) => inWorld(hosts, act, { thinkMs: 20, onTestFinished }), 180_000)
}

const is = (type: Entry['type']) => (entry: Entry) => entry.type === type

/** From some minutes ago until that moment. */
function until(kind: 'allow' | 'deny', endMs: number) {
  const begin = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 120_000)
  return {
    [kind]: `${begin.getUTCMinutes()} ${begin.getUTCHours()} * * *`,
    duration: `${endMs - begin.getTime()}ms`,
    time_zone: 'UTC',
  }
}

/** A run whose window closes when the canary is switched and the rest is not; resolves when it has closed. */
async function closing(world: World, onClose: string) {
  // On a busy machine it may close before anybody is switched: then nothing was touched, and the next one is longer.
  for (let soonMs = 8000; ; soonMs *= 2) {
    const running = world.start(playbookFor(world, onClose, soonMs), world.binaries.newer.path)
    const begun = await running.until(is('host.switched')).catch(() => undefined)
    if (begun) return { running, closed: await running.until(is('window.closed')) }
    expect((await running.ended).exit).toBe(8)
  }
}

function playbookFor(world: World, onClose: string, soonMs: number): string {
  const begun = Date.now()
  const later = new Date(begun + 12 * 3_600_000)
  const next = { allow: `0 ${later.getUTCHours()} * * *`, duration: '1h', time_zone: 'UTC' }
  const windows = [until('allow', begun + soonMs), next]
  // What is left of the window would be too short for a bake, and a run that would go back does not begin.
  const isBaked = onClose !== 'rollback'
  const canary = { name: 'canary', hosts: 1, bake: isBaked ? `${soonMs + 3000}ms` : '1s' }
  const rest = isBaked ? { name: 'rest', hosts: 'rest' } : gated
  return world.playbook({ stages: [canary, rest], windows, on_window_close: onClose })
}

/** Nobody approves. */
const gated = { name: 'rest', hosts: 'rest', gate: 'approval' }

describe.concurrent('a window', () => {
  story('that is closed: nothing is touched, or it waits', 1, async world => {
    const { newer, older } = world.binaries
    const closed = world.playbook({ windows: [until('deny', Date.now() + 600_000)] })
    const refused = await world.run(closed, newer.path)
    expect(refused.exit).toBe(8)
    expect(refused.entries).toMatchObject([
      {
        type: 'run.refused',
        exit: 8,
        faults: [{ code: 'WINDOW_CLOSED', hint: expect.stringContaining('--wait') }],
      },
    ])

    const waiting = world.start(closed, newer.path, '--wait')
    const line = await waiting.until(entry => `${entry.type}` === 'window.waiting')
    expect(line).toMatchObject({ summary: expect.stringContaining('nothing is contacted before') })
    waiting.child.kill('SIGINT')
    expect((await waiting.ended).exit).toBe(130)
    expect(existsSync(join(world.dir, 'runs'))).toBe(false)
    expect(existsSync(join(world.host(0).root, 'var/lib/handover'))).toBe(false)
    await expectAllRun(world, older.path)

    const opensMs = Date.now() + 4000
    const soon = world.playbook({ windows: [until('deny', opensMs)] })
    const ended = await world.run(soon, newer.path, '--wait')
    expect(ended.exit).toBe(0)
    const started = ended.entries.find(is('run.started'))
    expect(Date.parse(started?.at ?? '')).toBeGreaterThanOrEqual(opensMs)
    await expectAllRun(world, newer.path)
  })

  story('that closes takes the fleet back', 2, async world => {
    const { running } = await closing(world, 'rollback')
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    expect(ended.entries.find(is('run.rolling_back'))).toMatchObject({
      reason: 'the maintenance window has closed',
    })
    await expectAllRun(world, world.binaries.older.path)
    await expectTruth(world, ended)
  })

  story('that closes holds, and says so, until somebody takes it back', 2, async world => {
    const { running, closed } = await closing(world, 'hold')
    expect(closed).toMatchObject({ next: 'hold', zone: 'UTC' })
    const shown = await handover(world, 'show', closed.run)
    expect(shown.out).toMatch(/HOLDS until \w{3} \S+ \d\d:00 UTC: window closed/)
    expect((await world.command('abort', closed.run).ended).exit).toBe(0)
    expect(finish(await running.ended)).toMatchObject({ exit: 2 })
    await expectAllRun(world, world.binaries.older.path)
  })

  story('that closes lets a run finish, where it is told to', 2, async world => {
    const { running, closed } = await closing(world, 'finish')
    expect(closed).toMatchObject({ next: 'finish' })
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)
  })
})
