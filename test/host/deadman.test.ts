import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { signalProcess } from '../../src/lab/process.ts'
import {
  deadMen,
  expectOnly,
  mastersOf,
  onHost,
  type Program,
  sha256Now,
  shown,
  slowClient,
  until,
  type World,
  watchInvariants,
} from './world.ts'

/** Hundredths of a second. */
const lease = 200

/** When the lease of the run on this host ends, in hundredths of a second of its monotonic time. */
function leaseEnd(world: World): number {
  return Number(readFileSync(world.state('lease'), 'utf8').trim().split(/\s+/)[1])
}

function uptime(): number {
  return Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100)
}

/** The moment the old master accepts, the path is old and the new one has been told to quit, after the lease's end. */
async function backByItself(world: World, end = leaseEnd(world)): Promise<number> {
  const oldServes = () => {
    const old = world.master('old')
    const masters = mastersOf(world.processes())
    const newGoes = masters.filter(one => one.pid !== old.pid).every(one => world.workersOf(one).length === 0)
    return (
      world.workersOf(old).length >= world.workers && newGoes && sha256Now(world.host.binary) === world.oldSha
    )
  }
  await until(oldServes, 20_000)
  return (uptime() - end) / 100
}

test('probe', async () => {
  await onHost({}, async world => {
    const watch = watchInvariants(world)
    const program = await world.open()
    await program.toSwitched(lease)
    expect(deadMen(world.host.root).length).toBe(1)
    const end = leaseEnd(world)
    console.log('left', end - uptime())
    console.log('late', await backByItself(world, end))
    await until(() => deadMen(world.host.root).length === 0)
    console.log(readFileSync(world.state('record'), 'utf8'))
    await expectOnly(world, 'old')
    expect(shown(await program.renew(lease))).toBe('failed WRONG_PHASE')
    await watch.stop()
  })
})
