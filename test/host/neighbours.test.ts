/** Two hosts side by side on one machine: what is done to one must not be felt by the other. */
import { statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readProcess, signalProcess } from '../../src/lab/process.ts'
import { expectOnly, onHost, shown, type World, watchInvariants } from './world.ts'

const besides = (story: (world: World, neighbour: World) => Promise<void>) =>
  onHost({ name: 'near' }, neighbour => onHost({}, world => story(world, neighbour)))

function snapshot({ host, processes }: World) {
  const files = [host.binary, host.pidFile, host.config].map(path => {
    const { ino, mtimeMs, ctimeMs, mode, size } = statSync(path)
    return { path, ino, mtimeMs, ctimeMs, mode, size }
  })
  return { files, processes: processes() }
}

describe('a neighbour', () => {
  test.each(['commit', 'revert'] as const)('is not touched by a %s', async end => {
    await besides(async (world, neighbour) => {
      const before = snapshot(neighbour)
      const watch = watchInvariants(neighbour)
      const program = await world.open()
      await program.toPrecommitted()
      expect(shown(await (end === 'commit' ? program.decide() : program.revert()))).toMatch(/^(ok|reverted)$/)
      await expectOnly(world, end === 'commit' ? 'new' : 'old')
      await watch.stop()
      expect(snapshot(neighbour)).toEqual(before)
    })
  })

  test('that is stopped is not waited for', async () => {
    await besides(async (world, neighbour) => {
      for (const one of neighbour.processes()) signalProcess(one, 'SIGSTOP')
      const program = await world.open()
      await program.toSwitched()
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      for (const one of neighbour.processes()) signalProcess(one, 'SIGCONT')
    })
  })

  test('with an upgrade of its own under way does not mix with ours', async () => {
    await besides(async (world, neighbour) => {
      const [ours, theirs] = [await world.open(), await neighbour.open()]
      await Promise.all([ours.toSwitched(), theirs.toSwitched()])
      const [back, on] = await Promise.all([ours.revert(), theirs.precommit()])
      expect([shown(back), shown(on)]).toEqual(['reverted', 'ok'])
      const master = neighbour.master('new')
      expect(shown(await theirs.decide())).toBe('ok')
      expect(readProcess(master.pid)?.startTime).toBe(master.startTime)
      await expectOnly(world, 'old')
      await expectOnly(neighbour, 'new')
    })
  })
})
