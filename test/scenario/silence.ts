/** What the stories of a silent controller ask: when was every host back by itself, and does the report tell the truth? */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { runCommand } from '../../src/lab/command.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import { type LabProcess, readProcess } from '../../src/lab/process.ts'
import { deadMen, until } from '../host/world.ts'
import { type Ended, expectNoTraces, finish, program, type World } from './world.ts'

/** A host is back no later than this after the end of its lease, in hundredths of a second. */
const promised = 200
const everyMs = 50

export interface Sampler {
  /**
   * Resolves when every lease is past, every host is as before the run, and every dead-man is gone. Expects that each
   * was back in time, to stay.
   * @param hosts that must be back; default: all of the lab
   * @returns seconds from the end of the lease to the return of each
   */
  settled(hosts?: readonly LabHost[]): Promise<Record<string, number>>
}

interface Sight {
  leaseEnd: number
  /** Of the last look that did not find it back. */
  awayUntil: number
  /** Of the first one after that. */
  backAt: number
  isClosed: boolean
}

/**
 * Looks at every host again and again, with the host's own clock, from before the run until it is settled. Back means:
 * an old master accepts with all its workers, the file at the path is the old one, and no new master accepts; and of a
 * host that was only prepared, that its lock is gone.
 */
export function sampleHosts(world: World): Sampler {
  const hosts = world.lab.hosts
  const oldInodes = new Map(hosts.map(host => [host.name, inodeOf(host.binary)]))
  const sights = new Map<string, Sight>()
  let isOver = false
  let longestGap = 0
  const look = () => {
    const all = labProcesses()
    const now = uptime()
    for (const host of hosts) {
      const sight = sights.get(host.name) ?? { leaseEnd: 0, awayUntil: 0, backAt: 0, isClosed: false }
      sights.set(host.name, sight)
      sight.leaseEnd = leaseEnd(host) ?? sight.leaseEnd
      const isBack = servesOld(host, oldInodes.get(host.name) ?? '', all) && !isHeldPrepared(host)
      if (!isBack) [sight.awayUntil, sight.backAt] = [now, 0]
      else if (sight.backAt === 0) sight.backAt = now
      sight.isClosed = isBack && lockOf(host) === undefined
    }
  }
  const looking = (async () => {
    for (let before = uptime(); !isOver; before = uptime()) {
      look()
      await pause(everyMs)
      longestGap = Math.max(longestGap, uptime() - before)
    }
  })()
  return {
    async settled(wanted = hosts) {
      // A lease that was lengthened since the last look must be waited for, too.
      look()
      const open = () => wanted.filter(({ name }) => !sights.get(name)?.isClosed)
      const ends = wanted.map(({ name }) => sights.get(name)?.leaseEnd ?? 0)
      const deadline = Math.max(uptime(), ...ends) + 3000
      while (open().length > 0 && uptime() < deadline) await pause(everyMs)
      isOver = true
      await looking
      expect(
        open().map(({ name }) => name),
        'hosts that did not come back',
      ).toEqual([])
      const late: Record<string, number> = {}
      for (const { name } of wanted) {
        const { leaseEnd: end, backAt, awayUntil } = sights.get(name) as Sight
        // Never away, or never promised: the lease had nothing to bring back.
        if (awayUntil === 0 || end === 0) continue
        late[name] = Math.max(0, backAt - end) / 100
        // What the sampler itself was kept waiting for is not the host's delay.
        expect(backAt - end, `${name}: hundredths after the end of its lease`).toBeLessThan(
          promised + longestGap,
        )
      }
      await until(() => deadMen(world.lab.dir).length === 0 || wanted.length < hosts.length, 10_000)
      for (const host of wanted) expectNoTraces(host)
      return late
    },
  }
}

export function uptime(): number {
  return Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100)
}

/** The end of the lease in hundredths of a second of the host's monotonic time. */
export function leaseEnd(host: LabHost): number | undefined {
  return Number(stateFile(host, 'lease')?.trim().split(/\s+/)[1]) || undefined
}

/** The last `state=` of the record of the run. */
export function stateOf(host: LabHost): string {
  return [...(stateFile(host, 'record') ?? '').matchAll(/^state=(.*)$/gm)].at(-1)?.[1] ?? ''
}

/** What the dead-man has put into the record. */
export function deadManSaid(host: LabHost): string[] {
  return [...(stateFile(host, 'record') ?? '').matchAll(/^dead_man=(.*)$/gm)].map(([, said = '']) => said)
}

function lockOf(host: LabHost): string | undefined {
  return stateFile(host, 'lock')
}

function isHeldPrepared(host: LabHost): boolean {
  return stateOf(host) === 'prepared' && lockOf(host) !== undefined
}

function stateFile(host: LabHost, name: string): string | undefined {
  const target = host.binary.slice(1).replace(/[-/%]/g, one => ({ '/': '-', '-': '%2d' })[one] ?? '%25')
  try {
    return readFileSync(join(host.root, 'var/lib/handover', target, name), 'utf8')
  } catch {
    return undefined
  }
}

function servesOld(host: LabHost, oldInode: string, all: readonly LabProcess[]): boolean {
  if (inodeOf(host.binary) !== oldInode) return false
  const own = all.filter(one => one.exe.startsWith(`${dirname(host.binary)}/`))
  const accepting = (of: LabProcess) =>
    own.filter(one => one.ppid === of.pid && one.title === 'nginx: worker process').length
  const masters = own.filter(one => one.title.startsWith('nginx: master process'))
  const old = masters.filter(one => inodeOf(`/proc/${one.pid}/exe`) === oldInode)
  // A master that was told to quit has told its workers: none of them accepts.
  return (
    old.some(one => accepting(one) >= 2) &&
    masters.filter(one => !old.includes(one)).every(one => accepting(one) === 0)
  )
}

let seen: { readonly at: number; readonly processes: readonly LabProcess[] } = { at: 0, processes: [] }

/** What runs a file of any story's lab. Every story looks often and they share one thread, so one look does for all. */
function labProcesses(): readonly LabProcess[] {
  if (performance.now() - seen.at < everyMs / 2) return seen.processes
  const processes = readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name) || !runsLabFile(name)) return []
    return readProcess(Number(name)) ?? []
  })
  seen = { at: performance.now(), processes }
  return processes
}

function runsLabFile(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('/lab/hosts/')
  } catch {
    return false
  }
}

function inodeOf(path: string): string {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return ''
  }
}

/** The built program, for what is not a run. */
export async function handover(world: World, ...args: string[]): Promise<{ code: number; out: string }> {
  const dirs = ['--run-dir', join(world.dir, 'runs')]
  const { code, stdout } = await runCommand(process.execPath, [program, ...args, ...dirs], {
    timeoutMs: 60_000,
    cwd: world.dir,
  })
  return { code: code ?? -1, out: stdout }
}

export interface Status {
  readonly host: string
  readonly found: Record<string, unknown> | null
  readonly faults: readonly { readonly code: string }[]
}

export async function statusOf(world: World): Promise<Status[]> {
  const { out } = await handover(world, 'status', '--output', 'json')
  return out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Status)
}

/** What the run says of every host at its end is what a fresh look finds. */
export async function expectTruth(world: World, ended: Ended): Promise<void> {
  const told = Object.entries(finish(ended).hosts).map(([host, { after }]) => [host, after])
  const found = (await statusOf(world)).map(({ host, found, faults }) => {
    expect(faults, `${host} is in order`).toEqual([])
    expect(found).toMatchObject({ runsPath: true, masters: 1, draining: 0, workers: 2, lock: null })
    return [host, found?.version]
  })
  expect(told).toEqual(found)
}

/** A run whose controller was killed is told from one that goes on, and from one that has ended. */
export async function expectCutOff(world: World): Promise<void> {
  const rows = (await handover(world, 'runs', '--output', 'json')).out.trim().split('\n')
  expect(JSON.parse(rows.at(-1) ?? '')).toMatchObject({ outcome: 'cut-off' })
  expect((await handover(world, 'show', 'last')).out).toContain('cut off: its process is gone')
}
