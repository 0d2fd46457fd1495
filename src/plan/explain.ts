/** A plan in words, for `handover plan` and for the question before a run. */
import { formatDuration } from '../core/duration.ts'
import { plural, printable } from '../core/text.ts'
import type { KnownBinary, Plan, PlannedCheck, PlannedProbe, PlannedStage } from './plan.ts'
import { spreadMs } from './windows.ts'
import { describeWindows } from './windows-text.ts'

const shownHosts = 8

/** Lines without a line break, safe to print. @param nowMs since 1970: the next openings are shown from then. */
export function explainPlan(plan: Plan, nowMs: number): string[] {
  const widest = Math.max(...plan.stages.map(stage => stage.name.length))
  const lines = [
    `${plan.name}: ${plural(plan.hosts.length, 'host')} in ${plural(plan.stages.length, 'stage')}, plan ${plan.fingerprint.slice(0, 12)}`,
    ...source(plan),
    ...targets(plan),
    'stages:',
    ...plan.stages.map((stage, index) => `  ${index + 1}. ${stage.name.padEnd(widest)}  ${stageLine(stage)}`),
    ...gateLine(plan),
    ...(plan.windows ? describeWindows(plan.windows, nowMs, spreadMs(plan.stages)) : []),
    `at most ${plural(most(plan), 'host')} being changed at once, ${Math.min(plan.rollbackConcurrency, plan.hosts.length)} when going back`,
    `tolerated: ${plural(plan.maxFailed, 'failed host')}, ${plural(plan.maxUnreachable, 'unreachable host')}`,
    ...healthLines(plan),
    ...secretLine(plan),
    ...endLines(plan),
  ]
  return lines.map(line => printable(line).replaceAll('\n', '\\n'))
}

function source({ artifact, undoes, hosts }: Plan): string[] {
  if (artifact) {
    return [
      `artifact: ${artifact.path}, ${plural(artifact.bytes, 'byte')}, sha256 ${artifact.sha256.slice(0, 12)}`,
    ]
  }
  const groups = new Map<string, string[]>()
  for (const { name, restore } of hosts) {
    if (!restore) continue
    const change = `${binaryText(restore.replaces)} -> ${binaryText(restore.wanted)}`
    groups.set(change, [...(groups.get(change) ?? []), name])
  }
  return [
    `undoes: run ${undoes}; every host gets back, from its own backups, what it had before`,
    ...[...groups].map(([change, names]) => `  ${change}  ${hostList(names)}`),
  ]
}

function binaryText({ version, sha256 }: KnownBinary): string {
  return `${version || '?'} (${sha256.slice(0, 12)})`
}

function hostList(names: readonly string[]): string {
  const more = names.length > shownHosts ? ` and ${names.length - shownHosts} more` : ''
  return `${plural(names.length, 'host')} (${names.slice(0, shownHosts).join(', ')}${more})`
}

function targets(plan: Plan): string[] {
  const binaries = [...new Set(plan.hosts.map(host => host.handover.binary))]
  const more = binaries.length > 1 ? ` (and ${plural(binaries.length - 1, 'other path')})` : ''
  return [`replaces: ${binaries[0]}${more}, driver ${plan.hosts[0]?.handover.driver}`]
}

function stageLine({ hosts, concurrency, bakeMs, gate, gateMs }: PlannedStage): string {
  const wait = gate === null ? '' : `waits up to ${formatDuration(gateMs)} for an approval, then `
  const pace = hosts.length > 1 ? `, ${Math.min(concurrency, hosts.length)} at a time` : ''
  const bake = bakeMs > 0 ? `, then watched for ${formatDuration(bakeMs)}` : ''
  return `${wait}${hostList(hosts)}${pace}${bake}`
}

function gateLine({ stages }: Plan): string[] {
  if (stages.every(({ gate }) => gate === null)) return []
  return [
    'approval: `handover approve RUN`, from any terminal here; without one in time every host goes back',
  ]
}

function most(plan: Plan): number {
  return Math.max(...plan.stages.map(stage => Math.min(stage.concurrency, stage.hosts.length)))
}

function healthLines({ hosts }: Plan): string[] {
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

function secretLine({ secrets = {} }: Plan): string[] {
  const told = Object.entries(secrets).map(([name, source]) =>
    'env' in source ? `${name} (environment variable ${source.env})` : `${name} (${source.file})`,
  )
  return told.length === 0 ? [] : [`secrets, read when the run begins and never shown: ${told.join(', ')}`]
}

function checkText(check: PlannedCheck): string {
  const { probe, healthy, unhealthy } = check
  const origin = probe.from === 'host' ? 'on the host' : 'from here'
  const wins = healthy === 1 ? '1 pass' : `${healthy} passes in a row`
  const losses = unhealthy === 1 ? '1 failure' : `${unhealthy} failures in a row`
  return `${probeText(probe)} ${origin}, every ${formatDuration(check.intervalMs)}; healthy after ${wins} within ${formatDuration(check.deadlineMs)} of the switch, failed after ${losses}`
}

function probeText(probe: PlannedProbe): string {
  if (probe.kind === 'tcp') {
    const host = probe.host.includes(':') ? `[${probe.host}]` : probe.host
    return `connect to ${host}:${probe.port}`
  }
  if (probe.kind === 'command') return `run ${probe.run.join(' ')}`
  const body = probe.body === null ? '' : ` with ${JSON.stringify(probe.body)} in the body`
  return `GET ${probe.url} answers ${probe.status}${body}`
}

const allowances = {
  config: 'a configuration that was edited since it was loaded',
  build: 'a binary that was built with other options',
}

function allowanceLine(hosts: Plan['hosts']): string[] {
  const allowed = new Set(hosts.flatMap(host => host.handover.allow))
  return allowed.size === 0 ? [] : [`let in: ${[...allowed].map(word => allowances[word]).join(', ')}`]
}

function endLines({ hosts, onDrainLimit, leaseMs }: Plan): string[] {
  const limit = formatDuration(hosts[0]?.handover.drainTimeoutMs ?? 0)
  const drain =
    onDrainLimit === 'terminate' ? `terminated after ${limit}` : `left to finish even after ${limit}`
  return [
    ...allowanceLine(hosts),
    `lease: a host that hears nothing from here for ${formatDuration(leaseMs)} goes back by itself, until the commit is decided`,
    'commit: all hosts together, after the last stage; until then every old master stays parked and nothing irreversible happens',
    `after the commit: old workers finish their requests, and are ${drain}`,
  ]
}
