/** The end of a run in words: a line a host (or a line a group), every fault once, the summary, and what to do next. */
import { exitCode } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import { shellQuote } from '../core/shell-quote.ts'
import { plural } from '../core/text.ts'
import type { Entry, HostEnd, HostSummary, RunOutcome } from '../journal/entry.ts'
import { formatFaults } from './fault-text.ts'
import { nameList, oneLine, paint, type Tone } from './line.ts'
import type { Standing } from './standing.ts'
import { commandFor } from './steering-text.ts'
import { formatTable, type TableStyle } from './table.ts'

export type Finish = Extract<Entry, { type: 'run.finished' }>

/** Above this, hosts are shown in groups. */
export const mostHostRows = 50

export const endWords: Readonly<Record<HostEnd, { readonly text: string; readonly tone: Tone }>> = {
  committed: { text: 'committed', tone: 'good' },
  current: { text: 'current', tone: 'good' },
  reverted: { text: 'reverted', tone: 'doubt' },
  untouched: { text: 'untouched', tone: 'faint' },
  'left-out': { text: 'left out', tone: 'doubt' },
  'in-doubt': { text: 'IN DOUBT', tone: 'bad' },
}

export const outcomeTones: Readonly<Record<RunOutcome, Tone>> = {
  committed: 'good',
  'committed-with-failures': 'doubt',
  'nothing-to-do': 'good',
  'rolled-back': 'bad',
  refused: 'bad',
  interrupted: 'doubt',
  'in-doubt': 'bad',
}

export function describeEnd(standing: Standing, finish: Finish, style: TableStyle): string[] {
  const hosts = Object.entries(finish.hosts)
  const rows = hosts.length > mostHostRows ? groupTable(hosts, style) : hostTable(hosts, style)
  const faults = formatFaults(faultsAtEnd(standing, finish), style)
  return [
    '',
    ...rows,
    ...(faults.length > 0 ? ['', ...faults] : []),
    '',
    paint(style, outcomeTones[finish.outcome], oneLine(finish.summary)),
    `next: ${nextStep(standing, finish)}`,
  ]
}

function hostTable(hosts: readonly (readonly [string, HostSummary])[], style: TableStyle): string[] {
  const rows = hosts.map(([host, { end, before, after, fault }]) => [
    oneLine(host, 80),
    endWords[end],
    version(before),
    afterwards(end, after),
    fault ? `${fault.code}: ${oneLine(fault.message)}` : '',
  ])
  return formatTable(['host', 'outcome', 'before', 'after', 'note'], rows, style)
}

/** Hosts with the same end and the same versions together, those that need someone first. */
function groupTable(hosts: readonly (readonly [string, HostSummary])[], style: TableStyle): string[] {
  const groups = new Map<string, { readonly summary: HostSummary; readonly names: string[] }>()
  for (const [host, summary] of hosts) {
    const key = JSON.stringify([summary.end, summary.before, summary.after])
    const group = groups.get(key) ?? { summary, names: [] }
    groups.set(key, group)
    group.names.push(host)
  }
  const order: readonly HostEnd[] = ['in-doubt', 'left-out', 'reverted', 'untouched', 'current', 'committed']
  const sorted = [...groups.values()].sort(
    (a, b) => order.indexOf(a.summary.end) - order.indexOf(b.summary.end),
  )
  const rows = sorted.map(({ summary, names }) => [
    String(names.length),
    endWords[summary.end],
    version(summary.before),
    afterwards(summary.end, summary.after),
    nameList(names),
  ])
  return formatTable(['hosts', 'outcome', 'before', 'after', 'which'], rows, style)
}

/** What a host in doubt runs is not known, whatever was seen there last. */
function afterwards(end: HostEnd, after: string): string {
  return end === 'in-doubt' ? '?' : version(after)
}

function version(text: string): string {
  return text === '' ? '-' : oneLine(text, 40)
}

/** Every refusal of a host; a summary carries only the first. */
function faultsAtEnd({ hosts }: Standing, finish: Finish): Fault[] {
  return Object.entries(finish.hosts).flatMap(([name, { fault }]) => {
    if (!fault) return []
    const known = hosts.get(name)
    const faults = known?.step === 'refused' ? known.faults : [fault]
    return faults.map(each => ({ ...each, host: each.host ?? name }))
  })
}

function nextStep(standing: Standing, finish: Finish): string {
  const named = (...ends: HostEnd[]) =>
    Object.entries(finish.hosts)
      .filter(([, { end, fault }]) => ends.includes(end) && fault !== null)
      .map(([host]) => host)
  switch (finish.outcome) {
    case 'committed':
    case 'nothing-to-do':
      return `nothing to do; \`handover show ${oneLine(finish.run, 80)}\` shows this run again`
    case 'committed-with-failures': {
      const hosts = named('reverted', 'untouched', 'left-out')
      return `correct what is named above, then run again for ${limitTo(hosts)}`
    }
    case 'rolled-back':
      // Nobody has come in time, or somebody did not want it: then nothing is wrong.
      if (
        standing.interrupted ||
        /^(nobody approved|paused, and not continued|the maintenance window)/.test(standing.rollingBack ?? '')
      )
        return 'run again when you are ready; nothing is left to clean up'
      return 'correct what is named above, then run again; nothing is left to clean up'
    case 'refused':
      if (finish.exit === exitCode.locked) {
        return 'wait for the run that is named above; if it was cut off, `handover resume` goes on with it and `handover rollback` takes it back'
      }
      if (finish.exit === exitCode.outsideWindow)
        return 'run again while the window is open, or with --wait; `handover plan` shows when'
      return `correct what is named above, or leave ${plural(named('untouched', 'left-out').length, 'host')} out with --limit, then run again`
    case 'interrupted':
      return 'run again when you are ready; nothing is left to clean up'
    case 'in-doubt':
      return (
        `look at ${nameList(named('in-doubt'))} with \`handover status\`; there the new binary may serve beside its parked ` +
        `old master: docs/hosts.md, "By hand", tells how to go back or forward; once they answer, \`${commandFor('resume', standing)}\` looks at them again`
      )
  }
}

function limitTo(hosts: readonly string[]): string {
  const words = shellWord(hosts.join(','))
  return hosts.length > 0 && words.length <= 60
    ? `them alone: --limit ${words}`
    : plural(hosts.length, 'host')
}

function shellWord(text: string): string {
  const word = /^[\w@%+=:,./-]+$/.test(text) ? text : shellQuote(text.replaceAll('\0', ''))
  return oneLine(word)
}
