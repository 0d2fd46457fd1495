/** States that somebody else has brought a host into: signals by hand, package scripts, reboots; and the ways out of each. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startNginx } from '../../src/lab/nginx.ts'
import { isAlive, signalProcess } from '../../src/lab/process.ts'
import { buildVariant } from '../../src/lab/variants.ts'
import {
  boot,
  catchMoment,
  describeStates,
  killPhase,
  lose,
  noted,
  reboot,
  reconnect,
  reverseCuts,
  type Stage,
  type State,
} from './states-world.ts'
import {
  expectNoTraces,
  mastersOf,
  onHost,
  replaceBinary,
  sha256Now,
  shown,
  stagedInode,
  until,
} from './world.ts'

const wrongPhase = ['refused WRONG_PHASE', 'refused WRONG_PHASE'] as const
const rebooted = ['refused REBOOTED', 'refused WRONG_PHASE'] as const

describeStates([
  {
    name: 'parked, and the old master told to quit',
    async reach(stage) {
      await parked(stage)
      await lose(stage.old, 'SIGQUIT')
    },
    revert: 'old',
    how: 'reverse',
    commit: ['failed OLD_MASTER_GONE', 'refused WRONG_PHASE'],
    cuts: reverseCuts,
  },
  {
    name: 'parked, and the old master told to quit while a client drains',
    async reach(stage) {
      const client = await stage.client()
      await parked(stage)
      signalProcess(stage.old, 'SIGQUIT')
      await pause(30)
      return isAlive(stage.old) && client.isOpen()
    },
    revert: 'old',
    how: 'reverse',
    // The new one is whole, and whoever sent QUIT has only done what the commit would do.
    commit: ['ok', 'ok'],
    drainLimit: 60,
    cuts: [
      { name: 'while it waits for the client', afterMs: 30 },
      { name: 'when the new old master is noted', when: ({ world }) => noted(world, 'how=reverse') },
    ],
  },
  {
    name: 'parked, and the old master stopped',
    async reach(stage) {
      await parked(stage)
      signalProcess(stage.old, 'SIGSTOP')
    },
    revert: 'stuck OLD_MASTER_HANGS',
    remedy: { apply: async ({ old }) => void signalProcess(old, 'SIGCONT') },
    commit: ['ok', 'held OLD_MASTER_STAYS'],
    cuts: [{ name: 'at once' }],
    isSlow: true,
  },
  {
    name: 'prepared, and a second master of the old binary started by hand',
    async reach({ program, world, old }) {
      await program.toPrepared()
      signalProcess(old, 'SIGUSR2')
      await until(() => mastersOf(world.processes()).length === 2)
    },
    revert: 'old',
    // Neither of them is ours to signal; what is left there is told.
    async proves(stage) {
      const { world, old } = stage
      await until(() => mastersOf(world.processes()).length === 2)
      expect([isAlive(old), world.workersOf(old).length]).toEqual([true, 2])
      expect(readFileSync(`${world.host.pidFile}.oldbin`, 'utf8').trim()).toBe(String(old.pid))
      expectNoTraces(world)
    },
    commit: wrongPhase,
    cuts: [{ name: 'at once' }],
  },
  {
    name: 'parked, and USR2 by hand, which is ignored',
    async reach(stage) {
      await parked(stage)
      for (const side of ['old', 'new'] as const) signalProcess(stage.world.master(side), 'SIGUSR2')
      await until(() => /signal is ignored/.test(readFileSync(stage.world.host.errorLog, 'utf8')))
    },
    revert: 'old',
    commit: ['ok', 'ok'],
  },
  {
    name: 'parked, and a third binary at the path',
    async reach(stage) {
      await parked(stage)
      const { binaries, host } = stage.world
      const { path } = await buildVariant('other-version', binaries.older, host.root)
      stage.allowed.push(sha256Now(path))
      await replaceBinary(host, path)
    },
    revert: 'stuck PATH_CHANGED',
    async proves({ allowed, old, world }) {
      expect(sha256Now(world.host.binary)).toBe(allowed[0])
      expect([isAlive(old), world.workersOf(world.master('new')).length]).toEqual([true, 2])
    },
    commit: ['failed PATH_CHANGED', 'refused WRONG_PHASE'],
  },
  {
    name: 'rebooted while parked',
    reach: stage => rebootedFrom(stage, parked),
    revert: 'old',
    commit: rebooted,
    cuts: [{ name: 'at once' }, { name: '30 ms later', afterMs: 30 }],
  },
  {
    name: 'rebooted while parked, and the daemon not started yet',
    async reach(stage) {
      await parked(stage)
      await reboot(stage)
      await reconnect(stage)
    },
    isDown: true,
    isSlow: true,
    revert: 'stuck REBOOTED',
    remedy: { isOutage: true, apply: async ({ world }) => void (await startNginx(world.host)) },
    commit: rebooted,
    cuts: [],
  },
  {
    name: 'rebooted in the exchange window: new came up by itself',
    reach: stage => rebootedFrom(stage, reachExchange),
    revert: 'old',
    how: 'reverse',
    commit: wrongPhase,
    cuts: reverseCuts.filter(({ name }) => name !== 'after USR2'),
  },
  {
    name: 'parked, and both masters killed: the new workers go on alone',
    async reach(stage) {
      await parked(stage)
      for (const side of ['old', 'new'] as const) signalProcess(stage.world.master(side), 'SIGSTOP')
      const masters = mastersOf(stage.world.processes())
      for (const one of masters) await lose(one)
    },
    revert: 'stuck NO_MASTER',
    remedy: {
      isOutage: true,
      async apply({ world }) {
        for (const one of world.processes()) signalProcess(one, 'SIGQUIT')
        await until(() => world.processes().length === 0)
        await startNginx(world.host)
      },
    },
    commit: ['failed NEW_MASTER_DIED', 'refused WRONG_PHASE'],
    cuts: [{ name: 'at once' }],
  },
  {
    name: 'parked, the old master killed, and a configuration that the old binary refuses',
    async reach(stage) {
      await parked(stage)
      await lose(stage.old)
      appendFileSync(stage.world.host.config, 'no_such_directive on;\n')
    },
    revert: 'stuck REVERSE_FAILED',
    async proves({ world }) {
      expect(mastersOf(world.processes())).toEqual([world.master('new')])
      expect(world.workersOf(world.master('new')).length).toBe(2)
    },
    remedy: {
      async apply({ world: { host } }) {
        const text = readFileSync(host.config, 'utf8')
        writeFileSync(host.config, text.replace('no_such_directive on;\n', ''))
      },
    },
    commit: ['failed OLD_MASTER_GONE', 'refused WRONG_PHASE'],
    cuts: [{ name: 'at once' }],
  },
] satisfies State[])

test('from the request to go back to the old workers accepting: well under a second', async () => {
  await onHost({}, async world => {
    const old = world.master('old')
    const times: number[] = []
    for (let round = 0; round < 15; round++) {
      const program = await world.open(`run${round}`)
      await program.toSwitched()
      const asked = performance.now()
      const going = program.revert()
      await until(() => world.workersOf(old).length === 2)
      times.push(performance.now() - asked)
      expect(shown(await going)).toBe('reverted')
      await program.close()
    }
    const sorted = times.sort((left, right) => left - right)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    console.info(
      `revert of a parked host until the old workers accept: median ${Math.round(median)} ms,`,
      `slowest ${Math.round(sorted.at(-1) ?? 0)} ms of ${sorted.length}`,
    )
    expect(median).toBeLessThan(1000)
  })
})

async function parked({ program }: Stage): Promise<undefined> {
  await program.toSwitched()
}

async function rebootedFrom(stage: Stage, reach: (stage: Stage) => Promise<boolean | undefined>) {
  if ((await reach(stage)) === false) return false
  await stage.withoutLoad(async () => {
    await reboot(stage)
    await boot(stage)
  })
  return true
}

async function reachExchange({ program, world }: Stage): Promise<boolean> {
  await program.toPrepared()
  const inode = stagedInode(world)
  void program.switchOver().catch(() => {})
  await pause(1)
  const isThere = catchMoment(() => statSync(world.host.binary).ino === inode)
  return isThere && killPhase(world) && statSync(world.host.binary).ino === inode
}
