/** The health checks of a plan in words. */
import { formatDuration } from '../core/duration.ts'
import type { Plan, PlannedCheck, PlannedProbe } from './plan.ts'

export function healthLines({ hosts }: Plan): string[] {
  const [first] = hosts
  if (!first || first.health.length === 0) {
    return ['health: no checks in the playbook; only the daemon itself is looked at on each host']
  }
  const differs = first.health.some((check, index) => {
    const shown = probeText(check.probe)
    return hosts.some(host => host.health[index] && probeText(host.health[index].probe) !== shown)
  })
  return [
    `health, before each switch and until the commit${differs ? ` (as on ${first.name})` : ''}:`,
    ...first.health.map(check => `  ${check.name}: ${checkText(check)}`),
  ]
}

function checkText(check: PlannedCheck): string {
  const { probe, healthy, unhealthy } = check
  const origin = probe.from === 'host' ? 'on the host' : 'from here'
  const wins = healthy === 1 ? '1 pass' : `${healthy} passes in a row`
  const losses = unhealthy === 1 ? '1 failure' : `${unhealthy} failures in a row`
  return `${probeText(probe)} ${origin}, every ${formatDuration(check.intervalMs)}; healthy after ${wins} within ${formatDuration(check.deadlineMs)} of the switch, failed after ${losses}`
}

/** What is looked at, in one line. */
export function probeText(probe: PlannedProbe): string {
  if (probe.kind === 'tcp') {
    const host = probe.host.includes(':') ? `[${probe.host}]` : probe.host
    return `connect to ${host}:${probe.port}`
  }
  if (probe.kind === 'command') return `run ${probe.run.join(' ')}`
  const body = probe.body === null ? '' : ` with ${JSON.stringify(probe.body)} in the body`
  return `GET ${probe.url} answers ${probe.status}${body}`
}
