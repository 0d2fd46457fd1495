/**
 * The controller is killed at every effect: before its intent is on disk, while that is written, and after it is durable
 * (so before the effect), and the same for what came of it. Then the run is resumed, or rolled back, or left alone. Point
 * after point, until a run ends without a kill. HANDOVER_SWEEP=full tries each point with each ending; without it every
 * write has one side and one ending, in turn.
 */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pLimit from 'p-limit'
import { expect, test } from 'vitest'
import { readJournal } from '../../src/journal/run-directory.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { runCommand } from '../../src/lab/command.ts'
import { deadMen, until } from '../host/world.ts'
import { handover, sampleHosts, statusOf } from './silence.ts'
import { expectAllRun, expectRuns, inWorld, program, type World } from './world.ts'

const isFull = process.env.HANDOVER_SWEEP === 'full'
const sides = ['before', 'torn', 'after'] as const
const endings = ['resume', 'rollback', 'nothing'] as const
const atOneTime = 4
/** More writes than any run of this size makes. */
const mostWrites = 80
const runTimeoutMs = 60_000

type Ending = (typeof endings)[number]
interface Point {
  readonly side: (typeof sides)[number]
  readonly write: number
  readonly ending: Ending
}

const tally = new Map<string, number>()
const count = (what: string) => tally.set(what, (tally.get(what) ?? 0) + 1)

/** Two stages, so that there is a stage before and after a bake. */
const playbookKeys = {
  lease: '3s',
  stages: [
    { name: 'canary', hosts: 1, bake: '200ms' },
    { name: 'rest', hosts: 'rest' },
  ],
}

/** @returns false when the run came to its end without reaching the point. */
async function killAt(world: World, { side, write }: Point): Promise<boolean> {
  const begun = performance.now()
  const { code } = await runKilled(world, `${side}:${write}`)
  expect(performance.now() - begun, 'milliseconds of the run').toBeLessThan(runTimeoutMs)
  if (code === undefined) return true
  expect(code, `no kill at ${side}:${write}`).toBe(0)
  return false
}

async function runKilled(world: World, at: string) {
  const preload = resolve(import.meta.dirname, 'kill-at.mjs')
  const playbook = world.playbook(playbookKeys)
  const args = ['run', playbook, '-i', world.lab.inventory, '-e', `artifact=${world.binaries.newer.path}`]
  const dirs = ['--run-dir', join(world.dir, 'runs'), '--output', 'json']
  return runCommand(process.execPath, ['--import', preload, program, ...args, ...dirs], {
    timeoutMs: runTimeoutMs,
    cwd: world.dir,
    env: { ...process.env, KILL_AT: at },
  })
}

const isDecided = (world: World) => holds(world, 'run.decided')

/** Is such an entry in the journal of the killed run? */
function holds(world: World, wanted: 'run.decided' | 'run.finished'): boolean {
  const runs = join(world.dir, 'runs')
  const [run = ''] = readdirSync(runs)
  return readJournal(runs, run).some(({ type }) => type === wanted)
}

async function allNew(world: World): Promise<void> {
  await expectAllRun(world, world.binaries.newer.path)
}

async function allOld(world: World): Promise<void> {
  await expectAllRun(world, world.binaries.older.path)
}

/** What `show` says of every host is what a fresh look finds. */
async function expectTruth(world: World): Promise<void> {
  const { out } = await handover(world, 'show', 'last', '--output', 'json')
  const last = JSON.parse(out.trim().split('\n').at(-1) ?? '')
  expect(last.type).toBe('run.finished')
  const told = Object.entries(last.hosts as Record<string, { after: string }>).map(([host, { after }]) => [
    host,
    after,
  ])
  expect(told).toEqual((await statusOf(world)).map(({ host, found }) => [host, found?.version]))
}

/** Goes on with it; a run that cannot be completed has gone back. */
async function resume(world: World): Promise<void> {
  const { code } = await handover(world, 'resume', 'last', '-y')
  count(`resume ${code}`)
  // Killed before its first entry there is no run to go on with.
  if (code === 130) return allOld(world)
  expect([0, 2], 'the exit of resume').toContain(code)
  if (code === 0) await allNew(world)
  else await allOld(world)
  await expectTruth(world)
}

async function rollBack(world: World): Promise<void> {
  const decided = isDecided(world)
  const finished = holds(world, 'run.finished')
  const { code } = await handover(world, 'rollback', 'last', '-y')
  count(`rollback ${decided ? 'when decided ' : ''}${code}`)
  if (!decided) {
    // Killed before its first entry it has an empty journal, which a lost one would look like.
    expect([0, 130], 'the exit of rollback').toContain(code)
    return allOld(world)
  }
  if (finished) {
    // Killed behind its last entry it is a run that has committed.
    expect(code, 'the exit of rollback of a run that is done').toBe(0)
    return allOld(world)
  }
  // Decided it goes forward first, and is undone then.
  expect(code).toBeGreaterThan(0)
  await resume(world)
  expect((await handover(world, 'rollback', 'last', '-y')).code).toBe(0)
  await allOld(world)
}

/** Undecided, every host is back by itself; decided, those that heard of it are new, and `resume` brings up the others. */
async function leaveAlone(world: World, sampler: ReturnType<typeof sampleHosts>): Promise<void> {
  if (isDecided(world)) {
    await sampler.settled([])
    // Their leases are a minute long then.
    if (isFull) await eachByItself(world)
    return resume(world)
  }
  count('left alone')
  await sampler.settled()
  await allOld(world)
}

async function eachByItself(world: World): Promise<void> {
  await until(() => deadMen(world.lab.dir).length === 0, 120_000)
  const { newer, older } = world.binaries
  for (const host of world.lab.hosts) {
    const isNew = (await sha256OfFile(host.binary)) === (await sha256OfFile(newer.path))
    count(`left alone when decided, ${isNew ? 'new' : 'old'}`)
    await expectRuns(host, isNew ? newer.path : older.path)
  }
}

async function story(world: World, point: Point): Promise<boolean> {
  const sampler = sampleHosts(world)
  if (!(await killAt(world, point))) {
    await sampler.settled([])
    return false
  }
  count(`killed ${point.side}`)
  if (point.ending === 'nothing') await leaveAlone(world, sampler)
  else {
    await sampler.settled([])
    await (point.ending === 'resume' ? resume(world) : rollBack(world))
  }
  return true
}

function pointsAt(write: number): Point[] {
  return sides.flatMap((side, index) => {
    if (!isFull && write % sides.length !== index) return []
    const turn = endings[Math.floor(write / sides.length) % endings.length] ?? 'resume'
    return (isFull ? endings : [turn]).map(ending => ({ side, write, ending }))
  })
}

test(
  'killed at every write of its journal, the run ends all-new or all-old, whoever goes on with it',
  async () => {
    const limited = pLimit(atOneTime)
    let isOver = false
    const stories: Promise<void>[] = []
    for (let write = 1; write <= mostWrites; write++) {
      for (const point of pointsAt(write)) {
        stories.push(
          limited(async () => {
            if (isOver) return
            const clean: (() => Promise<void>)[] = []
            try {
              await inWorld(
                2,
                async world => {
                  if (!(await story(world, point))) isOver = true
                },
                { thinkMs: 20, onTestFinished: one => void clean.push(one) },
              )
            } catch (error) {
              const { side, write, ending } = point
              throw new Error(`killed ${side} write ${write}, then ${ending}: ${String(error)}`, {
                cause: error,
              })
            } finally {
              for (const one of clean) await one()
            }
          }),
        )
      }
    }
    const ends = await Promise.allSettled(stories)
    console.info([...tally].map(([what, times]) => `${what}: ${times}`).join(', '))
    expect(
      ends.flatMap(end => (end.status === 'rejected' ? [String(end.reason).slice(0, 600)] : [])),
    ).toEqual([])
    expect(isOver, 'a run has ended without a kill').toBe(true)
  },
  isFull ? 3_600_000 : 600_000,
)
