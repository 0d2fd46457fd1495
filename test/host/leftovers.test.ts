/** What somebody who was killed at a bad moment has left must not keep the next one from acting. */
import {
  appendFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { backByItself, deadManGone, killProgram, shortLease, stateOf } from './deadman-world.ts'
import { shells } from './local-connection.ts'
import {
  deadMen,
  expectNoTraces,
  expectOnly,
  onHost,
  sha256Now,
  shown,
  slowClient,
  storeArtifact,
  until,
  type World,
  watchInvariants,
} from './world.ts'

test.each([
  ['of a dead holder, whom somebody else was about to pass over', '999999:1'],
  ['without the name of its holder', ''],
])('an effect lock %s does not keep the dead-man from acting', async (_, holder) => {
  await onHost({}, async world => {
    const watch = watchInvariants(world)
    const program = await world.open()
    await program.toSwitched(shortLease)
    const boot = readFileSync(world.state('lock'), 'utf8').split(' ')[3]
    writeFileSync(world.state('effect'), holder && `${holder}:${boot}\n`)
    if (holder) symlinkSync('x', world.state('effect.dead.999999'))
    killProgram(program.connection.pid())
    await backByItself(world)
    await deadManGone(world)
    await expectOnly(world, 'old')
    await watch.stop()
  })
})

test('a commit that still waits for the old workers is waited for by one that is asked anew', async () => {
  await onHost({}, async world => {
    const client = await slowClient(world.host)
    const first = await world.open()
    await first.toPrecommitted()
    const answers = [first.decide(1000)]
    await until(() => stateOf(world) === 'decided')
    const second = await world.open()
    await second.inspect()
    answers.push(second.decide(1000))
    expect((await Promise.all(answers)).map(shown)).toEqual(['ok', 'ok'])
    await expectOnly(world, 'new')
    client.destroy()
  })
})

test('the lock of a run that was killed while it prepared is broken: what it has staged goes with it', async () => {
  await onHost({}, async world => {
    const program = await world.open('a')
    await program.inspect()
    await storeArtifact(world)
    void program.prepare().catch(() => {})
    const isStaged = () => readdirSync(dirname(world.host.binary)).some(name => name.endsWith('handover-a'))
    await until(() => isStaged() && existsSync(world.state('effect')))
    killProgram(program.connection.pid())
    expect([isStaged(), deadMen(world.host.root)]).toEqual([true, []])
    const other = await world.open('b')
    await other.inspect()
    expect(shown(await other.ask('break', 'force'))).toBe('ok')
    expect(readdirSync(dirname(world.host.binary))).toEqual([basename(world.host.binary)])
    const third = await world.open('c')
    await third.toPrepared()
    expect(shown(await third.revert())).toBe('reverted')
    expectNoTraces(world)
  })
})

const staged = ({ host }: World) => join(dirname(host.binary), '.nginx.handover-run1')

test('an exchange by link that was killed between its two renames is finished before the way back', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toSwitched()
    linkSync(world.host.binary, `${staged(world)}.was`)
    renameSync(staged(world), world.host.binary)
    expect(sha256Now(world.host.binary)).toBe(world.newSha)
    expect(shown(await program.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test.each(shells)(
  'an exchange by link that was killed before its first rename is done anew (%s)',
  async shell => {
    await onHost({}, async world => {
      const watch = watchInvariants(world)
      const program = await world.open('run1', { shell })
      await program.toSwitched()
      // New at the path, as while it is being exec'd, and the way back has just begun.
      linkSync(world.host.binary, `${staged(world)}.x`)
      renameSync(staged(world), world.host.binary)
      renameSync(`${staged(world)}.x`, staged(world))
      linkSync(world.host.binary, `${staged(world)}.was`)
      appendFileSync(world.state('record'), '\nexchange=link\n')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
      await watch.stop()
    })
  },
)

test('a state directory that was cleared away while the host was parked: a revert does not call that old', async () => {
  await onHost({}, async world => {
    const watch = watchInvariants(world)
    const program = await world.open()
    await program.toSwitched()
    const fresh = world.master('new')
    for (const name of readdirSync(world.state('')).filter(one => one !== 'backups'))
      rmSync(world.state(name))
    expect(shown(await program.revert())).toBe('failed stuck STATE_DIR')
    // Nobody knows any more whether it was decided, so nobody signals anything.
    await deadManGone(world)
    expect(world.workersOf(fresh)).toHaveLength(world.workers)
    await watch.stop()
  })
})
