/** States that somebody else has brought a host into: signals by hand, package scripts, reboots; and the ways out of each. */
import { execFile, execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { startNginx } from '../../src/lab/nginx.ts'
import { isAlive, signalProcess } from '../../src/lab/process.ts'
import { buildVariant } from '../../src/lab/variants.ts'
import {
  boot,
  catchMoment,
  cutRevert,
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
  expectOnly,
  mastersOf,
  onHost,
  replaceBinary,
  sha256Now,
  shown,
  stagedInode,
  until,
  watchInvariants,
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
    name: 'a reverse handover that was killed, and the new master with it',
    async reach(stage) {
      await parked(stage)
      await lose(stage.old)
      const isCut = await cutRevert(stage, {}, { name: '', when: ({ world }) => noted(world, 'how=reverse') })
      await lose(stage.world.master('new'))
      await reconnect(stage)
      return isCut
    },
    revert: 'old',
    how: 'reverse',
    commit: wrongPhase,
    cuts: [{ name: 'at once' }, { name: '30 ms later', afterMs: 30 }],
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
    name: 'parked, and the daemon restarted by hand',
    async reach(stage) {
      await parked(stage)
      await stage.withoutLoad(async () => {
        for (const one of mastersOf(stage.world.processes())) signalProcess(one, 'SIGTERM')
        await until(() => stage.world.processes().length === 0)
        await startNginx(stage.world.host)
      })
    },
    revert: 'old',
    commit: ['failed NEW_MASTER_DIED', 'refused WRONG_PHASE'],
    cuts: [{ name: 'at once' }],
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
  configured('that the old binary refuses', 'no_such_directive on;\n'),
  configured('with which the old binary gets no workers (R5)', 'working_directory /nonexistent;\n'),
] satisfies State[])

test('nothing runs any more: the answer has the very command that starts the old binary again', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toSwitched()
    for (const one of world.processes()) signalProcess(one, 'SIGKILL')
    await until(() => world.processes().length === 0)
    const answer = await program.revert()
    expect(shown(answer)).toBe('failed stuck NO_MASTER')
    expect(sha256Now(world.host.binary)).toBe(world.oldSha)
    const { pidFile } = world.host
    expect([pidFile, `${pidFile}.oldbin`].filter(name => existsSync(name))).toEqual([])
    execFileSync('sh', ['-c', field(answer, 'start')])
    expect(shown(await program.revert())).toBe('reverted')
    await expectOnly(world, 'old')
  })
})

test('by hand, as docs/hosts.md says it, when the old master is gone: the old binary serves again', async () => {
  await onHost({}, async world => {
    const program = await world.open()
    await program.toSwitched()
    await lose(world.master('old'))
    process.kill(program.connection.pid(), 'SIGKILL')
    const { binary, pidFile } = world.host
    const page = readFileSync(new URL('../../docs/hosts.md', import.meta.url), 'utf8')
    const [, setUp = ''] = page.match(/## By hand\n[\s\S]*?```sh\n([\s\S]*?)```/) ?? []
    const [, steps = ''] = page.match(/### The old master is gone\n[\s\S]*?```sh\n([\s\S]*?)```/) ?? []
    const script = `${setUp}${steps}`
      .replace('bin=/usr/sbin/nginx pid=/run/nginx.pid', `bin=${binary} pid=${pidFile}`)
      .replace(/^state=.*$/m, `state=${world.state('')}`)
    const watch = watchInvariants(world)
    await promisify(execFile)('sh', ['-c', script], { timeout: 30_000 })
    await watch.stop()
    await until(() => world.processes().length === 3)
    const master = world.master('old')
    expect(world.workersOf(master).length).toBe(2)
    expect(readFileSync(pidFile, 'utf8').trim()).toBe(String(master.pid))
    expect([existsSync(world.state('lock')), existsSync(`${pidFile}.oldbin`)]).toEqual([false, false])
  })
})

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

/** Changed since the run began: a reverse handover reads the configuration again. */
function configured(how: string, line: string): State {
  return {
    name: `parked, the old master killed, and a configuration ${how}`,
    async reach(stage) {
      await parked(stage)
      await lose(stage.old)
      appendFileSync(stage.world.host.config, line)
    },
    revert: 'stuck REVERSE_FAILED',
    async proves({ world }) {
      const master = world.master('new')
      expect(mastersOf(world.processes())).toEqual([master])
      expect(world.workersOf(master).length).toBe(2)
      expect(readFileSync(world.host.pidFile, 'utf8').trim()).toBe(String(master.pid))
    },
    remedy: {
      async apply({ world: { host } }) {
        writeFileSync(host.config, readFileSync(host.config, 'utf8').replace(line, ''))
      },
    },
    commit: ['failed OLD_MASTER_GONE', 'refused WRONG_PHASE'],
    cuts: [{ name: 'at once' }],
  }
}

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
