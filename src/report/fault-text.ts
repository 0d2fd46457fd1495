/** A fault for people: what happened, where, and what to do next. The same fault on many hosts is said once. */
import type { Fault, Place } from '../core/fault.ts'
import { printable } from '../core/text.ts'
import { type LineStyle, nameList, oneLine, paint } from './line.ts'

const mostLines = 20
const mostFaults = 20
const lineLimit = 400
const excerptLimit = 160

export function formatFault(fault: Fault, style: LineStyle): string[] {
  const group = { fault, hosts: fault.host === undefined ? [] : [fault.host] }
  return [...formatMessage(group, style), ...formatHint(group, style)]
}

/**
 * The same fault on several hosts becomes one, with their names; what has the same remedy stands together, and the remedy
 * once below it.
 */
export function formatFaults(
  faults: readonly Fault[],
  style: LineStyle,
  { most = mostFaults }: { readonly most?: number } = {},
): string[] {
  const alike = new Map<string, FaultGroup[]>()
  for (const group of groupFaults(faults)) {
    const key = JSON.stringify([group.fault.code, group.fault.hint])
    alike.set(key, [...(alike.get(key) ?? []), group])
  }
  const lines: string[] = []
  let left = most
  let hidden = 0
  for (const block of alike.values()) {
    const shown = block.slice(0, Math.min(left, mostFaults))
    left -= shown.length
    hidden += block.length - shown.length
    lines.push(...shown.flatMap(group => formatMessage(group, style)))
    if (shown[0]) lines.push(...formatHint(shown[0], style))
  }
  return hidden > 0 ? [...lines, `and ${hidden} more`] : lines
}

/** What is worth knowing and no fault, fainter than those. */
export function formatNotes(
  notes: readonly { readonly host: string; readonly text: string }[],
  style: LineStyle,
): string[] {
  const groups = new Map<string, string[]>()
  for (const { host, text } of notes) groups.set(text, [...(groups.get(text) ?? []), host])
  return [...groups].map(([text, hosts]) =>
    paint(style, 'faint', `note: ${nameList(hosts)}: ${oneLine(text)}`),
  )
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

function formatMessage({ fault, hosts }: FaultGroup, style: LineStyle): string[] {
  const [first = '', ...rest] = messageLines(fault.message)
  const [host] = hosts
  const on = hosts.length === 1 && host !== undefined ? `${oneLine(host, 80)}: ` : ''
  return [
    `${paint(style, 'bad', `error ${fault.code}:`)} ${on}${first}`,
    ...rest.map(line => `  ${line}`),
    ...(hosts.length > 1 ? [`  on ${hosts.length} hosts: ${nameList(hosts)}`] : []),
    ...(fault.place ? placeLines(fault.place, style) : []),
  ]
}

function formatHint({ fault: { hint } }: FaultGroup, style: LineStyle): string[] {
  return hint ? [`  ${paint(style, 'strong', 'hint:')} ${oneLine(hint)}`] : []
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
