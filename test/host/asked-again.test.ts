/** What is asked once more, or of a host where another hand is still at work: nothing is forgotten, nothing is taken for gone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { unsettledFault } from '../../src/driver/failed.ts'
import { field } from '../../src/host/frame.ts'
import { deadManGone, leaseEnd, stateOf, uptime } from './deadman-world.ts'
import { expectOnly, onHost, replaceBinary, shown, slowClient, storeArtifact, until } from './world.ts'

test('a preparation after the commit: the record still says committed', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toPrecommitted()
    expect(shown(await program.decide())).toBe('ok')
    await storeArtifact(world)
    expect(shown(await program.prepare())).toBe('refused WRONG_PHASE')
    expect(stateOf(world)).toBe('committed')
    await expectOnly(world, 'new')
  })
})

test('the decision, while the first request for it waits for the old workers', async () => {
  await onHost({}, async world => {
    const slow = await slowClient(world.host)
    const first = await world.open()
    await first.toPrecommitted()
    const committed = first.decide(1500)
    await until(() => stateOf(world) === 'decided')
    const second = await world.open()
    await second.inspect()
    expect(shown(await second.decide(1500))).toBe('ok')
    expect(shown(await committed)).toBe('ok')
    await slow.ended
    await expectOnly(world, 'new')
  })
})

test('breaking the lock of a run that was killed while it prepared: what it had staged is gone, too', async () => {
  await onHost({}, async world => {
    const before = await world.open('before')
    await before.toPrepared()
    const lock = readFileSync(world.state('lock'), 'utf8')
    await before.revert()
    const { binary } = world.host
    const staged = join(dirname(binary), `.${basename(binary)}.handover-gone`)
    writeFileSync(staged, 'half')
    writeFileSync(world.state('lock'), lock.replace(/^\S+ \d+ \d+ \d+/, 'gone 1 4194304 1'))
    const other = await world.open('other')
    await other.inspect()
    expect(shown(await other.ask('break', 'expired'))).toBe('ok')
    expect([existsSync(staged), existsSync(world.state('lock'))]).toEqual([false, false])
  })
})

test('a dead-man whose clients take long is alive all the time', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.inspect()
    await storeArtifact(world)
    expect(shown(await program.ask('prepare', world.newSha, '300', '2200', 'terminate'))).toBe('ok')
    expect(shown(await program.switchOver())).toBe('ok')
    const end = leaseEnd(world)
    const slow = await slowClient(world.host)
    await program.close()
    await until(() => uptime() > end + 1700, 30_000)
    const other = await world.open('other')
    expect(shown(await other.inspect())).toBe('refused LOCKED')
    expect(shown(await other.ask('break', 'expired'))).toBe('refused LOCKED')
    await slow.ended
    await deadManGone(world)
    await pause(100)
    expect(field(await (await world.open('next')).inspect(), 'last_state')).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('breaking a lock where that cannot be done: it says who has tried, and what stands in the way', async () => {
  await onHost({}, async world => {
    const program = await world.open('a')
    await program.toSwitched()
    await replaceBinary(world.host, '/bin/true')
    const other = await world.open('b')
    await other.inspect()
    const answer = await other.ask('break', 'force')
    expect(shown(answer)).toBe('failed RUN_UNFINISHED')
    expect(unsettledFault('h', answer)).toMatchObject({
      code: 'REVERT_FAILED',
      message:
        'run a fell silent, and `handover lock break` could not bring it to its end: the file at the path is not the one that this run has left there: somebody else has put a file there, or taken one away',
    })
  })
})
