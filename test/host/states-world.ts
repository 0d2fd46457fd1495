/**
 * Every state a host can be in, and the ways out of it. A cell is one host of its own that is brought into a state through
 * the program and real signals, and taken out of it one way, while somebody asks for pages and starts the binary all the time.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, renameSync, statSync } from 'node:fs'
import { appendFile, chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Answer, field } from '../../src/host/frame.ts'
import { startNginx } from '../../src/lab/nginx.ts'
import { isAlive, type LabProcess, signalProcess } from '../../src/lab/process.ts'
import {
  expectOnly,
  mastersOf,
  onHost,
  type Program,
  type SlowClient,
  shown,
  slowClient,
  until,
  type Watch,
  type World,
  watchInvariants,
} from './world.ts'

export interface Stage {
  readonly world: World
  /** What the file at the path was before anything: inode, owner, mode, capabilities. */
  readonly disk: string
  /** The master that ran before anything. */
  readonly old: LabProcess
  /** The program that reached the state; another one after a reboot. */
  program: Program
  /** Further checksums that may be at the path. */
  readonly allowed: string[]
  /** Destroyed at the end. */
  client(): Promise<SlowClient>
  /** For moments in which nobody can serve: a reboot. */
  withoutLoad(moment: () => Promise<void>): Promise<void>
}

/** `old` and `new`: that side alone, whole and clean. `stuck CODE`: refused, and nothing that serves is touched. */
export type End = 'old' | 'new' | `stuck ${string}`

export interface Cut {
  readonly name: string
  /** Asked without a pause. */
  when?(stage: Stage): boolean
  readonly afterMs?: number
}

export interface State {
  readonly name: string
  /** False: the moment to be caught was missed, and another host is needed. */
  reach(stage: Stage): Promise<boolean | undefined>
  readonly revert: End
  /** How the host went back, where it did. */
  readonly how?: 'reverse'
  /** After the end; default: what the end says. */
  proves?(stage: Stage): Promise<void>
  /** What takes a stuck host out of it: afterwards a revert goes back. */
  readonly remedy?: { readonly isOutage?: true; apply(stage: Stage): Promise<void> }
  /** What `precommit` and `decide` answer. */
  readonly commit: readonly [precommit: string, decide: string]
  readonly cuts?: readonly Cut[]
  /** Hundredths of a second. */
  readonly drainLimit?: number
  /** A limit of the program is waited out; so it is asked once. */
  readonly isSlow?: true
  /** Nobody serves until the remedy. */
  readonly isDown?: true
  /** The daemon has not been signalled at all, so its logs are as they were. */
  readonly isUntouched?: true
}

const inPlaceCuts: readonly Cut[] = [
  { name: 'at once' },
  { name: 'as old workers are there again', when: ({ old }) => childrenOf(old.pid).length > 0 },
  { name: '30 ms later', afterMs: 30 },
]

/** In which the new master starts the old binary again. */
export const reverseCuts: readonly Cut[] = [
  { name: 'at once' },
  { name: 'after USR2', when: ({ world }) => pidIn(`${world.host.pidFile}.oldbin`) === newPid(world) },
  { name: 'when the new old master is noted', when: ({ world }) => noted(world, 'how=reverse') },
  {
    name: 'when no new worker is left',
    when: ({ world }) => noted(world, 'how=reverse') && childrenOf(newPid(world)).length <= 1,
  },
  { name: '300 ms later', afterMs: 300 },
]

const hits = { cut: 0 }

/** HANDOVER_SWEEP=full: every state with each of its cuts; without it with every third one. */
const isFull = process.env.HANDOVER_SWEEP === 'full'

export function describeStates(states: readonly State[]): void {
  // Those that wait out a limit of the program do it side by side.
  const slow = states.filter(one => one.isSlow)
  const quick = states.filter(one => !one.isSlow)
  for (const [index, state] of quick.entries()) describe(state.name, () => describeCells(state, index))
  for (const [index, state] of slow.entries()) {
    describe.concurrent(state.name, () => describeCells(state, index))
  }

  test('reverts were cut off in the middle, not only before or after', () => {
    expect(hits.cut).toBeGreaterThan(isFull ? states.length : states.length / 3)
  })
}

function describeCells(state: State, index: number): void {
  const { remedy } = state
  const repeated = state.isSlow ? '' : '; and once more'
  test(`revert: ${state.revert}${repeated}${remedy ? '; and old without what was in its way' : ''}`, () =>
    inState(state, async (stage, watch) => {
      for (const attempt of state.isSlow ? ['only'] : ['first', 'second']) {
        const answer = await stage.program.revert(state.drainLimit)
        expect([attempt, said(answer)]).toEqual([attempt, state.revert])
        if (state.revert === 'old') {
          expect(field(answer, 'how') || 'in-place').toBe(state.how ?? 'in-place')
        }
        await watch.still(() => expectEnd(stage, state))
      }
      if (!remedy) return
      if (remedy.isOutage) await stage.withoutLoad(() => remedy.apply(stage))
      else await remedy.apply(stage)
      expect(said(await stage.program.revert())).toBe('old')
      const { proves: _, ...plain } = state
      await watch.still(() => expectEnd(stage, { ...plain, revert: 'old' }))
    }))

  const cuts = state.revert === 'old' || remedy ? (state.cuts ?? inPlaceCuts) : []
  for (const cut of cuts.filter((_, at) => isFull || (at + index) % 3 === 0)) {
    test(`revert, killed ${cut.name}; then another program: ${state.revert}`, () =>
      inState(state, async (stage, watch) => {
        if (await cutRevert(stage, state, cut)) hits.cut++
        const next = await stage.world.open()
        await next.inspect()
        expect(said(await next.revert(state.drainLimit))).toBe(state.revert)
        await watch.still(() => expectEnd(stage, state))
      }))
  }

  // What the dead-man does, too: the same hand, for the name of the run, without the program that began it.
  const settled = state.revert === 'stuck DECIDED' ? 'new' : state.revert
  test(`settled for a run that nobody leads: ${settled}`, () =>
    inState(state, async (stage, watch) => {
      const other = await stage.world.open('other')
      await other.inspect()
      const answer = await other.ask('break', 'force')
      if (settled.startsWith('stuck')) {
        expect(shown(answer)).toBe('failed RUN_UNFINISHED')
        expect(field(answer, 'last_word')).toContain(`stuck=${settled.slice('stuck '.length)}`)
      } else {
        expect([shown(answer), settled === 'old' ? ['reverted', 'none'] : ['committed', 'none']]).toEqual([
          'ok',
          expect.arrayContaining([field(answer, 'state')]),
        ])
      }
      if (settled === 'new') await watch.still(() => expectOnly(stage.world, 'new'))
      else await watch.still(() => expectEnd(stage, state))
    }))

  test(`commit: ${state.commit.join(', ')}`, () =>
    inState(state, async (stage, watch) => {
      const before = masterPids(stage.world)
      const acknowledged = shown(await stage.program.precommit())
      expect([acknowledged, shown(await stage.program.decide(50))]).toEqual(state.commit)
      await watch.still(async () => {
        if (state.commit[1] === 'ok') await expectOnly(stage.world, 'new')
        else expect(masterPids(stage.world)).toEqual(before)
      })
    }))
}

interface StateWatch {
  /** Nobody starts the binary during this: its processes are counted. */
  still(moment: () => Promise<void>): Promise<void>
}

async function inState(state: State, story: (stage: Stage, watch: StateWatch) => Promise<void>) {
  for (let attempt = 0; attempt < 15; attempt++) {
    let isReached: boolean | undefined
    await onHost({ arrange: markBinary }, async world => {
      isReached = await inWorld(world, state, story)
    })
    if (isReached !== false) return
  }
  throw new Error(`the state "${state.name}" was not reached`)
}

async function inWorld(
  world: World,
  state: State,
  story: (stage: Stage, watch: StateWatch) => Promise<void>,
): Promise<boolean> {
  const allowed: string[] = []
  const clients: SlowClient[] = []
  const lanes = state.isDown ? 0 : 1
  let watches = watchAll(world, allowed, lanes)
  const stage: Stage = {
    world,
    disk: attributes(world.host.binary),
    old: world.master('old'),
    program: await world.open(),
    allowed,
    async client() {
      const client = await slowClient(world.host)
      clients.push(client)
      return client
    },
    async withoutLoad(moment) {
      await watches.stop()
      watches = watchAll(world, allowed, 0)
      await moment()
      await watches.stop()
      watches = watchAll(world, allowed, lanes)
    },
  }
  const watch: StateWatch = {
    async still(moment) {
      await watches.execs.stop()
      await moment()
      watches.execs = startExecs(world, allowed)
    },
  }
  try {
    await stage.program.inspect()
    if ((await state.reach(stage)) === false) return false
    rotateLogs(world)
    await story(stage, watch)
    return true
  } finally {
    for (const client of clients) client.destroy()
    await watches.stop()
  }
}

interface Watches {
  readonly load: Watch
  execs: { stop(): Promise<void> }
  stop(): Promise<void>
}

function watchAll(world: World, allowed: string[], concurrency: number): Watches {
  const watches: Watches = {
    load: watchInvariants(world, allowed, concurrency),
    execs: startExecs(world, allowed),
    async stop() {
      await watches.execs.stop()
      await watches.load.stop()
    },
  }
  return watches
}

/** Starts the file at the path over and over: it is always there, whole, and one of the known ones. */
function startExecs({ host, binaries }: World, allowed: readonly string[]) {
  const known = [binaries.older.version, binaries.newer.version].map(version => `nginx/${version}`)
  const wrong: string[] = []
  let isOver = false
  const looping = (async () => {
    while (!isOver) {
      const said = await new Promise<string>(resolve => {
        execFile(host.binary, ['-v'], (error, _, stderr) => resolve(error ? String(error) : stderr))
      })
      if (!known.some(version => said.includes(version)) && allowed.length === 0) wrong.push(said)
      await pause(25)
    }
  })()
  return {
    async stop() {
      isOver = true
      await looping
      expect(wrong).toEqual([])
    },
  }
}

/** As in the declaration of a cell. */
function said(answer: Answer): string {
  if (answer.status === 'reverted') return 'old'
  if (answer.status === 'ok') return field(answer, 'state') === 'committed' ? 'new' : 'old'
  return shown(answer).replace('failed ', '')
}

async function expectEnd(stage: Stage, state: State): Promise<void> {
  const { world } = stage
  if (state.revert === 'old') expect(attributes(world.host.binary)).toBe(stage.disk)
  if (state.proves) return state.proves(stage)
  if (state.revert.startsWith('stuck')) {
    // Whatever served goes on: the watch sees that; and the way back is not lost.
    expect(existsSync(world.state('record'))).toBe(true)
    return
  }
  await expectOnly(world, state.revert === 'old' ? 'old' : 'new')
  if (state.revert === 'new' || state.isUntouched) return
  expect(
    readFileSync(world.state('record'), 'utf8')
      .match(/^state=.*/gm)
      ?.at(-1),
  ).toBe('state=reverted')
  await expectFreshLogs(world)
}

/** Whoever is left writes the log files that are there now, not those that were rotated away. */
async function expectFreshLogs({ host, processes }: World): Promise<void> {
  const written = () => processes().flatMap(({ pid }) => openFiles(pid).filter(name => name.includes('.log')))
  await until(() => written().every(name => !name.endsWith('.1')))
  expect(written()).toContain(host.errorLog)
}

function rotateLogs({ host }: World): void {
  for (const name of ['error.log', 'access.log']) {
    const file = join(host.root, 'var/log/nginx', name)
    renameSync(file, `${file}.1`)
  }
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

/** A mode and a capability that a copy would not have by itself. */
async function markBinary({ binary }: { readonly binary: string }): Promise<void> {
  await chmod(binary, 0o751)
  if (process.getuid?.() === 0) execFileSync('setcap', ['cap_net_bind_service=+ep', binary])
}

function attributes(file: string): string {
  const { ino, uid, gid, mode } = statSync(file)
  const caps = execFileSync('getcap', [file], { encoding: 'utf8' }).trim()
  return [ino, uid, gid, mode.toString(8), caps].join(' ')
}

/** True when the revert was killed while it held the host. */
export async function cutRevert(
  { program, world, ...rest }: Stage,
  { drainLimit }: { readonly drainLimit?: number },
  cut: Cut,
): Promise<boolean> {
  void program.revert(drainLimit).catch(() => {})
  await pause(1)
  const isHeld = catchMoment(() => effectHolder(world) > 0, 300)
  if (isHeld && cut.afterMs) await pause(cut.afterMs)
  const isThere = !cut.when || catchMoment(() => cut.when?.({ program, world, ...rest }) === true, 1500)
  const isCut = isThere && killPhase(world)
  if (isAlive(selfOf(program))) process.kill(program.connection.pid(), 'SIGKILL')
  await until(() => !existsSync(`/proc/${program.connection.pid()}/exe`))
  // Where it was over before, or never there, it must not go on beside the next one.
  killPhase(world)
  return isCut
}

function selfOf({ connection }: Program) {
  const stat = readFileSync(`/proc/${connection.pid()}/stat`, 'utf8')
  return { pid: connection.pid(), startTime: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) }
}

/** Ends the phase that holds the host, as a host that is out of memory would. */
export function killPhase(world: World): boolean {
  const pid = effectHolder(world)
  if (pid === 0) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

function effectHolder(world: World): number {
  return pidIn(world.state('effect'))
}

/** Without a pause between seeing and acting: the moments are milliseconds long. */
export function catchMoment(isThere: () => boolean, limitMs = 3000): boolean {
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) if (isThere()) return true
  return false
}

export function noted(world: World, line: string): boolean {
  return textOf(world.state('record')).includes(`\n${line}`)
}

/** The first number in a file; 0 when there is none. */
function pidIn(file: string): number {
  return Number.parseInt(textOf(file), 10) || 0
}

function newPid(world: World): number {
  const lines = textOf(world.state('record')).matchAll(/^new_master=(\d+)/gm)
  return Number([...lines].at(-1)?.[1] ?? 0)
}

export function childrenOf(pid: number): string[] {
  return textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function masterPids({ processes }: World): number[] {
  return mastersOf(processes()).map(one => one.pid)
}

export async function lose(one: LabProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  signalProcess(one, signal)
  await until(() => !isAlive(one))
}

/** Everything ends at once, `/run` is empty, and what the record calls its boot is another one. */
export async function reboot(stage: Stage): Promise<void> {
  const { world, program } = stage
  killPhase(world)
  process.kill(program.connection.pid(), 'SIGKILL')
  for (const one of mastersOf(world.processes())) signalProcess(one, 'SIGKILL')
  await until(() => {
    for (const one of world.processes()) signalProcess(one, 'SIGKILL')
    return world.processes().length === 0
  })
  for (const file of [world.host.pidFile, `${world.host.pidFile}.oldbin`]) await rm(file, { force: true })
  await appendFile(world.state('record'), '\nboot=another:1\n')
}

/** The daemon is started, as the system does after a boot, and the controller connects anew. */
export async function boot(stage: Stage): Promise<void> {
  await startNginx(stage.world.host)
  await reconnect(stage)
}

export async function reconnect(stage: Stage): Promise<void> {
  stage.program = await stage.world.open()
  await stage.program.inspect()
}
