/** Two controllers of one run, each with hands of its own on a real nginx: what the second one is told, and the first one. */
import { expect, test } from 'vitest'
import type { HostHands } from '../../src/driver/hands.ts'
import { nginxHands } from '../../src/driver/nginx.ts'
import { connectLocally } from '../host/local-connection.ts'
import { expectOnly, onHost, type World } from '../host/world.ts'

function handsOf({ host, stateDir, artifact, newSha }: World, epoch: number): HostHands {
  return nginxHands({
    name: 'web1',
    spec: {
      driver: 'nginx',
      binary: host.binary,
      pidFile: host.pidFile,
      stateDir,
      drainTimeoutMs: 5000,
      startTimeoutMs: 5000,
      onDrainLimit: 'terminate',
      leaseMs: 60_000,
      allow: [],
    },
    artifact: { path: artifact, sha256: newSha, runsOn: () => true },
    become: false,
    run: { id: 'run1', owner: 'tester', epoch },
    connect: async () => connectLocally(),
  })
}

async function withTwo(world: World, story: (first: HostHands, second: HostHands) => Promise<void>) {
  const [first, second] = [handsOf(world, 1), handsOf(world, 2)] as const
  try {
    await story(first, second)
  } finally {
    await Promise.allSettled([first.close(), second.close()])
  }
}

test('the second one goes forward, and knows both versions from the host alone', async () => {
  await onHost({}, async world => {
    const { binaries, oldSha, newSha } = world
    await withTwo(world, async (first, second) => {
      expect(await first.inspect()).toMatchObject({ kind: 'pass', inspection: { last: null } })
      expect((await first.prepare()).kind).toBe('prepared')
      expect((await first.switchOver()).kind).toBe('switched')
      const old = { version: binaries.older.version, sha256: oldSha }
      expect(await second.stand()).toMatchObject({
        kind: 'stand',
        stand: 'switched',
        held: false,
        found: old,
      })
      expect(await second.inspect()).toMatchObject({
        kind: 'pass',
        inspection: { last: { run: 'run1', state: 'switched', epoch: 1, oldSha, newSha, isLocked: true } },
      })
      expect((await second.precommit(60_000)).kind).toBe('pass')
      const overtaken = expect.stringContaining('a later controller')
      expect(await first.renew(60_000)).toMatchObject({ kind: 'failed', fault: { message: overtaken } })
      expect(await first.commit()).toMatchObject({ kind: 'held', fault: { message: overtaken } })
      expect(await first.revert()).toMatchObject({
        kind: 'stuck',
        fault: { code: 'REVERT_FAILED', message: overtaken },
      })
      const now = { version: binaries.newer.version, sha256: newSha }
      expect(await second.commit()).toMatchObject({ kind: 'committed', found: now })
      expect(await second.stand()).toMatchObject({ stand: 'committed', found: now })
    })
    await expectOnly(world, 'new')
  })
})

test('the second one goes back, and prepares the host once more', async () => {
  await onHost({}, async world => {
    const old = { version: world.binaries.older.version, sha256: world.oldSha }
    await withTwo(world, async (first, second) => {
      expect(await first.stand()).toMatchObject({ kind: 'stand', stand: 'none', found: old })
      expect((await first.prepare()).kind).toBe('prepared')
      expect((await first.switchOver()).kind).toBe('switched')
      expect(await second.revert()).toMatchObject({ kind: 'reverted', found: old })
      expect(await second.stand()).toMatchObject({
        kind: 'stand',
        stand: 'reverted',
        held: false,
        found: old,
      })
      expect(await first.prepare()).toMatchObject({ kind: 'refused', faults: [{ code: 'HOST_UNFIT' }] })
      expect((await second.prepare()).kind).toBe('prepared')
      expect((await second.switchOver()).kind).toBe('switched')
      expect((await second.revert()).kind).toBe('reverted')
    })
    await expectOnly(world, 'old')
  })
})
