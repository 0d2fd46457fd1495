/** Who has the hosts of a fleet, for `handover lock show` and `handover lock break`. */
import { formatDuration } from '../core/duration.ts'
import { plural } from '../core/text.ts'
import { oneLine } from './line.ts'
import { formatTable, type TableStyle } from './table.ts'

export interface LockRow {
  readonly host: string
  readonly lock: {
    readonly owner: string
    readonly isAlive: boolean
    readonly leaseMs: number | null
    readonly state: string
  }
}

export function formatLocks(rows: readonly LockRow[], looked: number, style: TableStyle): string[] {
  if (rows.length === 0) return [`none of ${plural(looked, 'host')} is locked`]
  const cells = rows.map(({ host, lock }) => [
    oneLine(host, 80),
    oneLine(lock.state, 20) || 'preparing',
    leaseText(lock),
    oneLine(lock.owner, 160),
  ])
  return formatTable(['host', 'state', 'lease', 'held by'], cells, style)
}

function leaseText({ isAlive, leaseMs }: LockRow['lock']): string {
  if (!isAlive) return 'expired'
  if (leaseMs === null) return 'while it is connected'
  return leaseMs > 0 ? `${formatDuration(Math.ceil(leaseMs / 1000) * 1000)} left` : 'ending'
}
