/** One host without sshd: a real nginx in a tree of its own, and the host program run beside it in a local shell. */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Answer } from '../../src/host/frame.ts'
import { openSession } from '../../src/host/session.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { endProcesses } from '../../src/lab/ending.ts'
import { describeHost, growTree, writeConfig } from '../../src/lab/host-tree.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { type LoadReport, startLoad } from '../../src/lab/load.ts'
import { hostProcesses, startNginx } from '../../src/lab/nginx.ts'
import type { LabBinaries } from '../../src/lab/packages.ts'
import { findFreePorts } from '../../src/lab/ports.ts'
import { type LabProcess, listProcesses, signalProcess } from '../../src/lab/process.ts'
import { waitUntil } from '../../src/lab/waiting.ts'
import { labBinaries } from '../lab/world.ts'
import { unlessItStoodStill } from '../stalls.ts'
import { connectLocally, type LocalConnection, type LocalOptions } from './local-connection.ts'

export interface Program {
  readonly connection: LocalConnection
  /** As the controller asks: 30 s for every answer. */
  ask(verb: string, ...args: string[]): Promise<Answer>
  inspect(): Promise<Answer>
  /** @param lease hundredths of a second, here and below */
  prepare(lease?: number): Promise<Answer>
  renew(lease?: number): Promise<Answer>
  precommit(lease?: number): Promise<Answer>
  /** @param startLimit hundredths of a second */
  switchOver(startLimit?: number): Promise<Answer>
  decide(drainLimit?: number, policy?: 'terminate' | 'leave'): Promise<Answer>
  revert(drainLimit?: number): Promise<Answer>
  stand(): Promise<Answer>
  /** Inspect, upload, prepare; expects all to be well. */
  toPrepared(lease?: number): Promise<void>
  toSwitched(lease?: number): Promise<void>
  toPrecommitted(lease?: number): Promise<void>
  close(): Promise<void>
}

export interface World {
  readonly host: LabHost
  readonly binaries: LabBinaries
  readonly workers: number
  readonly stateDir: string
  /** Of this target, below `stateDir`. */
  state(name: string): string
  readonly oldSha: string
  readonly newSha: string
  /** The artifact; put into the store before `toPrepared`. */
  readonly artifact: string
  open(run?: string, options?: ProgramOptions): Promise<Program>
  processes(): LabProcess[]
  master(side: 'old' | 'new'): LabProcess
  workersOf(master: LabProcess): LabProcess[]
}

export interface ProgramOptions extends LocalOptions {
  /** What the playbook lets pass: `config`, `build`. */
  readonly allow?: string
  /** Which controller of the run it is; not said if not given. */
  readonly epoch?: number
}

export interface WorldOptions {
  readonly workers?: number
  /** Made from the binaries; default: the newer one. */
  readonly artifact?: (binaries: LabBinaries, dir: string) => Promise<string>
  /** Before nginx starts. */
  readonly arrange?: (host: LabHost, binaries: LabBinaries) => Promise<void>
  readonly isStarted?: boolean
  /** Name of the tree. */
  readonly name?: string
}

export function onHost(options: WorldOptions, story: (world: World) => Promise<void>): Promise<void> {
  return unlessItStoodStill(() => tellOnHost(options, story))
}

async function tellOnHost(options: WorldOptions, story: (world: World) => Promise<void>): Promise<void> {
  const binaries = await labBinaries()
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'handover-host-')))
  const [sshPort = 0, httpPort = 0] = await findFreePorts(2)
  const name = options.name ?? 'h01'
  const host = describeHost({ labId: basename(dir), dir, name, sshPort, httpPort })
  const workers = options.workers ?? 2
  const programs: Program[] = []
  let closed: PromiseSettledResult<void>[] = []
  try {
    await growTree(host, binaries.older.path, 'none')
    const user = process.getuid?.() === 0 ? { user: 'root' } : {}
    await writeConfig(host, { workers, quirk: false, ...user }, { lines: [], usePam: false })
    await options.arrange?.(host, binaries)
    if (options.isStarted !== false) await startNginx(host)
    const artifact = (await options.artifact?.(binaries, dir)) ?? binaries.newer.path
    await story(await describeWorld({ host, binaries, workers, artifact, programs }))
  } finally {
    closed = await Promise.allSettled(programs.map(one => one.close()))
    for (const one of deadMen(dir)) {
      try {
        process.kill(-one.pid, 'SIGKILL')
      } catch {
        // It has just ended by itself.
      }
    }
    for (const one of hostProcesses(host)) signalProcess(one, 'SIGCONT')
    await endProcesses(() => hostProcesses(host), { patienceMs: 0 })
    await rm(dir, { recursive: true, force: true })
  }
  for (const one of closed) if (one.status === 'rejected') throw one.reason
}

async function describeWorld(given: {
  host: LabHost
  binaries: LabBinaries
  workers: number
  artifact: string
  programs: Program[]
}): Promise<World> {
  const { host, artifact, programs } = given
  const stateDir = join(host.root, 'state')
  const oldSha = await sha256OfFile(host.binary)
  const newSha = await sha256OfFile(artifact)
  const target = host.binary
    .slice(1)
    .replace(/[-/%]/g, char => ({ '/': '-', '-': '%2d', '%': '%25' })[char] ?? '')
  const processes = () => hostProcesses(host)
  const shas = new Map<string, string>()
  const shaOf = ({ pid }: LabProcess) => {
    const { dev, ino } = statSync(`/proc/${pid}/exe`)
    const known = shas.get(`${dev}:${ino}`) ?? sha256Now(`/proc/${pid}/exe`)
    shas.set(`${dev}:${ino}`, known)
    return known
  }
  const world: World = {
    ...given,
    stateDir,
    oldSha,
    newSha,
    state: name => join(stateDir, target, name),
    processes,
    master(side) {
      const sha = side === 'old' ? oldSha : newSha
      const found = mastersOf(processes()).find(one => shaOf(one) === sha)
      if (!found) throw new Error(`no ${side} master on ${host.name}`)
      return found
    },
    workersOf: master =>
      processes().filter(one => one.ppid === master.pid && one.title === 'nginx: worker process'),
    async open(run = 'run1', options = {}) {
      const connection = connectLocally(options)
      const session = await openSession(connection, false)
      const ask = (verb: string, ...args: string[]) => session.request(verb, args, 30_000)
      const target = [stateDir, newSha, options.allow ?? '-']
      if (options.epoch !== undefined) target.push(newSha, String(options.epoch))
      const program: Program = {
        connection,
        ask,
        inspect: () => ask('inspect', run, 'tester', host.binary, host.pidFile, ...target),
        prepare: (lease = 6000) => ask('prepare', newSha, String(lease), '500', 'terminate'),
        renew: (lease = 6000) => ask('renew', String(lease)),
        precommit: (lease = 6000) => ask('precommit', String(lease)),
        switchOver: (limit = 1000) => ask('switch', String(limit)),
        decide: (limit = 500, policy = 'terminate') => ask('decide', String(limit), policy),
        revert: (limit = 500) => ask('revert', String(limit)),
        stand: () => ask('stand'),
        async toPrepared(lease) {
          expect(shown(await program.inspect())).toBe('ok')
          await storeArtifact(world)
          expect(shown(await program.prepare(lease))).toBe('ok')
        },
        async toSwitched(lease) {
          await program.toPrepared(lease)
          expect(shown(await program.switchOver())).toBe('ok')
          // On a busy machine little may be left of a short one.
          if (lease !== undefined) expect(shown(await program.renew(lease))).toBe('ok')
        },
        async toPrecommitted(lease) {
          await program.toSwitched(lease)
          expect(shown(await program.precommit(lease))).toBe('ok')
        },
        async close() {
          await session.close()
          const end = await waitUntil(() => !existsSync(`/proc/${connection.pid()}`), { deadlineMs: 20_000 })
          if (end) return
          process.kill(connection.pid(), 'SIGKILL')
          throw new Error('the program did not end')
        },
      }
      programs.push(program)
      return program
    },
  }
  return world
}

/** As an upload leaves it. */
export async function storeArtifact({ stateDir, artifact, newSha }: World): Promise<void> {
  const store = join(stateDir, 'artifacts')
  await mkdir(store, { recursive: true, mode: 0o700 })
  await chmod(stateDir, 0o700)
  if (!existsSync(join(store, newSha))) await copyFile(artifact, join(store, newSha))
}

/** `ok`, or the status with the codes that say why: `failed WORKERS_MISSING`, `failed stuck PATH_CHANGED`. */
export function shown({ status, fields }: Answer): string {
  const codes = [
    ...(fields.get('code') ?? []),
    ...(fields.get('refusal') ?? []).map(text => text.split(':')[0]),
  ]
  const stuck = (fields.get('stuck') ?? []).map(code => `stuck ${code}`)
  return [status, ...codes, ...stuck].join(' ')
}

export function mastersOf(processes: readonly LabProcess[]): LabProcess[] {
  return processes.filter(one => one.title.startsWith('nginx: master process'))
}

export function sha256Now(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** Exactly one side, whole and clean: processes, the file at the path, pid files, nothing temporary. */
export async function expectOnly(world: World, side: 'old' | 'new'): Promise<void> {
  const { host, workers } = world
  const sha = side === 'old' ? world.oldSha : world.newSha
  // Processes that were told to go are gone when the answer comes, but for zombies nobody has reaped.
  const processes = world.processes()
  const [master, ...others] = mastersOf(processes)
  expect(others).toEqual([])
  expect(master?.exe).toBe(host.binary)
  expect(sha256Now(`/proc/${master?.pid}/exe`)).toBe(sha)
  expect(processes.filter(one => one !== master).map(one => [one.ppid, one.title, one.exe])).toEqual(
    Array.from({ length: workers }, () => [master?.pid, 'nginx: worker process', host.binary]),
  )
  expect(await sha256OfFile(host.binary)).toBe(sha)
  expect((await readFile(host.pidFile, 'utf8')).trim()).toBe(String(master?.pid))
  expect(existsSync(`${host.pidFile}.oldbin`)).toBe(false)
  expectNoTraces(world)
}

/** Everything below the host's root and every process of it; logs grow. */
export async function snapshot({ host, processes }: World): Promise<string[]> {
  const names = readdirSync(host.root, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.map(name => {
    const { ino, mode, size, mtimeMs, uid, gid } = lstatSync(join(host.root, name))
    const isLog = name.startsWith('var/log/')
    return [name, ino, mode, uid, gid, ...(isLog ? [] : [size, mtimeMs])].join(' ')
  })
  return [...files, ...processes().map(({ pid, startTime }) => `${pid} ${startTime}`)]
}

/** The dead-men that look after anything below a directory. */
export function deadMen(dir: string): LabProcess[] {
  return listProcesses().filter(({ title }) => title.includes(' dead_man ') && title.includes(`${dir}/`))
}

/** Nothing temporary: no sibling of the binary, no lock, no claim, no dead-man. */
export function expectNoTraces({ host, stateDir, state }: World): void {
  expect(readdirSync(dirname(host.binary))).toEqual([basename(host.binary)])
  expect(deadMen(host.root)).toEqual([])
  if (!existsSync(stateDir)) return
  const left = existsSync(state('')) ? readdirSync(state('')).sort() : []
  expect(left.filter(name => name !== 'backups' && name !== 'record')).toEqual([])
}

export interface Watch {
  /** Ends the watching; expects that nothing was ever wrong. */
  stop(): Promise<LoadReport>
}

/** While it runs, the path is exactly old or new at every look and every new connection gets an answer. */
export function watchInvariants(world: World, allowed: readonly string[] = [], concurrency = 2): Watch {
  const { host, oldSha, newSha } = world
  const known = new Map<string, boolean>()
  const wrong: string[] = []
  let isOver = false
  const look = () => {
    try {
      const { ino, mtimeMs, size, mode } = statSync(host.binary)
      const key = `${ino} ${mtimeMs} ${size} ${mode}`
      if (!known.has(key)) {
        known.set(
          key,
          [oldSha, newSha, ...allowed].includes(sha256Now(host.binary)) && (mode & 0o111) === 0o111,
        )
      }
      if (known.get(key) !== true) wrong.push(`another file: ${key}`)
    } catch (error) {
      wrong.push(String(error))
    }
  }
  const looking = (async () => {
    while (!isOver) {
      look()
      await pause(1)
    }
  })()
  const load = startLoad(
    [{ name: host.name, url: `http://127.0.0.1:${host.httpPort}/`, bodyPrefix: `${host.name} ` }],
    { concurrency, thinkMs: 6 },
  )
  return {
    async stop() {
      const report = await load.stop()
      isOver = true
      await looking
      expect(wrong).toEqual([])
      expect(report.firstErrors).toEqual([])
      if (concurrency > 0) expect(report.requests).toBeGreaterThan(0)
      return report
    },
  }
}

/** Another file at the path, as a package manager puts it there. */
export async function replaceBinary(host: LabHost, from: string): Promise<string> {
  await copyFile(from, `${host.binary}.dpkg-new`)
  await chmod(`${host.binary}.dpkg-new`, 0o755)
  await rename(`${host.binary}.dpkg-new`, host.binary)
  return sha256OfFile(from)
}

export async function until(check: () => boolean | Promise<boolean>, deadlineMs = 5000): Promise<void> {
  expect(await waitUntil(check, { deadlineMs, everyMs: 2 })).toBe(true)
}

export interface SlowClient {
  destroy(): void
  isOpen(): boolean
  readonly ended: Promise<void>
}

/** Has got its first bytes of an answer that takes minutes. */
export function slowClient(host: LabHost): Promise<SlowClient> {
  return new Promise((resolve, reject) => {
    const socket = connect(host.httpPort, '127.0.0.1')
    let isOpen = true
    const ended = new Promise<void>(done => {
      socket.once('close', () => {
        isOpen = false
        done()
      })
    })
    socket.on('error', reject)
    socket.once('data', () => resolve({ destroy: () => socket.destroy(), isOpen: () => isOpen, ended }))
    socket.write(`GET /slow HTTP/1.1\r\nHost: ${host.name}\r\n\r\n`)
  })
}

export async function preparedWith(program: Program, world: World): Promise<string> {
  expect(shown(await program.inspect())).toBe('ok')
  await storeArtifact(world)
  return shown(await program.prepare())
}

/** The processes that run the staged file of `run`, wherever it is by now. */
export function runningStaged(world: World, inode: number): LabProcess[] {
  return world.processes().filter(({ pid }) => {
    try {
      return statSync(`/proc/${pid}/exe`).ino === inode
    } catch {
      return false
    }
  })
}

export function stagedInode({ host }: World, run = 'run1'): number {
  return statSync(join(dirname(host.binary), `.nginx.handover-${run}`)).ino
}
