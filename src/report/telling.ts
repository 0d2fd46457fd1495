/** What an entry says in words. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import type { Entry } from '../journal/entry.ts'
import { outcomeTones } from './end-text.ts'
import { oneLine, type Telling } from './line.ts'
import { countAt, type HostStanding, isGoingBack, type Standing } from './standing.ts'
import { interruptionText, waitTexts } from './steering-text.ts'
import { type HostEntry, tellHost } from './telling-host.ts'

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
    case 'run.interrupted': {
      const after = standing.decided ? ': it is decided, and only goes forward' : ''
      const text = interruptionText(entry).replace(/^\w+/, word => word.toUpperCase())
      return [{ where: 'run', text: `${text}${after}`, tone: 'bad' }]
    }
    case 'run.rolling_back':
      return [{ where: 'rollback', text: `ROLLING BACK: ${oneLine(entry.reason)}`, tone: 'bad' }]
    case 'gate.waiting':
    case 'run.paused':
      return waits(standing)
    case 'gate.passed':
      return [
        { where: entry.stage, text: `approved by ${oneLine(entry.by, 80)}`, tone: 'good' },
        ...waits(standing),
      ]
    case 'run.continued':
      return [
        { where: 'run', text: `continued by ${oneLine(entry.by, 80)}`, tone: 'good' },
        ...waits(standing),
      ]
    case 'window.closed':
      return windowClosed(standing, entry)
    case 'window.opened':
      return [{ where: 'window', text: 'open again: it goes on', tone: 'good' }, ...waits(standing)]
    case 'run.woke': {
      const stood = `this machine stood still for ${formatDuration(entry.ms)}`
      const text = `${stood}: every host that has a lease is heard from before anything new is begun`
      return [{ where: 'run', text, tone: 'doubt' }]
    }
    case 'run.looked_again':
      return [{ where: 'run', text: 'the hosts have been heard from again: it goes on' }]
    case 'run.resumed':
      return resumed(standing, entry)
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

function waits(standing: Standing): Telling[] {
  return waitTexts(standing).map(text => ({ where: 'run', text, tone: 'doubt' }))
}

function windowClosed(standing: Standing, entry: Extract<Entry, { type: 'window.closed' }>): Telling[] {
  const inHand = countAt(standing, 'switching', 'switched', 'failed', 'reverting')
  const first =
    inHand > 0 ? `${plural(inHand, 'host')} in hand ${inHand === 1 ? 'is' : 'are'} finished, then ` : ''
  const text = `the maintenance window has closed: ${first}${afterClosing[entry.next] ?? ''}`
  return [{ where: 'window', text, tone: 'doubt' }, ...waits(standing)]
}

const afterClosing: Readonly<Record<string, string>> = {
  finish: 'the run goes on to its end',
  hold: 'the run holds',
  rollback: 'nothing more is switched, and every host goes back',
}

const mostNotes = 20

function resumed(standing: Standing, entry: Extract<Entry, { type: 'run.resumed' }>): Telling[] {
  const unsure = countAt(standing, 'unsure')
  const hosts = `${plural(unsure, 'host')} ${unsure === 1 ? 'was' : 'were'} under way`
  const next = isGoingBack(standing) ? 'every one goes back' : 'every one is looked at before anything else'
  return [
    {
      where: 'run',
      text: `${oneLine(entry.run, 80)} RESUMED ${resumedText(standing, entry)}`,
      tone: 'strong',
    },
    ...noteTexts(entry).map((text): Telling => ({ where: 'run', text, tone: 'doubt' })),
    ...(standing.decided ? [{ where: 'run', text: 'decided before: it only goes forward' }] : []),
    ...(isGoingBack(standing)
      ? [{ where: 'rollback', text: `it was going back: ${oneLine(standing.rollingBack ?? '')}` }]
      : []),
    ...(unsure > 0 ? [{ where: 'look', text: `${hosts}: ${next}` }] : []),
    ...waits(standing),
  ]
}

/** Who leads the run now, and from where. */
export function resumedText({ opening }: Standing, entry: Extract<Entry, { type: 'run.resumed' }>): string {
  const { who, from, pid, epoch, tool } = entry
  const began = opening?.tool
  const other =
    began && began !== tool
      ? `, with handover ${oneLine(tool, 40)} (it began with ${oneLine(began, 40)})`
      : ''
  return `by ${oneLine(who, 80)} on ${oneLine(from, 80)}, process ${pid}: controller ${epoch} of this run${other}`
}

export function noteTexts({ notes }: Extract<Entry, { type: 'run.resumed' }>): string[] {
  const shown = notes.slice(0, mostNotes).map(note => `note: ${oneLine(note)}`)
  return notes.length > mostNotes ? [...shown, `note: and ${notes.length - mostNotes} more`] : shown
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
