/** A reboot may give the file system another device number: the two files are known by their bytes then. */
import { appendFileSync, linkSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { startNginx } from '../../src/lab/nginx.ts'
import { signalProcess } from '../../src/lab/process.ts'
import { killProgram, recordOf, stateOf } from './deadman-world.ts'
import {
  deadMen,
  expectOnly,
  onHost,
  type Program,
  replaceBinary,
  sha256Now,
  shown,
  until,
  type World,
} from './world.ts'

/** Nothing of the run is left but its files; the record speaks of another boot and of another device. */
async function reboot(world: World, program: Program): Promise<void> {
  killProgram(program.connection.pid())
  for (const one of deadMen(world.host.root)) process.kill(-one.pid, 'SIGKILL')
  await until(() => {
    for (const one of world.processes()) signalProcess(one, 'SIGKILL')
    return world.processes().length === 0
  })
  for (const file of [world.host.pidFile, `${world.host.pidFile}.oldbin`]) rmSync(file, { force: true })
  const ids = ['old_id', 'new_id'].map(key => {
    const id = [...recordOf(world).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].at(-1)?.[1] ?? ''
    return `${key}=${id.replace(/^\d+/, device => String(Number(device) + 7))}`
  })
  appendFileSync(world.state('record'), `\nboot=another:1\n${ids.join('\n')}\n`)
}

async function reconnect(world: World): Promise<Program> {
  const program = await world.open()
  await program.inspect()
  return program
}

test('when it was prepared: what was staged goes', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toPrepared()
    await reboot(world, program)
    await startNginx(world.host)
    expect(shown(await (await reconnect(world)).revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('when it was prepared, and another file came to the path: that stays', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toPrepared()
    await reboot(world, program)
    await startNginx(world.host)
    await replaceBinary(world.host, '/bin/true')
    const other = sha256Now(world.host.binary)
    expect(shown(await (await reconnect(world)).revert())).toBe('failed stuck PATH_CHANGED')
    expect(sha256Now(world.host.binary)).toBe(other)
  })
})

test('a revert that was cut off when it had found the master of this boot is finished by the next one', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toSwitched()
    await reboot(world, program)
    await startNginx(world.host)
    const first = await reconnect(world)
    const master = world.master('old')
    process.kill(master.pid, 'SIGSTOP')
    void first.revert().catch(() => {})
    await until(() => /^boot=(?!another)/m.test(recordOf(world).split('boot=another')[1] ?? ''), 20_000)
    killProgram(first.connection.pid())
    process.kill(master.pid, 'SIGCONT')
    expect(stateOf(world)).toBe('reverting')
    expect(shown(await (await reconnect(world)).revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('an exchange by link that the reboot has cut off between its two renames', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toSwitched()
    await reboot(world, program)
    // The old file has left the path, and has only this name.
    const staged = join(dirname(world.host.binary), '.nginx.handover-run1')
    linkSync(world.host.binary, `${staged}.was`)
    renameSync(staged, world.host.binary)
    await startNginx(world.host)
    const again = await reconnect(world)
    expect(shown(await again.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})
