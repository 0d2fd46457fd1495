/** Every host of a plan on a line of its own, for `handover plan -v`. */
import { probeText } from '../plan/explain-checks.ts'
import type { Plan, PlannedHost } from '../plan/plan.ts'
import { oneLine } from './line.ts'
import { formatTable, type TableStyle } from './table.ts'

export function formatPlannedHosts({ hosts, stages }: Plan, style: TableStyle): string[] {
  const rows = hosts.map((host, index) => [
    String(index + 1),
    oneLine(host.name, 80),
    oneLine(stages[host.stage]?.name ?? '', 40),
    loginText(host),
    oneLine(host.handover.binary),
    oneLine(host.health.map(({ probe }) => probeText(probe)).join('; ')),
  ])
  return formatTable(['', 'host', 'stage', 'reached as', 'binary', 'health'], rows, style)
}

function loginText({ user, address, port, become }: PlannedHost): string {
  const at = address.includes(':') ? `[${address}]` : address
  return oneLine(`${user}@${at}${port === 22 ? '' : `:${port}`}${become ? ', sudo' : ''}`, 120)
}
