/** States on the way of a run, whoever dies in the middle of it, and the ways out of each. */
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, expect } from 'vitest'
import { signalProcess } from '../../src/lab/process.ts'
import {
  catchMoment,
  childrenOf,
  describeStates,
  killPhase,
  lose,
  noted,
  reverseCuts,
  type Stage,
  type State,
} from './states-world.ts'
import { mastersOf, runningStaged, sha256Now, shown, stagedInode, until } from './world.ts'

const wrongPhase = ['refused WRONG_PHASE', 'refused WRONG_PHASE'] as const
const servers: Server[] = []
afterAll(() => {
  for (const one of servers) one.close()
})

describeStates([
  {
    name: 'idle',
    reach: async () => undefined,
    revert: 'old',
    commit: wrongPhase,
    cuts: [{ name: 'at once' }],
    isUntouched: true,
  },
  {
    name: 'prepared',
    reach: async ({ program }) => void (await program.toPrepared()),
    revert: 'old',
    commit: wrongPhase,
    cuts: [{ name: 'at once' }],
    isUntouched: true,
  },
  {
    name: 'staged at the path: killed in the exchange window',
    reach: reachStaged,
    revert: 'old',
    commit: wrongPhase,
    cuts: [{ name: 'at once' }, { name: '30 ms later', afterMs: 30 }],
  },
  { name: 'USR2 sent: the new binary hangs', reach: reachHung, revert: 'old', commit: wrongPhase },
  { name: 'dual: both accept', reach: reachDual, revert: 'old', commit: wrongPhase },
  { name: 'parked', reach: parked, revert: 'old', commit: ['ok', 'ok'] },
  {
    name: 'parked, with a client that still drains',
    async reach(stage) {
      const client = await stage.client()
      await parked(stage)
      // Gone by itself while the host goes back; until then it must not be cut.
      setTimeout(() => client.destroy(), 250)
      return client.isOpen()
    },
    revert: 'old',
    async proves(stage) {
      await until(() => stage.world.processes().every(one => !one.title.includes('shutting down')))
      expect(stage.world.workersOf(stage.old).length).toBe(2)
    },
    commit: ['ok', 'ok'],
  },
  {
    name: 'parked, and the new master killed',
    async reach(stage) {
      await parked(stage)
      await lose(stage.world.master('new'))
    },
    revert: 'old',
    commit: ['failed NEW_MASTER_DIED', 'refused WRONG_PHASE'],
  },
  {
    name: 'parked, and the old master killed',
    async reach(stage) {
      await parked(stage)
      await lose(stage.old)
    },
    revert: 'old',
    how: 'reverse',
    commit: ['failed OLD_MASTER_GONE', 'refused WRONG_PHASE'],
    cuts: reverseCuts,
  },
  {
    name: 'dual, and the old master killed: its workers go on without it',
    async reach(stage) {
      if (!(await reachDual(stage))) return false
      await lose(stage.old)
      return true
    },
    revert: 'old',
    how: 'reverse',
    commit: wrongPhase,
    cuts: reverseCuts,
  },
  {
    name: 'aborted forward: a revert was killed after HUP',
    reach: reachAborted,
    revert: 'old',
    commit: wrongPhase,
  },
  {
    name: 'decided, and not yet told to quit',
    async reach(stage) {
      const { program, world } = stage
      await program.toPrecommitted()
      void program.decide().catch(() => {})
      await Promise.resolve()
      await new Promise(resolve => setTimeout(resolve, 1))
      if (!catchMoment(() => noted(world, 'state=decided')) || !killPhase(world)) return false
      // The exchange under way ends by itself; QUIT would have ended an idle old master by then.
      await until(() => sha256Now(world.host.binary) === world.newSha, 1000).catch(() => {})
      return mastersOf(world.processes()).length === 2
    },
    revert: 'stuck DECIDED',
    commit: ['refused WRONG_PHASE', 'ok'],
  },
  {
    name: 'committed',
    async reach({ program }) {
      await program.toPrecommitted()
      expect(shown(await program.decide())).toBe('ok')
    },
    revert: 'new',
    commit: ['refused WRONG_PHASE', 'ok'],
  },
  {
    name: 'reverted',
    async reach(stage) {
      await parked(stage)
      expect(shown(await stage.program.revert())).toBe('reverted')
    },
    revert: 'old',
    commit: wrongPhase,
    cuts: [{ name: 'at once' }],
    isUntouched: true,
  },
] satisfies State[])

async function parked({ program }: Stage): Promise<undefined> {
  await program.toSwitched()
}

async function reachStaged({ program, world }: Stage): Promise<boolean> {
  await program.toPrepared()
  const inode = stagedInode(world)
  void program.switchOver().catch(() => {})
  await new Promise(resolve => setTimeout(resolve, 1))
  const isThere = catchMoment(() => inodeAt(world.host.binary) === inode)
  return isThere && killPhase(world) && !noted(world, 'usr2=sent')
}

/** A port that is taken keeps the new master from its pid file for 2.5 s, time enough to stop it. */
async function reachHung({ program, world, old }: Stage): Promise<boolean> {
  const taken = createServer().listen(0, '127.0.0.1')
  servers.push(taken)
  await once(taken, 'listening')
  await program.toPrepared()
  const { port } = taken.address() as AddressInfo
  const text = await readFile(world.host.config, 'utf8')
  await writeFile(world.host.config, text.replace('listen ', `listen 127.0.0.1:${port}; listen `))
  const inode = stagedInode(world)
  void program.switchOver().catch(() => {})
  await until(() =>
    runningStaged(world, inode).some(one => one.ppid === old.pid && signalProcess(one, 'SIGSTOP')),
  )
  return killPhase(world)
}

async function reachDual({ program, world }: Stage): Promise<boolean> {
  await program.toPrepared()
  void program.switchOver().catch(() => {})
  await new Promise(resolve => setTimeout(resolve, 1))
  if (!catchMoment(() => noted(world, 'new_master=')) || !killPhase(world)) return false
  await until(() => world.workersOf(world.master('new')).length === 2)
  return !noted(world, 'winch_at=')
}

async function reachAborted(stage: Stage): Promise<boolean> {
  const { program, world, old } = stage
  await parked(stage)
  void program.revert().catch(() => {})
  await new Promise(resolve => setTimeout(resolve, 1))
  if (!catchMoment(() => childrenOf(old.pid).length > 1) || !killPhase(world)) return false
  await until(() => world.workersOf(old).length === 2)
  return world.workersOf(world.master('new')).length === 2
}

function inodeAt(file: string): number {
  return statSync(file).ino
}
