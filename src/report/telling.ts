/** What an entry says in words. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import type { Entry, HostFacts } from '../journal/entry.ts'
import { outcomeTones } from './end-text.ts'
import { oneLine, type Tone } from './line.ts'
import { countAt, type HostStanding, hostsAt, type Standing } from './standing.ts'

export interface Telling {
  /** A stage, or `inspect`, `prepare`, `commit`, `rollback`, `run`. */
  readonly where: string
  readonly text: string
  readonly tone?: Tone
  /** Routine news of one host: left out where there are too many hosts for it. */
  readonly routine?: boolean
}

type HostEntry = Extract<Entry, { host: string }>
type RunEntry = Exclude<Entry, HostEntry>

/** The entry has been applied to `standing` before. */
export function tell(standing: Standing, entry: Entry): Telling[] {
  if (!('host' in entry)) return tellRun(standing, entry)
  const host = standing.hosts.get(entry.host)
  return host ? tellHost(standing, host, entry) : []
}

function tellRun(standing: Standing, entry: RunEntry): Telling[] {
  switch (entry.type) {
    case 'run.started': {
      const hosts = plural(standing.hosts.size, 'host')
      return [
        {
          where: 'run',
          text: `${entry.run} started: ${oneLine(entry.name, 120)}, ${hosts} in ${plural(entry.stages.length, 'stage')}`,
        },
        { where: 'run', text: sourceOf(entry) },
        { where: 'inspect', text: hosts },
      ]
    }
    case 'stage.started':
      return [{ where: entry.stage, text: stageStart(standing, entry.stage) }]
    case 'stage.baking':
      return [{ where: entry.stage, text: `baking ${formatDuration(entry.ms)}` }]
    case 'stage.baked':
      return [{ where: entry.stage, text: 'baked' }]
    case 'stage.finished': {
      const hosts = inStage(standing, entry.stage)
      const healthy = hosts.filter(host => host.step === 'healthy' || host.step === 'current').length
      return [{ where: entry.stage, text: `done: ${healthy} of ${plural(hosts.length, 'host')} healthy` }]
    }
    case 'run.precommitting':
      return [
        {
          where: 'commit',
          text: `asking ${plural(countAt(standing, 'healthy'), 'host')} for an acknowledgement`,
        },
      ]
    case 'run.decided':
      return [{ where: 'decided', text: `${plural(entry.hosts.length, 'host')} commit`, tone: 'strong' }]
    case 'run.interrupted':
      return [{ where: 'run', text: `INTERRUPTED by ${entry.signal}`, tone: 'bad' }]
    case 'run.rolling_back':
      return [{ where: 'rollback', text: `ROLLING BACK: ${oneLine(entry.reason)}`, tone: 'bad' }]
    case 'run.resumed':
    case 'run.paused':
    case 'run.continued':
    case 'run.woke':
    case 'run.looked_again':
    case 'gate.waiting':
    case 'gate.passed':
      return []
    case 'run.finished':
      return [
        {
          where: 'run',
          text: `finished: ${entry.outcome}, exit ${entry.exit}`,
          tone: outcomeTones[entry.outcome],
        },
      ]
  }
}

/** Where the binaries of a run come from. */
export function sourceOf({ artifact, undoes = '' }: Extract<Entry, { type: 'run.started' }>): string {
  if (artifact) return `artifact ${oneLine(artifact.path)}, sha256 ${oneLine(artifact.sha256.slice(0, 12))}`
  return `undoes run ${oneLine(undoes, 80)}: every host gets back what it had before`
}

function stageStart(standing: Standing, name: string): string {
  const hosts = inStage(standing, name)
  const waiting = hosts.filter(host => host.step === 'prepared').length
  const most = standing.stages.find(({ info }) => info.name === name)?.info.concurrency ?? waiting
  return `switching ${plural(waiting, 'host')}${waiting > 1 ? `, ${Math.min(most, waiting)} at a time` : ''}`
}

function inStage({ hosts }: Standing, stage: string): HostStanding[] {
  return [...hosts.values()].filter(host => host.stage === stage)
}

function tellHost(standing: Standing, host: HostStanding, entry: HostEntry): Telling[] {
  const name = oneLine(host.name, 80)
  const news = (where: string, text: string, tone?: Tone): Telling[] => [
    { where, text: `${name} ${text}`, ...(tone ? { tone } : {}) },
  ]
  const routine = (where: string, text: string): Telling[] => [
    { where, text: `${name} ${text}`, routine: true },
  ]
  switch (entry.type) {
    case 'host.inspected':
      return endOfInspect(standing, host)
    case 'host.prepared':
      return endOfPrepare(standing, entry.version)
    case 'host.unreachable':
      return [
        ...news(early(host), `UNREACHABLE ${said(entry.fault)}`, 'bad'),
        ...endOfInspect(standing, host),
      ]
    case 'host.refused':
      return [
        ...entry.faults.flatMap(fault => news(early(host), `REFUSED ${said(fault)}`, 'bad')),
        ...endOfInspect(standing, host),
      ]
    case 'host.left_out':
      return news('run', 'left out', 'doubt')
    case 'host.switched':
      return routine(host.stage, `switched in ${formatDuration(entry.ms)}`)
    case 'host.healthy':
      return routine(host.stage, 'healthy')
    case 'host.failed': {
      const proven = entry.found ? ` (proven back on ${versionOf(entry.found)})` : ''
      return news(host.stage, `FAILED${proven} ${said(entry.fault)}`, 'bad')
    }
    case 'host.committed':
      return committed(news, routine, host, entry)
    case 'host.reverted':
      if (!host.touched) return routine('rollback', 'released, it was not switched')
      return reverted(news, routine, entry)
    case 'host.in_doubt':
      return news(standing.decided ? 'commit' : 'rollback', `IN DOUBT ${said(entry.fault)}`, 'bad')
    default:
      return []
  }
}

function reverted(
  news: (where: string, text: string, tone?: Tone) => Telling[],
  routine: (where: string, text: string) => Telling[],
  { ms, found, how }: Extract<Entry, { type: 'host.reverted' }>,
): Telling[] {
  const [took, runs] = [`reverted in ${formatDuration(ms)}`, `runs ${versionOf(found)}`]
  if (how !== 'reverse') return routine('rollback', `${took}: ${runs}`)
  return news('rollback', `${took} by a reverse handover, because the old master was gone: ${runs}`, 'doubt')
}

function committed(
  news: (where: string, text: string, tone?: Tone) => Telling[],
  routine: (where: string, text: string) => Telling[],
  { before }: HostStanding,
  { found, oldLeft, cut }: Extract<Entry, { type: 'host.committed' }>,
): Telling[] {
  const change = `committed: ${before ? versionOf(before) : '?'} -> ${versionOf(found)}`
  const cost = costOf(cut, oldLeft)
  return cost ? news('commit', `${change}, ${cost}`, 'doubt') : routine('commit', change)
}

/** What a commit did to requests of the old workers; empty when nothing. */
function costOf(cut: number, oldLeft: number): string {
  return [
    ...(cut > 0 ? [`${plural(cut, 'connection')} cut`] : []),
    ...(oldLeft > 0
      ? [`${plural(oldLeft, 'old process')} still draining`.replace('processs', 'processes')]
      : []),
  ].join(', ')
}

/** Said once, when the last host has answered. */
function endOfInspect(standing: Standing, { step, before }: HostStanding): Telling[] {
  // Refused or lost later, while it was prepared.
  if (before && (step === 'refused' || step === 'unreachable')) return []
  if (countAt(standing, 'inspected', 'current', 'unreachable', 'refused') < standing.hosts.size) return []
  const parts = [
    ...countBy(hostsAt(standing, 'inspected'), host => `run ${host.before ? versionOf(host.before) : '?'}`),
    ...countBy(hostsAt(standing, 'current'), () => 'have the wanted binary already'),
    ...countBy(hostsAt(standing, 'refused'), () => 'refused'),
    ...countBy(hostsAt(standing, 'unreachable'), () => 'unreachable'),
  ]
  return [{ where: 'inspect', text: parts.join(', ') }]
}

function endOfPrepare(standing: Standing, version: string): Telling[] {
  if (version === '' || countAt(standing, 'inspected', 'preparing') > 0) return []
  const ready = hostsAt(standing, 'prepared')
  const kinds = countBy(ready, host => `for ${oneLine(host.newVersion, 80)}`)
  const what = kinds.length > 1 ? `: ${kinds.join(', ')}` : ` for ${oneLine(version, 80)}`
  return [{ where: 'prepare', text: `${plural(ready.length, 'host')} ready${what}` }]
}

/** The four commonest, by count. */
function countBy(hosts: readonly HostStanding[], key: (host: HostStanding) => string): string[] {
  const counts = new Map<string, number>()
  for (const host of hosts) counts.set(key(host), (counts.get(key(host)) ?? 0) + 1)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const shown = sorted.slice(0, 4).map(([what, count]) => `${count} ${what}`)
  return sorted.length > 4 ? [...shown, `${sorted.length - 4} more versions`] : shown
}

function early({ stage, touched, before }: HostStanding): string {
  if (touched) return stage
  return before ? 'prepare' : 'inspect'
}

function said({ code, message }: { readonly code: string; readonly message: string }): string {
  return `${code}: ${oneLine(message)}`
}

function versionOf({ version }: HostFacts): string {
  return oneLine(version, 80) || '?'
}
