/** Who has which host, told and ended by `handover lock`. */
import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'
import { deadMenOf, expectAllRun, expectNoTraces, finish, inWorld, program, type World } from './world.ts'

const baked = [{ name: 'all', hosts: 'rest', bake: '1h' }]

interface Said {
  readonly exit: number
  readonly lines: Record<string, unknown>[]
}

function lock(world: World, what: 'show' | 'break', playbook: string, ...more: string[]): Promise<Said> {
  const args = [
    program,
    'lock',
    what,
    playbook,
    '-i',
    world.lab.inventory,
    '-e',
    `artifact=${world.binaries.newer.path}`,
  ]
  return new Promise(resolve => {
    execFile(process.execPath, [...args, '--output', 'json', ...more], (error, stdout) => {
      const lines = stdout.trim().split('\n').filter(Boolean)
      resolve({ exit: Number(error?.code ?? 0), lines: lines.map(line => JSON.parse(line)) })
    })
  })
}

test('shown while a run has the hosts; broken only by force, which takes that run back', async () => {
  await inWorld(2, async world => {
    const playbook = world.playbook({ stages: baked, lease: '20s' })
    expect((await lock(world, 'show', playbook)).lines).toMatchObject([{ lock: null }, { lock: null }])
    const running = world.start(playbook, world.binaries.newer.path)
    const { run } = await running.until(entry => entry.type === 'stage.baking')
    const shown = await lock(world, 'show', playbook)
    expect(shown.exit).toBe(0)
    expect(shown.lines).toMatchObject([1, 2].map(() => ({ lock: { run, isAlive: true, state: 'switched' } })))
    for (const { lock: held } of shown.lines as { lock: { leaseMs: number; owner: string } }[]) {
      expect(held.leaseMs).toBeGreaterThan(10_000)
      expect(held.leaseMs).toBeLessThanOrEqual(20_000)
      expect(held.owner).toContain(run)
    }
    const refused = await lock(world, 'break', playbook)
    expect([refused.exit, refused.lines.at(-1)]).toMatchObject([7, { fault: { code: 'HOST_LOCKED' } }])
    const broken = await lock(world, 'break', playbook, '--force', '--limit', 'h01')
    expect([broken.exit, broken.lines.at(-1)]).toMatchObject([
      0,
      { host: 'h01', state: 'reverted', fault: null },
    ])
    const ended = await running.ended
    expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    expect(finish(ended).hosts.h01?.fault?.code).toMatch(/LEASE_LOST|HOST_CHANGED|HOST_LOST/)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('left by a controller and a dead-man that are both gone: the next run is refused, break settles it', async () => {
  await inWorld(2, async world => {
    const playbook = world.playbook({ stages: baked, lease: '2s' })
    const running = world.start(playbook, world.binaries.newer.path)
    await running.until(entry => entry.type === 'stage.baking')
    running.child.kill('SIGKILL')
    for (const host of world.lab.hosts) for (const one of deadMenOf(host)) process.kill(-one.pid, 'SIGKILL')
    await running.ended
    const expired = async () => {
      const { lines } = await lock(world, 'show', playbook)
      return (lines as { lock: { isAlive: boolean } | null }[]).every(one => one.lock?.isAlive === false)
    }
    await expect.poll(expired, { timeout: 15_000 }).toBe(true)
    const next = await world.run(playbook, world.binaries.newer.path)
    expect(next.exit).toBe(7)
    expect(finish(next).hosts.h01?.fault).toMatchObject({
      code: 'HOST_RUN_UNFINISHED',
      hint: 'go on with it: `handover resume`; or settle its hosts with `handover lock break`',
    })
    const broken = await lock(world, 'break', playbook)
    expect([broken.exit, broken.lines.slice(-2)]).toMatchObject([
      0,
      [{ state: 'reverted' }, { state: 'reverted' }],
    ])
    await expectAllRun(world, world.binaries.older.path)
    expect((await world.run(world.playbook(), world.binaries.newer.path)).exit).toBe(0)
    await expectAllRun(world, world.binaries.newer.path)
  })
})

test('ten races of two whole runs: one gets the hosts, the other is refused with 7 and nothing is left', async () => {
  // Whoever was refused is the last run perhaps, and the other one has changed the hosts since.
  await inWorld(2, tellRaces, { isDisturbed: true })
})

async function tellRaces(world: World): Promise<void> {
  const playbook = world.playbook()
  const artifacts = [world.binaries.newer.path, world.binaries.older.path]
  const exits: number[][] = []
  for (let race = 0; race < 10; race++) {
    const artifact = artifacts[race % 2] as string
    const ends = await Promise.all([world.run(playbook, artifact), world.run(playbook, artifact)])
    exits.push(ends.map(one => one.exit).sort())
    await expectAllRun(
      world,
      ends.some(one => one.exit === 0) ? artifact : (artifacts[1 - (race % 2)] as string),
    )
    for (const host of world.lab.hosts) expectNoTraces(host)
  }
  // Each may also come when the other has just ended, or both may meet on different hosts and step back.
  const legal = ['0,7', '0,0', '7,7', '0,6', '6,7']
  for (const pair of exits) expect(legal).toContain(pair.join(','))
  expect(exits.filter(pair => pair.join(',') === '0,7').length).toBeGreaterThan(0)
}
