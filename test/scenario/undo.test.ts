/** A run that has committed is undone by `handover rollback`. */
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { hostProcesses } from '../../src/lab/nginx.ts'
import { expectAllRun, expectRuns, finish, inWorld, types, type World } from './world.ts'

/** Upgrades every host to the newer version, and says under which id. */
async function upgraded(world: World, more: Record<string, unknown> = {}): Promise<string> {
  const ended = await world.run(world.playbook(more), world.binaries.newer.path)
  expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
  return finish(ended).run
}

function opening(entries: readonly Entry[]): Extract<Entry, { type: 'run.started' }> {
  const [first] = entries
  if (first?.type !== 'run.started') throw new Error('no opening')
  return first
}

function backupsOf(host: LabHost): string {
  const state = join(host.root, 'var/lib/handover')
  const [target] = readdirSync(state).filter(name => name !== 'artifacts')
  return join(state, target ?? '', 'backups')
}

function attributesOf({ binary }: LabHost): unknown {
  const { mode, uid, gid } = statSync(binary)
  return { mode, uid, gid }
}

/** What must be the same after a refusal. */
function snapshot(world: World): unknown {
  return world.lab.hosts.map(host => [
    statSync(host.binary).ino,
    readdirSync(join(host.root, 'usr/sbin')),
    hostProcesses(host).map(({ pid, startTime }) => [pid, startTime]),
  ])
}

test('the last run is undone: every host is on the old binary again, nothing is sent, no request is lost', async () => {
  await inWorld(4, async world => {
    const { older, newer } = world.binaries
    const isRoot = process.getuid?.() === 0
    for (const { binary } of world.lab.hosts) chmodSync(binary, 0o751)
    const before = world.lab.hosts.map(attributesOf)
    const run = await upgraded(world, { rollback: { concurrency: 2 } })
    // What an administrator changes after the upgrade is not undone with it.
    if (isRoot) for (const { binary } of world.lab.hosts) chmodSync(binary, 0o4751)
    const store = () =>
      world.lab.hosts.map(({ root }) => statSync(join(root, 'var/lib/handover/artifacts')).mtimeMs)
    const untouched = store()
    const ended = await world.rollback('last').ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    expect(store()).toEqual(untouched)
    await expectAllRun(world, older.path)
    const kept = before.map(each => (isRoot ? { ...(each as object), mode: 0o104751 } : each))
    expect(world.lab.hosts.map(attributesOf)).toEqual(kept)

    const names = world.lab.hosts.map(host => host.name)
    expect(opening(ended.entries)).toMatchObject({
      undoes: run,
      artifact: null,
      stages: [{ name: 'rollback', hosts: names, concurrency: 2, bakeMs: 0 }],
    })
    for (const summary of Object.values(finish(ended).hosts)) {
      expect(summary).toMatchObject({ before: newer.version, after: older.version })
    }
    // Both are still there, and can be copied again.
    const both = [await sha256OfFile(older.path), await sha256OfFile(newer.path)].sort()
    for (const host of world.lab.hosts) {
      expect(readdirSync(backupsOf(host)).sort()).toEqual(both)
      for (const name of both) expect(await sha256OfFile(join(backupsOf(host), name))).toBe(name)
    }
  })
})

test('hosts that had different binaries get back each its own; those the run left alone stay as they are', async () => {
  await inWorld(4, async world => {
    const { older, newer } = world.binaries
    const other = await world.variant('other-version')
    expect((await world.run(world.playbook(), other, '--limit', 'h02')).exit).toBe(0)
    expect((await world.run(world.playbook(), newer.path, '--limit', 'h03')).exit).toBe(0)
    const run = await upgraded(world)
    await expectAllRun(world, newer.path)

    // The start of an id is enough.
    const ended = await world.rollback(run.slice(0, -2)).ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    expect(Object.keys(finish(ended).hosts)).toEqual(['h01', 'h02', 'h04'])
    await expectRuns(world.host(0), older.path)
    await expectRuns(world.host(1), other)
    await expectRuns(world.host(2), newer.path)
    await expectRuns(world.host(3), older.path)
  })
})

test('a rollback is a run like any other: it can be undone, too, and asked for again it changes nothing', async () => {
  await inWorld(2, async world => {
    const { older, newer } = world.binaries
    const first = await upgraded(world)
    expect(finish(await world.rollback('last').ended).exit).toBe(0)
    await expectAllRun(world, older.path)
    // Asked for the last one twice, it does not bring back what was taken away.
    expect((await world.rollback('last').ended).exit).toBe(5)
    await expectAllRun(world, older.path)
    expect(finish(await world.rollback(first).ended)).toMatchObject({ exit: 0, outcome: 'nothing-to-do' })
    await expectAllRun(world, older.path)
    // The last one has committed nothing; the one before it has.
    const unneeded = await world.rollback('last').ended
    expect(unneeded.exit).toBe(0)
    expect(unneeded.entries).toMatchObject([{ type: 'rollback.unneeded', exit: 0, outcome: 'nothing-to-do' }])
    const back = readdirSync(join(world.dir, 'runs')).sort()[1] ?? ''
    const again = await world.rollback(back).ended
    expect(finish(again)).toMatchObject({ exit: 0, outcome: 'committed' })
    expect(opening(again.entries).undoes).toBe(back)
    await expectAllRun(world, newer.path)
  })
})

test('a host on which the old binary is unhealthy by now: the whole fleet is on the new one again, exit 2', async () => {
  await inWorld(
    3,
    async world => {
      await upgraded(world)
      // Read when a master starts: the old version does not get on with it.
      const { config } = world.host(2)
      writeFileSync(config, readFileSync(config, 'utf8').replace('9$', '1$'))
      const ended = await world.rollback('last').ended
      expect(finish(ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
      expect(finish(ended).hosts.h03).toMatchObject({ end: 'reverted', fault: { code: 'HEALTH_FAILED' } })
      expect(types(ended)).not.toContain('run.decided')
      await expectAllRun(world, world.binaries.newer.path)
    },
    { quirkLast: true },
  )
})

test('hosts that are unhealthy on the new binary go back only where that is allowed, and are judged after it', async () => {
  await inWorld(2, async world => {
    const { older, newer } = world.binaries
    // Once the file is there, only the older version will do.
    const demand = join(world.dir, 'demand')
    const script =
      'const [file, url, wanted] = process.argv.slice(1);' +
      "if (!require('node:fs').existsSync(file)) process.exit(0);" +
      'fetch(url).then(async answer => process.exit((await answer.text()).includes(wanted) ? 0 : 1))'
    const url = 'http://127.0.0.1:{{ http_port }}/'
    const command = { run: [process.execPath, '-e', script, demand, url, older.version], from: 'controller' }
    await upgraded(world, { health: [{ name: 'wanted', command, interval: '200ms', timeout: '5s' }] })
    writeFileSync(demand, '')
    const before = snapshot(world)
    const refused = await world.rollback('last').ended
    expect(finish(refused)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(refused).hosts.h01?.fault).toMatchObject({
      code: 'HEALTH_BASELINE',
      hint: expect.stringContaining('--allow-unhealthy'),
    })
    expect(snapshot(world)).toEqual(before)
    await expectAllRun(world, newer.path)

    const [run = ''] = readdirSync(join(world.dir, 'runs')).sort()
    expect((await world.rollback(run, '-C').ended).exit).toBe(6)
    expect((await world.rollback(run, '-C', '--allow-unhealthy').ended).exit).toBe(0)
    const ended = await world.rollback(run, '--allow-unhealthy').ended
    expect(finish(ended)).toMatchObject({ exit: 0, outcome: 'committed' })
    expect(types(ended, 'h01')).toContain('host.healthy')
    await expectAllRun(world, older.path)
  })
})

test('interrupted while it waits: the fleet stays on the new binary', async () => {
  await inWorld(3, async world => {
    await upgraded(world, {
      rollback: { concurrency: 1 },
      health: [{ name: 'up', tcp: { address: '127.0.0.1:{{ http_port }}' }, interval: '200ms', healthy: 8 }],
    })
    const running = world.rollback('last')
    await running.until(entry => entry.type === 'host.healthy' && entry.host === 'h01')
    running.child.kill('SIGINT')
    expect(finish(await running.ended)).toMatchObject({ exit: 2, outcome: 'rolled-back' })
    await expectAllRun(world, world.binaries.newer.path)
  })
})

test('one host without its backup, one with a damaged one: refused by name, nothing changed anywhere', async () => {
  await inWorld(3, async world => {
    const run = await upgraded(world)
    const sha = await sha256OfFile(world.binaries.older.path)
    const backup = join(backupsOf(world.host(1)), sha)
    const bytes = readFileSync(backup)
    rmSync(backup)
    const before = [snapshot(world), world.lab.hosts.map(host => readdirSync(backupsOf(host)))]
    const missing = await world.rollback('last').ended
    expect(finish(missing)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(missing).hosts.h02?.fault?.message).toContain(`no backup ${sha}`)
    expect(types(missing)).not.toContain('host.prepare.begun')
    expect([snapshot(world), world.lab.hosts.map(host => readdirSync(backupsOf(host)))]).toEqual(before)

    writeFileSync(backup, bytes.subarray(0, -1))
    const spoilt = snapshot(world)
    const damaged = await world.rollback(run).ended
    expect(finish(damaged)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(damaged).hosts.h02?.fault?.message).toContain('does not have that checksum')
    expect(snapshot(world)).toEqual(spoilt)
    await expectAllRun(world, world.binaries.newer.path)

    // An ordinary run with that binary finds the backup damaged and sends its own.
    expect(finish(await world.run(world.playbook(), world.binaries.older.path)).exit).toBe(0)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('upgraded once more since: refused by name; with --limit the others go back', async () => {
  await inWorld(3, async world => {
    const { older } = world.binaries
    const other = await world.variant('other-version')
    const run = await upgraded(world)
    expect((await world.run(world.playbook(), other, '--limit', 'h03')).exit).toBe(0)
    const before = snapshot(world)
    const refused = await world.rollback(run).ended
    expect(finish(refused)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(refused).hosts.h03?.fault).toMatchObject({ code: 'HOST_UNFIT', host: 'h03' })
    expect(finish(refused).hosts.h03?.fault?.message).toContain('neither')
    expect(finish(refused).hosts.h01?.fault).toBeNull()
    expect(snapshot(world)).toEqual(before)
    // `-C` finds the same, and is no run.
    const runs = readdirSync(join(world.dir, 'runs'))
    const checked = await world.rollback(run, '--check').ended
    expect(checked.exit).toBe(6)
    expect(JSON.stringify(checked.entries)).toContain('neither')
    expect((await world.rollback(run, '-C', '--limit', 'h0[12]*').ended).exit).toBe(0)
    expect(readdirSync(join(world.dir, 'runs'))).toEqual(runs)
    expect(snapshot(world)).toEqual(before)

    expect(finish(await world.rollback(run, '--limit', 'all:!h03').ended)).toMatchObject({ exit: 0 })
    for (const index of [0, 1]) await expectRuns(world.host(index), older.path)
    await expectRuns(world.host(2), other)
  })
})

test('what is not undone by another run: one that changed nothing, one still going on, one that was decided and cut off', async () => {
  await inWorld(2, async world => {
    const { older, newer } = world.binaries
    const bad = await world.run(world.playbook(), await world.variant('dies-at-start'))
    expect(finish(bad).outcome).toBe('refused')
    const unneeded = await world.rollback('last').ended
    expect(unneeded.exit).toBe(0)
    expect(unneeded.entries).toMatchObject([{ type: 'rollback.unneeded', exit: 0, outcome: 'refused' }])

    const long = { stages: [{ name: 'all', hosts: 'rest', bake: '1m' }] }
    const running = world.start(world.playbook(long), newer.path)
    await running.until(entry => entry.type === 'stage.baking')
    // Not decided, so its own controller takes it back.
    const active = await world.rollback('last').ended
    expect(active.exit).toBe(0)
    expect(active.entries.at(-1)).toMatchObject({ type: 'run.aborted', outcome: 'rolled-back' })
    expect(finish(await running.ended).exit).toBe(2)
    await expectAllRun(world, older.path)

    // As a controller leaves it that was killed before its last entry was written.
    const run = await upgraded(world)
    const journal = join(world.dir, 'runs', run, 'journal.jsonl')
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
    writeFileSync(journal, `${lines.slice(0, -1).join('\n')}\n`)
    const cutOff = await world.rollback(run).ended
    expect(cutOff.exit).toBe(3)
    expect(cutOff.entries).toMatchObject([
      { type: 'run.refused', exit: 3, faults: [{ code: 'RUN_UNSETTLED' }] },
    ])
    const doubtful = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>
    appendFileSync(journal, `${JSON.stringify({ ...doubtful, outcome: 'in-doubt', exit: 3 })}\n`)
    expect((await world.rollback(run).ended).exit).toBe(3)
    await expectAllRun(world, newer.path)
  })
})
