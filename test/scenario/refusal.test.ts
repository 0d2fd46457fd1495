import { spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostProcesses } from '../../src/lab/nginx.ts'
import { stopSshd } from '../../src/lab/sshd.ts'
import {
  expectAllRun,
  expectRuns,
  finish,
  handoverKeys,
  inWorld,
  program,
  types,
  type World,
} from './world.ts'

/** What must be the same after a refusal: files, processes, and nothing new. */
function snapshot(world: World): unknown {
  return world.lab.hosts.map(host => [
    statSync(host.binary).ino,
    readdirSync(join(host.root, 'usr/sbin')),
    hostProcesses(host).map(({ pid, startTime }) => [pid, startTime]),
  ])
}

test.each([
  ['dies-at-start', 'ARTIFACT_REFUSED', 'does not run'],
  ['wrong-architecture', 'ARTIFACT_REFUSED', 'another machine'],
] as const)('a binary that %s is refused before anything is changed', async (kind, code, text) => {
  await inWorld(2, async world => {
    const before = snapshot(world)
    const ended = await world.run(world.playbook(), await world.variant(kind))
    expect(finish(ended)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(ended).hosts.h01?.fault?.code).toBe(code)
    expect(finish(ended).hosts.h01?.fault?.message).toContain(text)
    expect(types(ended)).not.toContain('host.switch.begun')
    expect(snapshot(world)).toEqual(before)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test.each(['cannot-be-executed', 'hangs-at-start'] as const)(
  'an artifact that is no whole program (%s) is refused without contacting a host',
  async kind => {
    await inWorld(1, async world => {
      const ended = await world.run(world.playbook(), await world.variant(kind))
      expect(ended.exit).toBe(4)
      expect(ended.entries.map(entry => entry.type)).toEqual(['run.refused'])
      expect(JSON.stringify(ended.entries)).toContain('ARTIFACT_NOT_A_PROGRAM')
    })
  },
)

test('the new binary refuses the configuration of one host: no host is changed', async () => {
  await inWorld(3, async world => {
    // 1.22 still knows it, 1.26 does not.
    const { config } = world.host(2)
    writeFileSync(config, readFileSync(config, 'utf8').replace('server_name', 'ssl off; server_name'))
    const before = snapshot(world)
    const playbook = world.playbook({ handover: { ...handoverKeys, allow_config_change: true } })
    const ended = await world.run(playbook, world.binaries.newer.path)
    expect(finish(ended)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(ended).hosts.h03?.fault).toMatchObject({ code: 'ARTIFACT_REFUSED' })
    expect(finish(ended).hosts.h03?.fault?.message).toContain('unknown directive "ssl"')
    expect(snapshot(world)).toEqual(before)
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('preflight tells all that speaks against every host, the same once, and notes; nothing is changed', async () => {
  await inWorld(4, async world => {
    for (const index of [0, 1, 2])
      appendFileSync(world.host(index).config, 'working_directory /nonexistent;\n')
    appendFileSync(world.host(2).config, 'daemon off;\n')
    const before = snapshot(world)
    const playbook = world.playbook({ handover: { ...handoverKeys, allow_config_change: true } })
    const args = [
      'preflight',
      playbook,
      '-i',
      world.lab.inventory,
      '-e',
      `artifact=${world.binaries.newer.path}`,
    ]
    const preflight = (...more: string[]) =>
      spawnSync(process.execPath, [program, ...args, ...more], { encoding: 'utf8' })
    const { status, stdout } = preflight('--no-color')
    expect(status).toBe(6)
    const lines = stdout.split('\n')
    const first = lines.indexOf(
      'error HOST_UNFIT: the `working_directory` /nonexistent of the configuration does not exist',
    )
    expect(lines.slice(first + 1, first + 3)).toEqual([
      '  on 3 hosts: h01, h02, h03',
      '  hint: make it: no worker would start, and nginx -t does not see that',
    ])
    expect(lines).toContain('error HOST_UNFIT: h03: the master runs with `daemon off`; it ignores USR2')
    expect(lines.filter(line => line.startsWith('note: h01, h02, h03, h04: no `worker_shut'))).toHaveLength(1)

    const objects = preflight('--output', 'json')
      .stdout.trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(objects.map(({ host, faults }) => [host, faults.length])).toEqual([
      ['h01', 1],
      ['h02', 1],
      ['h03', 2],
      ['h04', 0],
    ])
    expect(objects[3].notes).toEqual([expect.stringContaining('worker_shutdown_timeout')])
    expect(snapshot(world)).toEqual(before)
  })
})

test('a host that is unhealthy already cannot be judged: refused', async () => {
  await inWorld(2, async world => {
    const health = [{ name: 'never', tcp: { address: '127.0.0.1:1' }, interval: '100ms' }]
    const ended = await world.run(world.playbook({ health }), world.binaries.newer.path)
    expect(finish(ended)).toMatchObject({ exit: 6 })
    expect(finish(ended).hosts.h01?.fault?.code).toBe('HEALTH_BASELINE')
    await expectAllRun(world, world.binaries.older.path)
  })
})

test('a host that is unreachable at the start stops the run; max_unreachable leaves it out and says so', async () => {
  await inWorld(3, async world => {
    await stopSshd(world.host(1), { sessions: true })
    const refused = await world.run(world.playbook(), world.binaries.newer.path)
    expect(finish(refused)).toMatchObject({ exit: 6, outcome: 'refused' })
    expect(finish(refused).hosts.h02?.fault?.code).toBe('SSH_UNREACHABLE')
    await expectAllRun(world, world.binaries.older.path)

    const limited = await world.run(world.playbook({ max_unreachable: 1 }), world.binaries.newer.path)
    expect(finish(limited)).toMatchObject({ exit: 9, outcome: 'committed-with-failures' })
    expect(finish(limited).hosts.h02?.end).toBe('left-out')
    await expectRuns(world.host(0), world.binaries.newer.path)
    await expectRuns(world.host(1), world.binaries.older.path)
    await expectRuns(world.host(2), world.binaries.newer.path)
  })
})

test('a second run meets the lock of the first: exit 7, nothing changed, the first goes on', async () => {
  await inWorld(2, async world => {
    const playbook = world.playbook({ stages: [{ name: 'all', hosts: 'rest', bake: '3s' }] })
    const first = world.start(playbook, world.binaries.newer.path)
    await first.until(entry => entry.type === 'stage.baking')
    const second = await world.run(playbook, await world.variant('other-version'))
    expect(finish(second)).toMatchObject({ exit: 7, outcome: 'refused' })
    expect(finish(second).hosts.h01?.fault?.code).toBe('HOST_LOCKED')
    expect(finish(await first.ended).exit).toBe(0)
    await expectAllRun(world, world.binaries.newer.path)
  })
})

test('a playbook that is wrong contacts nobody and says where', async () => {
  await inWorld(
    1,
    async world => {
      const file = join(world.dir, 'wrong.yml')
      writeFileSync(file, 'name: x\nhosts: lab\nheatlh: []\nhooks: {}\n')
      const ended = await world.run(file, world.binaries.newer.path)
      expect(ended.exit).toBe(4)
      const text = JSON.stringify(ended.entries)
      expect(text).toContain('PLAYBOOK_UNKNOWN_KEY')
      expect(text).toContain('PLAYBOOK_NOT_BUILT')
    },
    { idle: true },
  )
})
