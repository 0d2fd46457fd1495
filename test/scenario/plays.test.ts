/** Two plays of one playbook over real hosts: in turn, cut off, interrupted; and what `plan --diff` says before and after. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { listRuns } from '../../src/journal/run-directory.ts'
import { type Ended, expectRuns, inWorld, program, type World } from './world.ts'

/** The first half of the hosts, then the other one from behind. */
function twoPlays(world: World): string {
  const play = (more: Record<string, unknown>) => JSON.parse(readFileSync(world.playbook(more), 'utf8'))
  const stages = [{ name: 'all', hosts: 'rest', bake: '1s' }]
  const plays = [
    play({ name: 'front', hosts: 'lab[0:1]', stages }),
    play({ name: 'back', hosts: 'lab[2:3]', order: 'reverse' }),
  ]
  const file = join(world.dir, 'site.yml')
  writeFileSync(file, JSON.stringify(plays))
  return file
}

async function expectVersions(world: World, ...binaries: readonly ('older' | 'newer')[]): Promise<void> {
  for (const [index, which] of binaries.entries()) {
    await expectRuns(world.host(index), world.binaries[which].path)
  }
}

/** The last line, and the runs that stand in it. */
function whole(ended: Ended) {
  const last = ended.entries.at(-1) as unknown as Record<string, unknown> & {
    readonly plays: readonly {
      readonly name: string
      readonly run: string | null
      readonly outcome: string | null
    }[]
  }
  expect(last).toMatchObject({ type: 'plays.finished', exit: ended.exit })
  return last
}

const isBaking = (entry: Entry) => entry.type === 'stage.baking'

test('the second play begins only behind a first one that is done, and whoever runs it again passes over what is done', async () => {
  await inWorld(4, async world => {
    const { older, newer } = world.binaries
    const file = twoPlays(world)
    const compare = async () => {
      const args = ['-i', world.lab.inventory, '-e', `artifact=${newer.path}`, '--detailed-exitcode']
      const { exit, entries } = await world.command('plan', file, ...args).ended
      const rows = entries as unknown as {
        type: string
        host: string
        state: string
        runs: { version: string }
        wanted: { version: string }
      }[]
      return {
        exit,
        rows: rows.flatMap(({ type, host, state, runs, wanted }) =>
          type === 'host.compared' ? [`${host} ${state} ${runs.version} ${wanted.version}`] : [],
        ),
      }
    }
    const change = (host: string) => `${host} change ${older.version} ${newer.version}`
    expect(await compare()).toEqual({ exit: 10, rows: ['h01', 'h02', 'h04', 'h03'].map(change) })
    expect(listRuns(join(world.dir, 'runs'))).toEqual([])

    const interrupted = world.start(file, newer.path)
    await interrupted.until(isBaking)
    interrupted.child.kill('SIGINT')
    expect(whole(await interrupted.ended)).toMatchObject({
      exit: 2,
      summary: 'not begun: back',
      plays: [
        { name: 'front', outcome: 'rolled-back', exit: 2 },
        { name: 'back', run: null, exit: null },
      ],
    })
    await expectVersions(world, 'older', 'older', 'older', 'older')

    const killed = world.start(file, newer.path)
    const { run } = await killed.until(isBaking)
    killed.child.kill('SIGKILL')
    await killed.ended
    const resumed = await world.command('resume', run, '-y').ended
    expect(resumed.exit).toBe(0)
    expect(resumed.entries.at(-1)).toMatchObject({ type: 'run.finished', exit: 0 })
    expect(resumed.stderr).toContain('this was play 1 of 2; not begun by its controller: back')
    await expectVersions(world, 'newer', 'newer', 'older', 'older')

    // Too late for the first play, which is decided; the second one is not begun for all that.
    const late = world.start(file, older.path)
    await late.until(entry => entry.type === 'run.decided')
    late.child.kill('SIGINT')
    expect(whole(await late.ended)).toMatchObject({
      exit: 130,
      plays: [
        { name: 'front', outcome: 'committed', exit: 0 },
        { name: 'back', run: null },
      ],
    })
    await expectVersions(world, 'older', 'older', 'older', 'older')

    const all = await world.run(file, newer.path)
    const { plays } = whole(all)
    expect(all.exit).toBe(0)
    expect(plays.map(({ outcome }) => outcome)).toEqual(['committed', 'committed'])
    const started = all.entries.filter(entry => entry.type === 'run.started')
    expect(started.map(entry => [entry.run, entry.play])).toEqual([
      [plays[0]?.run, { number: 1, of: 2, later: ['back'] }],
      [plays[1]?.run, { number: 2, of: 2, later: [] }],
    ])
    expect(all.entries.findIndex(entry => entry.run === plays[1]?.run)).toBeGreaterThan(
      all.entries.findIndex(entry => entry.type === 'run.finished'),
    )
    await expectVersions(world, 'newer', 'newer', 'newer', 'newer')
    expect(await compare()).toEqual({
      exit: 0,
      rows: ['h01', 'h02', 'h04', 'h03'].map(host => `${host} current ${newer.version} ${newer.version}`),
    })
  })
}, 120_000)

test('interrupted while the second play only gets ready, it changes nothing', async () => {
  await inWorld(4, async world => {
    const args = ['run', twoPlays(world), '-i', world.lab.inventory, '-y', '--output', 'plain']
    const more = ['-e', `artifact=${world.binaries.newer.path}`, '--run-dir', join(world.dir, 'runs')]
    const child = spawn(process.execPath, [program, ...args, ...more], { cwd: world.dir })
    let out = ''
    child.stdout.on('data', chunk => {
      const was = out.includes('play 2 of 2')
      out += String(chunk)
      if (!was && out.includes('play 2 of 2')) child.kill('SIGINT')
    })
    const [code] = await once(child, 'exit')
    expect([code, out]).toEqual([130, expect.stringContaining('plays, exit 130')])
    await expectVersions(world, 'newer', 'newer', 'older', 'older')
  })
})
