/**
 * How a run stands, as its entries tell: the one fold that every view shows in its own way. It decides nothing and
 * changes in place, because a run of ten thousand hosts has a hundred thousand entries.
 */
import type { Fault } from '../core/fault.ts'
import type { Entry, HostFacts, StageInfo } from '../journal/entry.ts'

export type HostStep =
  | 'waiting'
  | 'inspecting'
  | 'inspected'
  | 'current'
  | 'unreachable'
  | 'refused'
  | 'left out'
  | 'preparing'
  | 'prepared'
  | 'switching'
  | 'switched'
  | 'healthy'
  | 'failed'
  | 'precommitting'
  | 'precommitted'
  | 'committing'
  | 'committed'
  | 'reverting'
  | 'reverted'
  | 'released'
  | 'in doubt'

export type Effect = 'prepare' | 'switch' | 'precommit' | 'commit' | 'revert'

export interface HostStanding {
  readonly name: string
  readonly stage: string
  step: HostStep
  /** Its switch was begun. */
  touched: boolean
  before: HostFacts | undefined
  after: HostFacts | undefined
  faults: readonly Fault[]
  /** Effects that were begun and have no end yet. */
  readonly open: Set<Effect>
}

export interface StageStanding {
  readonly info: StageInfo
  step: 'waiting' | 'rolling' | 'baking' | 'baked' | 'finished'
}

export interface Standing {
  opening: Extract<Entry, { type: 'run.started' }> | undefined
  readonly stages: StageStanding[]
  readonly hosts: Map<string, HostStanding>
  decided: boolean
  rollingBack: string | undefined
  interrupted: string | undefined
  finished: Extract<Entry, { type: 'run.finished' }> | undefined
  /** Time of the newest entry, in milliseconds since 1970. */
  lastMs: number
}

export function newStanding(): Standing {
  return {
    opening: undefined,
    stages: [],
    hosts: new Map(),
    decided: false,
    rollingBack: undefined,
    interrupted: undefined,
    finished: undefined,
    lastMs: 0,
  }
}

export function standingOf(entries: Iterable<Entry>): Standing {
  const standing = newStanding()
  for (const entry of entries) applyEntry(standing, entry)
  return standing
}

/** Milliseconds from the start of the run to its newest entry. */
export function elapsedMs({ opening, lastMs }: Standing): number {
  return opening ? Math.max(0, lastMs - Date.parse(opening.at)) : 0
}

export function hostsAt({ hosts }: Standing, ...steps: HostStep[]): HostStanding[] {
  return [...hosts.values()].filter(host => steps.includes(host.step))
}

export function applyEntry(standing: Standing, entry: Entry): void {
  standing.lastMs = Date.parse(entry.at)
  if ('host' in entry) {
    const host = standing.hosts.get(entry.host)
    if (host) applyToHost(standing, host, entry)
    return
  }
  switch (entry.type) {
    case 'run.started':
      return open(standing, entry)
    case 'stage.started':
      return setStage(standing, entry.stage, 'rolling')
    case 'stage.baking':
      return setStage(standing, entry.stage, 'baking')
    case 'stage.baked':
      return setStage(standing, entry.stage, 'baked')
    case 'stage.finished':
      return setStage(standing, entry.stage, 'finished')
    case 'run.decided':
      standing.decided = true
      return
    case 'run.interrupted':
      standing.interrupted ??= entry.signal
      return
    case 'run.rolling_back':
      standing.rollingBack ??= entry.reason
      return
    case 'run.finished':
      standing.finished = entry
      return
    case 'run.precommitting':
      return
  }
}

function open(standing: Standing, entry: Extract<Entry, { type: 'run.started' }>): void {
  standing.opening = entry
  for (const info of entry.stages) {
    standing.stages.push({ info, step: 'waiting' })
    for (const name of info.hosts) {
      standing.hosts.set(name, {
        name,
        stage: info.name,
        step: 'waiting',
        touched: false,
        before: undefined,
        after: undefined,
        faults: [],
        open: new Set(),
      })
    }
  }
}

function setStage({ stages }: Standing, name: string, step: StageStanding['step']): void {
  const stage = stages.find(({ info }) => info.name === name)
  if (stage) stage.step = step
}

/** News of an earlier phase can come after a host has turned around; it closes the effect and changes nothing else. */
const past: ReadonlySet<HostStep> = new Set(['failed', 'reverting', 'reverted', 'released', 'in doubt', 'committed'])

function applyToHost(standing: Standing, host: HostStanding, entry: Extract<Entry, { host: string }>): void {
  const forward = (step: HostStep) => {
    if (!past.has(host.step)) host.step = step
  }
  switch (entry.type) {
    case 'host.inspect.begun':
      host.step = 'inspecting'
      return
    case 'host.inspected':
      host.before = entry.found
      host.step = entry.current ? 'current' : 'inspected'
      return
    case 'host.prepare.begun':
      return begin(host, 'prepare', 'preparing')
    case 'host.prepared':
      host.open.delete('prepare')
      return forward('prepared')
    case 'host.unreachable':
      return leave(host, 'unreachable', [entry.fault])
    case 'host.refused':
      return leave(host, 'refused', entry.faults)
    case 'host.left_out':
      return leave(host, 'left out', [entry.fault])
    case 'host.switch.begun':
      host.touched = true
      return begin(host, 'switch', 'switching')
    case 'host.switched':
      host.open.delete('switch')
      return forward('switched')
    case 'host.healthy':
      return forward('healthy')
    case 'host.precommit.begun':
      return begin(host, 'precommit', 'precommitting')
    case 'host.precommitted':
      host.open.delete('precommit')
      return forward('precommitted')
    case 'host.failed':
      return fail(standing, host, entry)
    case 'host.commit.begun':
      return begin(host, 'commit', 'committing')
    case 'host.committed':
      host.after = entry.found
      return end(host, 'committed')
    case 'host.revert.begun':
      return begin(host, 'revert', 'reverting')
    case 'host.reverted':
      host.after = entry.found
      return end(host, host.touched ? 'reverted' : 'released')
    case 'host.in_doubt':
      host.faults = [entry.fault]
      return end(host, 'in doubt')
    case 'health.changed':
      return
  }
}

function begin(host: HostStanding, effect: Effect, step: HostStep): void {
  host.open.add(effect)
  host.step = step
}

/** A commit or a revert has looked at the host itself, so it also ends what was begun before it. */
function end(host: HostStanding, step: HostStep): void {
  host.open.clear()
  host.step = step
}

function leave(host: HostStanding, step: HostStep, faults: readonly Fault[]): void {
  host.faults = faults
  end(host, step)
}

function fail(standing: Standing, host: HostStanding, entry: Extract<Entry, { type: 'host.failed' }>): void {
  host.open.delete('switch')
  host.open.delete('precommit')
  // Nothing goes back once the run is decided; what fails then is the commit's to report.
  if (standing.decided || past.has(host.step)) return
  host.faults = [entry.fault]
  host.after = entry.found ?? undefined
  host.step = entry.found ? 'reverted' : 'failed'
}
