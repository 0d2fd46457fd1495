/** A binary that is among the backups of a host is staged from there. */
import { appendFileSync, copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { shells } from './local-connection.ts'
import { expectOnly, onHost, sha256Now, shown, type World, watchInvariants } from './world.ts'

function inspectFor(world: World, run: string, sha: string): string[] {
  return [run, 'tester', world.host.binary, world.host.pidFile, world.stateDir, sha]
}

describe.each(shells)('in %s', shell => {
  test('back to the binary that a run has replaced, without an upload; the backup stays what it is', async () => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const first = await world.open('run1', { shell })
      await first.toPrecommitted()
      expect(shown(await first.decide())).toBe('ok')
      await expectOnly(world, 'new')
      await first.close()

      const backup = world.state(`backups/${world.oldSha}`)
      const inode = statSync(backup).ino
      const program = await world.open('run2', { shell })
      const hello = await program.ask('inspect', ...inspectFor(world, 'run2', world.oldSha))
      expect(shown(hello)).toBe('ok')
      expect(field(hello, 'have_artifact')).toBe('yes')
      // What a copy that was cut off leaves is not taken for the whole.
      writeFileSync(join(dirname(world.host.binary), '.nginx.handover-run2'), 'half')
      const prepare = () => program.ask('prepare', world.oldSha, '6000', '500', 'terminate')
      expect(shown(await prepare())).toBe('ok')
      expect(shown(await prepare())).toBe('ok')
      expect(shown(await program.switchOver())).toBe('ok')
      expect(shown(await program.precommit())).toBe('ok')
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'old')
      expect(statSync(world.host.binary).ino).not.toBe(inode)
      expect(statSync(backup).ino).toBe(inode)
      expect(sha256Now(backup)).toBe(world.oldSha)
      await watch.stop()
    })
  })

  test('a damaged backup is refused and left alone; what is sent goes before it', async () => {
    await onHost({}, async world => {
      const program = await world.open('run1', { shell })
      expect(field(await program.inspect(), 'have_artifact')).toBe('no')
      const backup = world.state(`backups/${world.newSha}`)
      mkdirSync(dirname(backup), { recursive: true, mode: 0o700 })
      copyFileSync(world.artifact, backup)
      appendFileSync(backup, 'x')
      const damaged = sha256Now(backup)
      expect(field(await program.inspect(), 'have_artifact')).toBe('yes')
      expect(shown(await program.prepare())).toBe('refused ARTIFACT_DAMAGED')
      await expectOnly(world, 'old')
      await program.toPrepared()
      expect(sha256Now(backup)).toBe(damaged)
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})
