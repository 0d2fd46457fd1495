/** What an entry about one host says in words. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import type { Entry, HostFacts } from '../journal/entry.ts'
import { oneLine, type Telling, type Tone } from './line.ts'
import { countAt, type HostStanding, hostsAt, isGoingBack, type Standing } from './standing.ts'

export type HostEntry = Extract<Entry, { host: string }>

export function tellHost(standing: Standing, host: HostStanding, entry: HostEntry): Telling[] {
  const name = oneLine(host.name, 80)
  const news = (where: string, text: string, tone?: Tone): Telling[] => [
    { where, text: `${name} ${text}`, ...(tone ? { tone } : {}) },
  ]
  const routine = (where: string, text: string): Telling[] => [
    { where, text: `${name} ${text}`, routine: true },
  ]
  switch (entry.type) {
    case 'host.inspected':
      // Once it is resumed most hosts are somewhere else, and there may be no common end of it.
      return standing.resumed
        ? [...routine('inspect', inspectedText(host)), ...endOfInspect(standing, host)]
        : endOfInspect(standing, host)
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
    case 'host.postponed':
      return news(host.stage, 'not switched: the maintenance window had closed by then', 'doubt')
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
    case 'host.found':
      return found(standing, host, entry)
    case 'host.in_doubt':
      return news(doubtful(standing, host), `IN DOUBT ${said(entry.fault)}`, 'bad')
    default:
      return []
  }
}

function inspectedText({ step, before }: HostStanding): string {
  if (step === 'current') return 'has the wanted binary already'
  return `runs ${before ? versionOf(before) : '?'}`
}

function doubtful({ decided, rollingBack }: Standing, { stage }: HostStanding): string {
  if (decided) return 'commit'
  return rollingBack === undefined ? stage : 'rollback'
}

/** What another controller has found, and what follows from it. */
function found(
  standing: Standing,
  host: HostStanding,
  entry: Extract<Entry, { type: 'host.found' }>,
): Telling[] {
  const name = oneLine(host.name, 80)
  const [fault] = host.faults
  if (fault && host.step === 'in doubt')
    return [{ where: 'look', text: `${name} IN DOUBT ${said(fault)}`, tone: 'bad' }]
  if (host.wasBack && host.step === 'reverted') {
    const text = `${name} had failed, and is still back (runs ${versionOf(entry.found)})`
    return [{ where: 'look', text, routine: true }]
  }
  const isBad = fault !== undefined && (host.step === 'failed' || host.step === 'reverted')
  if (isBad) {
    const then = host.step === 'failed' ? '; it goes back' : ` (runs ${versionOf(entry.found)})`
    return [{ where: host.stage, text: `${name} FAILED ${said(fault)}${then}`, tone: 'bad' }]
  }
  const text = `${name} found ${entry.stand === 'none' ? 'without anything of this run' : entry.stand}`
  const heard = `${name} has heard of the decision: the run only goes forward`
  const learnt = standing.decisionHeardFrom === host.name && host.step === 'precommitted'
  return [
    { where: 'look', text: `${text}: ${afterFound(standing, host, entry)}`, routine: true },
    ...(learnt ? [{ where: 'decided', text: heard, tone: 'strong' as const }] : []),
  ]
}

function afterFound(
  standing: Standing,
  { step }: HostStanding,
  { stand }: Extract<Entry, { type: 'host.found' }>,
): string {
  if (isGoingBack(standing)) return 'it goes back'
  switch (step) {
    case 'precommitted':
      return stand === 'committed' ? 'its commit is asked for once more, which tidies up' : 'it commits'
    case 'switched':
      return 'its health counts anew'
    case 'prepared':
      return 'it takes its turn again'
    case 'waiting':
      return standing.decided ? 'it is brought forward anew' : 'it is inspected anew'
    default:
      return 'it is known now'
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
  const kinds = countBy(ready, host => `for ${oneLine(host.newVersion || '?', 80)}`)
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
