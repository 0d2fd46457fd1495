/** Stories on the lab: a real fleet, the built program run as a user runs it, and a look at the hosts afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { Entry } from '../../src/journal/entry.ts'
import { listRuns, readJournal } from '../../src/journal/run-directory.ts'
import { sha256OfFile } from '../../src/lab/checksum.ts'
import { startLab, stopLab } from '../../src/lab/fleet.ts'
import type { Lab, LabHost } from '../../src/lab/lab.ts'
import { type Load, startLoad } from '../../src/lab/load.ts'
import { hostProcesses } from '../../src/lab/nginx.ts'
import { fetchBinaries, type LabBinaries } from '../../src/lab/packages.ts'
import { type LabProcess, listProcesses } from '../../src/lab/process.ts'
import { buildVariant, type VariantKind } from '../../src/lab/variants.ts'
import { standingOf } from '../../src/report/fold.ts'
import { unlessItStoodStill } from '../stalls.ts'

export const program = resolve(import.meta.dirname, '../../dist/bin.js')

export interface World {
  readonly lab: Lab
  readonly dir: string
  readonly binaries: LabBinaries
  readonly load: Load
  host(index: number): LabHost
  variant(kind: VariantKind): Promise<string>
  /** Writes a playbook for the lab; `more` replaces or adds whole top-level keys. */
  playbook(more?: Record<string, unknown>): string
  run(playbook: string, artifact: string, ...args: string[]): Promise<Ended>
  start(playbook: string, artifact: string, ...args: string[]): Running
  /** `handover rollback`. */
  rollback(run: string, ...args: string[]): Running
  /** Any other command, with --output json. */
  command(...args: string[]): Running
}

export interface Ended {
  readonly exit: number
  readonly entries: readonly Entry[]
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** The first entry that is meant; rejects when the run ends without it. */
  until(meant: (entry: Entry) => boolean): Promise<Entry>
  readonly ended: Promise<Ended>
}

export interface StoryOptions {
  readonly quirkLast?: boolean
  readonly idle?: boolean
  /** How many requests the story itself may break; default 0. */
  readonly mostFailed?: number
  /** Somebody else has changed the hosts after the last run: its report cannot be what they are now. */
  readonly isDisturbed?: boolean
  /** Between two requests of the load to one host; default 10. */
  readonly thinkMs?: number
  /** The one of its own context, for a story that runs beside others. */
  readonly onTestFinished?: (clean: () => Promise<void>) => void
}

/** A lab of `hosts` hosts on the older nginx, under load from before to after the story. */
export function inWorld(
  hosts: number,
  story: (world: World) => Promise<void>,
  options: StoryOptions = {},
): Promise<void> {
  return unlessItStoodStill(() => tellInWorld(hosts, story, options))
}

async function tellInWorld(
  hosts: number,
  story: (world: World) => Promise<void>,
  options: StoryOptions,
): Promise<void> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'handover-story-')))
  const binaries = await fetchBinaries()
  const quirkLast = options.quirkLast ?? false
  const lab = await startLab({ dir: join(dir, 'lab'), hosts, binary: binaries.older.path, quirkLast })
  const load = startLoad(
    options.idle
      ? []
      : lab.hosts.map(({ name, httpPort }) => ({
          name,
          url: `http://127.0.0.1:${httpPort}/`,
          bodyPrefix: `${name} `,
        })),
    { concurrency: 1, thinkMs: options.thinkMs ?? 10 },
  )
  const children = new Set<ChildProcess>()
  const begin = (...args: string[]) => {
    const running = startProgram(dir, args)
    children.add(running.child)
    return running
  }
  const start = (playbook: string, artifact: string, ...args: string[]) =>
    begin('run', playbook, '-i', lab.inventory, '-e', `artifact=${artifact}`, ...args)
  let cleaned: Promise<void> | undefined
  const clean = async () => {
    await load.stop()
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
    await stopLab(lab.dir)
    await rm(dir, { recursive: true, force: true })
  }
  const cleanOnce = () => {
    cleaned ??= clean()
    return cleaned
  }
  // Also when the story runs out of time: then nobody waits for its end.
  const atEnd = options.onTestFinished ?? onTestFinished
  atEnd(cleanOnce)
  try {
    await story({
      lab,
      dir,
      binaries,
      load,
      host: index => hostAt(lab, index),
      variant: async kind => (await buildVariant(kind, binaries.newer, dir)).path,
      playbook: more => writePlaybook(dir, more),
      start,
      run: (playbook, artifact, ...args) => start(playbook, artifact, ...args).ended,
      rollback: (run, ...args) => begin('rollback', run, ...args),
      command: begin,
    })
    if (!options.isDisturbed) await expectTold({ dir, lab, binaries })
    const report = await load.stop()
    expect(
      report.firstErrors.slice(options.mostFailed ?? 0),
      'requests on new connections that failed',
    ).toEqual([])
    if (!options.idle) expect(report.requests).toBeGreaterThan(0)
  } finally {
    await cleanOnce()
  }
}

function hostAt(lab: Lab, index: number): LabHost {
  const host = lab.hosts.at(index)
  if (!host) throw new Error(`the lab has no host ${index}`)
  return host
}

function writePlaybook(dir: string, more: Record<string, unknown> = {}): string {
  const file = join(dir, `playbook-${readdirSync(dir).length}.json`)
  const playbook = {
    name: 'a story',
    hosts: 'lab',
    artifact: { src: '{{ artifact }}' },
    handover: handoverKeys,
    concurrency: 3,
    health: [quickHealth('answers', '/healthz', 'ok')],
    ...more,
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(playbook, null, 2))
  return file
}

export const handoverKeys = {
  driver: 'nginx',
  binary: '{{ lab_root }}/usr/sbin/nginx',
  pid_file: '{{ lab_root }}/run/nginx.pid',
  state_dir: '{{ lab_root }}/var/lib/handover',
  drain_timeout: '3s',
  start_timeout: '6s',
}

export function quickHealth(name: string, path: string, body: string) {
  const url = `http://127.0.0.1:{{ http_port }}${path}`
  return {
    name,
    http: { url, body },
    interval: '100ms',
    timeout: '2s',
    healthy: 2,
    unhealthy: 2,
    deadline: '8s',
  }
}

function startProgram(dir: string, args: readonly string[]): Running {
  const place = args.includes('--run-dir') ? [] : ['--run-dir', join(dir, 'runs')]
  const all = [program, ...args, ...place, '--output', 'json']
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  const entries: Entry[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    entries.push(...lines.map(line => JSON.parse(line) as Entry))
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((done, fail) => {
    child.on('error', fail)
    child.on('close', code => done({ exit: code ?? -1, entries, stderr }))
  })
  return {
    child,
    ended,
    until: meant =>
      new Promise((found, fail) => {
        const look = () => {
          const entry = entries.find(meant)
          if (entry) {
            waiting.delete(look)
            found(entry)
          }
        }
        waiting.add(look)
        look()
        void ended.then(end => fail(new Error(`the run ended before: ${JSON.stringify(end).slice(0, 2000)}`)))
      }),
  }
}

/** What a host must be after every ending: one master with its workers on this binary, which is on disk; no traces. */
export async function expectRuns(host: LabHost, binary: string): Promise<void> {
  const wanted = await sha256OfFile(binary)
  expect(await sha256OfFile(host.binary), `${host.name}: the binary at the path`).toBe(wanted)
  const processes = hostProcesses(host)
  const masters = processes.filter(({ title }) => title.startsWith('nginx: master'))
  expect(
    masters.map(master => `${master.exe}`),
    `${host.name}: masters`,
  ).toEqual([host.binary])
  const [master] = masters
  const serving = processes.filter(({ title }) => title === 'nginx: worker process')
  expect(
    serving.map(({ ppid, exe }) => ({ ppid, exe })),
    `${host.name}: workers`,
  ).toEqual([1, 2].map(() => ({ ppid: master?.pid, exe: host.binary })))
  expect(readFileSync(host.pidFile, 'utf8').trim()).toBe(String(master?.pid))
  expect(await sha256OfFile(`/proc/${master?.pid}/exe`)).toBe(wanted)
  expectNoTraces(host)
}

/** What the last run has said of every host at its end, and its exit code, are what a fresh look finds (invariant 12). */
async function expectTold({ dir, lab, binaries }: Pick<World, 'dir' | 'lab' | 'binaries'>): Promise<void> {
  const runs = join(dir, 'runs')
  const [last] = listRuns(runs).slice(-1)
  const standing = last === undefined ? undefined : standingOf(readJournal(runs, last))
  if (!standing?.finished) return
  const versions = new Map<string, string>()
  for (const { path, version } of [binaries.older, binaries.newer])
    versions.set(await sha256OfFile(path), version)
  const ends = new Set<string>()
  for (const host of lab.hosts) {
    const told = standing.finished.hosts[host.name]
    const version = versions.get(await sha256OfFile(host.binary))
    if (!told || told.end === 'in-doubt' || version === undefined) continue
    expect(told.after || version, `${host.name}: the report`).toBe(version)
    const shown = standing.hosts.get(host.name)
    expect((shown?.after ?? shown?.before)?.version ?? version, `${host.name}: show`).toBe(version)
    ends.add(told.end)
  }
  const { exit } = standing.finished
  if (exit === 0) expect([...ends].filter(end => end !== 'committed' && end !== 'current')).toEqual([])
  if (exit === 2) expect([...ends].filter(end => end === 'committed')).toEqual([])
}

/** The dead-men that look after this host. */
export function deadMenOf(host: LabHost): LabProcess[] {
  return listProcesses().filter(
    ({ title }) => title.includes(' dead_man ') && title.includes(`${host.root}/`),
  )
}

/** No `.oldbin`, nothing temporary beside the binary, no lock, no outcome, no effect lock. */
export function expectNoTraces(host: LabHost): void {
  expect(readdirSync(dirname(host.binary)), `${host.name}: beside the binary`).toEqual(['nginx'])
  expect(readdirSync(dirname(host.pidFile)), `${host.name}: pid files`).not.toContain('nginx.pid.oldbin')
  expect(deadMenOf(host), `${host.name}: dead-men`).toEqual([])
  const state = join(host.root, 'var/lib/handover')
  if (!exists(state)) return
  for (const target of readdirSync(state).filter(name => name !== 'artifacts')) {
    const left = readdirSync(join(state, target)).filter(name => !['backups', 'record'].includes(name))
    expect(left, `${host.name}: left in the state directory`).toEqual([])
  }
}

export async function expectAllRun(world: World, binary: string): Promise<void> {
  for (const host of world.lab.hosts) await expectRuns(host, binary)
}

function exists(path: string): boolean {
  try {
    return lstatSync(path) !== undefined
  } catch {
    return false
  }
}

/** The entry every run ends with. */
export function finish(ended: Ended): Extract<Entry, { type: 'run.finished' }> {
  const last = ended.entries.at(-1)
  if (last?.type !== 'run.finished') throw new Error(`not finished: ${JSON.stringify(ended).slice(-2000)}`)
  expect(last.exit, 'the exit code and its twin in JSON').toBe(ended.exit)
  return last
}

export function types(ended: Ended, host?: string): string[] {
  return ended.entries
    .filter(entry => !host || ('host' in entry && entry.host === host))
    .map(entry => entry.type)
}
