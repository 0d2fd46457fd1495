/** Does an entry have what every reader of it takes for granted? Types that are not known here are for later versions. */
import type { Entry, EntryType } from './entry.ts'

type Kind = 'text' | 'number' | 'list' | 'object'
type Needs = Readonly<Record<string, Kind>>

const found: Needs = { found: 'object' }
const failed: Needs = { fault: 'object' }
const staged: Needs = { stage: 'text' }

const needs: Readonly<Partial<Record<EntryType, Needs>>> = {
  'run.started': { name: 'text', stages: 'list' },
  'run.resumed': { epoch: 'number', notes: 'list' },
  'host.inspected': found,
  'host.found': { stand: 'text', ...found },
  'host.committed': found,
  'host.reverted': found,
  'host.unreachable': failed,
  'host.left_out': failed,
  'host.failed': failed,
  'host.in_doubt': failed,
  'host.refused': { faults: 'list' },
  'run.decided': { hosts: 'list' },
  'run.finished': { exit: 'number', outcome: 'text', hosts: 'object' },
  'stage.started': staged,
  'stage.baking': staged,
  'gate.waiting': staged,
  'window.closed': { next: 'text', zone: 'text' },
}

export function isWhole(entry: Entry): boolean {
  const fields = entry as unknown as Readonly<Record<string, unknown>>
  if (typeof entry.at !== 'string') return false
  if (entry.type.startsWith('host.') && typeof fields.host !== 'string') return false
  const isThere = Object.entries(needs[entry.type] ?? {}).every(([name, kind]) => is(fields[name], kind))
  return isThere && (entry.type !== 'run.started' || entry.stages.every(isStage)) && areObjects(entry)
}

function isStage(stage: unknown): boolean {
  return is(stage, 'object') && is((stage as { hosts?: unknown }).hosts, 'list')
}

/** Those in lists and under names of hosts. */
function areObjects(entry: Entry): boolean {
  if (entry.type === 'host.refused') return entry.faults.every(fault => is(fault, 'object'))
  if (entry.type === 'run.finished') return Object.values(entry.hosts).every(host => is(host, 'object'))
  return true
}

function is(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'list':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}
