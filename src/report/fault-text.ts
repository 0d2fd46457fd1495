/** A fault for people: what happened, where, and what to do next. The same fault on many hosts is said once. */
import type { Fault, Place } from '../core/fault.ts'
import { printable } from '../core/text.ts'
import { type LineStyle, nameList, oneLine, paint } from './line.ts'

const mostLines = 20
const mostFaults = 20
const lineLimit = 400
const excerptLimit = 160

export function formatFault(fault: Fault, style: LineStyle): string[] {
  return formatGroup({ fault, hosts: fault.host === undefined ? [] : [fault.host] }, style)
}

/** The same fault on several hosts becomes one, with their names; at most 20 different ones are shown. */
export function formatFaults(faults: readonly Fault[], style: LineStyle): string[] {
  const groups = groupFaults(faults)
  const lines = groups.slice(0, mostFaults).flatMap(group => formatGroup(group, style))
  const more = groups.length - mostFaults
  return more > 0 ? [...lines, `and ${more} more`] : lines
}

interface FaultGroup {
  readonly fault: Fault
  readonly hosts: string[]
}

function groupFaults(faults: readonly Fault[]): FaultGroup[] {
  const groups = new Map<string, FaultGroup>()
  for (const fault of faults) {
    const { code, message, hint, place } = fault
    const key = JSON.stringify([code, message, hint, place?.file, place?.line, place?.column])
    const group = groups.get(key) ?? { fault, hosts: [] }
    groups.set(key, group)
    if (fault.host !== undefined && !group.hosts.includes(fault.host)) group.hosts.push(fault.host)
  }
  return [...groups.values()]
}

function formatGroup({ fault, hosts }: FaultGroup, style: LineStyle): string[] {
  const [first = '', ...rest] = messageLines(fault.message)
  const [host] = hosts
  const on = hosts.length === 1 && host !== undefined ? `${oneLine(host, 80)}: ` : ''
  return [
    `${paint(style, 'bad', `error ${fault.code}:`)} ${on}${first}`,
    ...rest.map(line => `  ${line}`),
    ...(hosts.length > 1 ? [`  on ${hosts.length} hosts: ${nameList(hosts)}`] : []),
    ...(fault.place ? placeLines(fault.place, style) : []),
    ...(fault.hint ? [`  ${paint(style, 'strong', 'hint:')} ${oneLine(fault.hint)}`] : []),
  ]
}

function messageLines(message: string): string[] {
  const lines = message.replace(/\n+$/, '').split('\n', mostLines + 1)
  const shown = lines.slice(0, mostLines).map(line => oneLine(line, lineLimit))
  return lines.length > mostLines ? [...shown, '[more lines left out]'] : shown
}

function placeLines({ file, line, column, excerpt }: Place, style: LineStyle): string[] {
  const where = [oneLine(file), line, column].filter(part => part !== undefined).join(':')
  const [source = '', caret = ''] = excerpt?.split('\n', 2) ?? []
  // Cut at the end, not in the middle: the caret stands under a column.
  const shown = printable(source.slice(0, excerptLimit)).replaceAll('\t', ' ')
  return [
    `  at ${where}`,
    ...(excerpt
      ? [`    ${shown}`, `    ${paint(style, 'bad', printable(caret.slice(0, excerptLimit)))}`]
      : []),
  ]
}
