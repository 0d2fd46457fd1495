import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { hostProcesses } from '../../src/lab/nginx.ts'
import { expectAllRun, finish, handoverKeys, inWorld, types } from './world.ts'

test('a canary, then half, then the rest: every host committed on the new version, no request lost', async () => {
  await inWorld(6, async world => {
    const playbook = world.playbook({
      stages: [
        { name: 'canary', hosts: 1, bake: '500ms' },
        { name: 'half', hosts: '50%' },
        { name: 'rest', hosts: 'rest' },
      ],
    })
    const ended = await world.run(playbook, world.binaries.newer.path)
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)

    const steps = ended.entries.flatMap(entry =>
      entry.type === 'stage.started' || entry.type === 'stage.finished'
        ? [`${entry.type} ${entry.stage}`]
        : [],
    )
    const inOrder = ['canary', 'half', 'rest'].flatMap(name => [
      `stage.started ${name}`,
      `stage.finished ${name}`,
    ])
    expect(steps).toEqual(inOrder)
    const all = types(ended)
    expect(all.lastIndexOf('host.prepared')).toBeLessThan(all.indexOf('host.switch.begun'))
    expect(all.lastIndexOf('host.precommitted')).toBeLessThan(all.indexOf('run.decided'))
    expect(all.indexOf('run.decided')).toBeLessThan(all.indexOf('host.commit.begun'))

    const backups = join(world.host(0).root, 'var/lib/handover')
    const [target] = readdirSync(backups).filter(name => name !== 'artifacts')
    expect(readdirSync(join(backups, target ?? '', 'backups'))).toEqual([
      await sha256OfFile(world.binaries.older.path),
    ])
  })
})

test('forward, back to the older version, and forward again: an upgrade is no different from a downgrade', async () => {
  await inWorld(2, async world => {
    for (const binary of [world.binaries.newer, world.binaries.older, world.binaries.newer]) {
      expect(finish(await world.run(world.playbook(), binary.path)).exit).toBe(0)
      await expectAllRun(world, binary.path)
    }
  })
})

test('nothing to do: exit 0 and not one thing changed', async () => {
  await inWorld(2, async world => {
    const snapshot = () =>
      world.lab.hosts.map(host => [
        statSync(host.binary).ino,
        statSync(host.binary).mtimeMs,
        readdirSync(join(host.root, 'var/lib')),
        hostProcesses(host).map(({ pid, startTime }) => [pid, startTime]),
      ])
    const before = snapshot()
    const ended = await world.run(world.playbook(), world.binaries.older.path)
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'nothing-to-do' })
    expect(types(ended).filter(type => type.endsWith('.begun') && type !== 'host.inspect.begun')).toEqual([])
    expect(snapshot()).toEqual(before)
  })
})

test('hosts that run the wanted binary already are passed over, the others are upgraded', async () => {
  await inWorld(3, async world => {
    const { newer } = world.binaries
    expect((await world.run(world.playbook(), newer.path, '--limit', 'h01')).exit).toBe(0)
    const ended = await world.run(world.playbook(), newer.path)
    expect(finish(ended).hosts.h01).toMatchObject({ end: 'current' })
    expect(types(ended, 'h01')).toEqual(['host.inspect.begun', 'host.inspected'])
    await expectAllRun(world, newer.path)
  })
})

test('never more hosts being changed at once than the concurrency allows', async () => {
  await inWorld(6, async world => {
    const ended = await world.run(world.playbook({ concurrency: 2 }), world.binaries.newer.path)
    expect(ended.exit).toBe(0)
    let busy = 0
    let most = 0
    for (const { type } of ended.entries) {
      if (type === 'host.switch.begun') most = Math.max(most, ++busy)
      if (type === 'host.healthy') busy--
    }
    expect(most).toBe(2)
  })
})

test('become: the program on the host runs under sudo -n, forward and back', async () => {
  await inWorld(2, async world => {
    const ended = await world.run(world.playbook({ become: true }), world.binaries.newer.path)
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    await expectAllRun(world, world.binaries.newer.path)
    const running = world.start(
      world.playbook({ become: true, stages: [{ name: 'all', hosts: 'rest', bake: '1m' }] }),
      world.binaries.older.path,
    )
    await running.until(entry => entry.type === 'stage.baking')
    running.child.kill('SIGINT')
    expect(finish(await running.ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    await expectAllRun(world, world.binaries.newer.path)
  })
})

test('several daemons of one machine with one state directory, each with a binary of its own', async () => {
  await inWorld(4, async world => {
    const handover = { ...handoverKeys, state_dir: join(world.dir, 'shared-state') }
    const playbook = world.playbook({ handover, concurrency: 4 })
    for (const artifact of [world.binaries.newer.path, world.binaries.older.path]) {
      const ended = await world.run(playbook, artifact)
      expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
      await expectAllRun(world, artifact)
    }
    expect(readdirSync(join(world.dir, 'shared-state', 'artifacts'))).toEqual([])
  })
})
