import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { chmod, chown, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { type LocalOptions, shells } from './local-connection.ts'
import {
  deadMen,
  expectNoTraces,
  expectOnly,
  onHost,
  shown,
  until,
  type World,
  watchInvariants,
} from './world.ts'

// The name is short because it stands in place of the system's folders, at equal length.
const tools = mkdtempSync('/tmp/hb-')
chmodSync(tools, 0o755)
for (const name of execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
  symlinkSync('/bin/busybox', join(tools, name))
}
afterAll(() => rmSync(tools, { recursive: true }))

const kinds: readonly (LocalOptions & { name: string })[] = [
  ...shells.map(shell => ({ name: shell, shell })),
  { name: 'busybox sh and no tools but those of busybox', shell: 'busybox sh', path: tools },
]

const isRoot = process.getuid?.() === 0

/** An odd mode, another owner, a capability and an attribute: what a careless copy loses. */
async function peculiar(host: LabHost): Promise<void> {
  if (isRoot) await chown(host.binary, 65534, 65534)
  await chmod(host.binary, 0o751)
  if (isRoot) execFileSync('setcap', ['cap_net_bind_service=ep', host.binary])
}

async function attributes(path: string) {
  const { mode, uid, gid } = await stat(path)
  const caps = isRoot ? execFileSync('getcap', [path], { encoding: 'utf8' }).replace(path, '').trim() : ''
  return { mode, uid, gid, caps }
}

async function expectBackup({ state, oldSha }: World) {
  expect(await sha256OfFile(state(`backups/${oldSha}`))).toBe(oldSha)
}

describe.each(kinds)('$name', options => {
  // A host with no other tools than those of busybox has no setcap either, but getcap's absence must not matter.
  const arrange = options.path ? (host: LabHost) => chmod(host.binary, 0o751) : peculiar

  test('forward to the commit', async () => {
    await onHost({ arrange }, async world => {
      const before = await attributes(world.host.binary)
      const watch = watchInvariants(world)
      const program = await world.open('run1', options)
      await program.toSwitched()
      expect(await sha256OfFile(world.host.binary)).toBe(world.oldSha)
      expect(shown(await program.renew())).toBe('ok')
      expect(shown(await program.precommit())).toBe('ok')
      const done = await program.decide()
      expect(shown(done)).toBe('ok')
      expect([field(done, 'sha'), field(done, 'runs'), field(done, 'new_masters')]).toEqual([
        world.newSha,
        'path',
        '1',
      ])
      await expectOnly(world, 'new')
      expect(await attributes(world.host.binary)).toEqual(before)
      await expectBackup(world)
      expect(shown(await program.decide())).toBe('ok')
      await watch.stop()
      expect(program.connection.stderr()).toBe('')
    })
  })

  test('back from switched', async () => {
    await onHost({ arrange }, async world => {
      const before = await attributes(world.host.binary)
      const master = world.master('old')
      const watch = watchInvariants(world)
      const program = await world.open('run1', options)
      await program.toSwitched()
      const back = await program.revert()
      expect([shown(back), field(back, 'sha'), field(back, 'old_workers')]).toEqual([
        'reverted',
        world.oldSha,
        '2',
      ])
      await expectOnly(world, 'old')
      expect(world.master('old')).toEqual(master)
      expect(await attributes(world.host.binary)).toEqual(before)
      await expectBackup(world)
      await watch.stop()
      expect(program.connection.stderr()).toBe('')
    })
  })

  test('release from prepared, asked for and by the end of the lease', async () => {
    await onHost({ arrange }, async world => {
      const before = await stat(world.host.binary)
      const processes = world.processes()
      const program = await world.open('run1', options)
      await program.toPrepared()
      expect(shown(await program.revert())).toBe('reverted')
      expectNoTraces(world)
      const next = await world.open('run2', options)
      await next.toPrepared(300)
      expect((await readFile(world.state('lock'), 'utf8')).split(' ')[0]).toBe('run2')
      await next.connection.close()
      await next.close()
      await until(() => !existsSync(world.state('lock')) && deadMen(world.host.root).length === 0)
      await expectOnly(world, 'old')
      await expectBackup(world)
      expect((await stat(world.host.binary)).ino).toBe(before.ino)
      expect(world.processes()).toEqual(processes)
    })
  })
})
