/** A plan in words, for `handover plan` and for the question before a run. */
import { formatDuration } from '../core/duration.ts'
import { plural, printable } from '../core/text.ts'
import { type Estimate, estimate } from './estimate.ts'
import { healthLines } from './explain-checks.ts'
import { orderLines, stageLines } from './explain-stages.ts'
import { namesText } from './names.ts'
import type { KnownBinary, Plan } from './plan.ts'
import { describeWindows } from './windows-text.ts'

/** Above this, paths that differ from host to host are counted, not listed. */
const mostPaths = 4

/**
 * Lines without a line break, safe to print, of any length; as few for ten thousand hosts as for ten.
 * @param nowMs since 1970: the next openings are shown from then.
 */
export function explainPlan(plan: Plan, nowMs: number): string[] {
  const bounds = estimate(plan)
  const lines = [
    `${plan.name}: ${plural(plan.hosts.length, 'host')} in ${plural(plan.stages.length, 'stage')}, plan ${plan.fingerprint.slice(0, 12)}`,
    ...source(plan),
    ...targets(plan),
    ...allowanceLines(plan.hosts),
    ...orderLines(plan),
    '',
    ...stageLines(plan, bounds),
    '',
    ...windowLines(plan, nowMs),
    'limits:',
    labelled('at one time', `at most ${plural(bounds.mostAtOnce, 'host')} being changed, over the whole run`),
    ...timeLines(plan, bounds),
    ...toleranceLines(plan),
    '',
    ...healthLines(plan),
    ...secretLine(plan),
    '',
    'going back:',
    ...endLines(plan),
  ]
  return lines.map(line => printable(line).replaceAll('\n', '\\n'))
}

function windowLines({ windows, stages }: Plan, nowMs: number): string[] {
  return windows ? [...describeWindows({ windows, stages }, nowMs), ''] : []
}

function source({ artifact, undoes, hosts }: Plan): string[] {
  if (artifact) {
    return [
      `artifact: ${artifact.path}, ${plural(artifact.bytes, 'byte')}, sha256 ${artifact.sha256.slice(0, 12)}`,
    ]
  }
  const changes = hosts.flatMap(({ name, restore }) =>
    restore ? [[`${binaryText(restore.replaces)} -> ${binaryText(restore.wanted)}`, name] as const] : [],
  )
  return [
    `undoes: run ${undoes}; every host gets back, from its own backups, what it had before`,
    ...[...grouped(changes)].map(([change, names]) => `  ${change}  ${hostList(names)}`),
  ]
}

function binaryText({ version, sha256 }: KnownBinary): string {
  return `${version || '?'} (${sha256.slice(0, 12)})`
}

function hostList(names: readonly string[]): string {
  return `${plural(names.length, 'host')} (${namesText(names)})`
}

/** Hosts with equal paths together; where each has its own, the first stands for all. */
function targets({ hosts }: Plan): string[] {
  const driver = hosts[0]?.handover.driver
  const groups = grouped(hosts.map(host => [host.handover.binary, host.name] as const))
  const [[first = ''] = []] = groups
  if (groups.size === 1) return [`replaces: ${first}, driver ${driver}`]
  if (groups.size > mostPaths || groups.size === hosts.length) {
    return [
      `replaces: ${first} (and ${plural(groups.size - 1, 'other path')}; -v lists them), driver ${driver}`,
    ]
  }
  const each = [...groups].map(([path, names]) => `${path} on ${hostList(names)}`)
  return [`replaces: driver ${driver}`, ...each.map(text => `  ${text}`)]
}

function grouped(pairs: readonly (readonly [key: string, name: string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [key, name] of pairs) {
    const group = groups.get(key)
    if (group) group.push(name)
    else groups.set(key, [name])
  }
  return groups
}

/** In a column: the page is read by its left edge. */
function labelled(label: string, text: string): string {
  return `  ${label.padEnd(17)}  ${text}`
}

function timeLines({ stages }: Plan, { leastMs, mostMs, stages: each }: Estimate): string[] {
  const sum = each.length > 1 ? ` (${each.map(stage => formatDuration(stage.leastMs)).join(' + ')})` : ''
  const isGated = stages.some(({ gate }) => gate !== null)
  return [
    labelled(
      'time, at least',
      leastMs === 0
        ? 'what the switches take: there is no bake, and no row of passes to wait for'
        : `${formatDuration(leastMs)}${sum} if every host has to change; connecting, uploading and switching come on top`,
    ),
    labelled(
      'time, at most',
      `${formatDuration(mostMs)} by its own limits (${isGated ? 'approvals, ' : ''}start, health deadlines, bakes, drain); connecting, uploading, pauses and going back come on top`,
    ),
  ]
}

function secretLine({ secrets = {} }: Plan): string[] {
  const told = Object.entries(secrets).map(([name, source]) =>
    'env' in source ? `${name} (environment variable ${source.env})` : `${name} (${source.file})`,
  )
  return told.length === 0 ? [] : [`secrets, read when the run begins and never shown: ${told.join(', ')}`]
}

function toleranceLines({ maxFailed, maxUnreachable, stages }: Plan): string[] {
  const swallowed = stages.filter(({ hosts }) => hosts.length <= maxFailed)
  const stops = 'stops the run, and nothing is changed'
  return [
    labelled(
      'before a change',
      maxUnreachable === 0
        ? `one host that is unfit or does not answer ${stops}`
        : `up to ${maxUnreachable} that do not answer may be left out; one more, or one that is unfit, ${stops}`,
    ),
    labelled(
      'after that',
      maxFailed === 0
        ? 'the first host that fails or is lost takes every host back'
        : `up to ${plural(maxFailed, 'host')} may fail or be lost, and go back alone; one more, or any in the last look before the commit, takes every host back`,
    ),
    ...(swallowed.length > 0 && maxFailed > 0
      ? [labelled('note', `all of ${names(swallowed)} may fail within max_failed, and the run goes on`)]
      : []),
  ]
}

function names(stages: Plan['stages']): string {
  return stages.map(({ name, hosts }) => `${name} (${plural(hosts.length, 'host')})`).join(', or of ')
}

const allowances = {
  config: 'a configuration that was edited since it was loaded',
  build: 'a binary that was built with other options',
}

function allowanceLines(hosts: Plan['hosts']): string[] {
  const allowed = new Set(hosts.flatMap(host => host.handover.allow))
  return allowed.size === 0 ? [] : [`let in: ${[...allowed].map(word => allowances[word]).join(', ')}`]
}

function endLines({ hosts, onDrainLimit, leaseMs, rollbackConcurrency, undoes }: Plan): string[] {
  const limit = formatDuration(hosts[0]?.handover.drainTimeoutMs ?? 0)
  const drain =
    onDrainLimit === 'terminate' ? `terminated after ${limit}` : `left to finish even after ${limit}`
  const back = Math.min(rollbackConcurrency, hosts.length)
  return [
    labelled(
      'until the commit',
      `every old master stays parked; a failure, Ctrl-C or \`handover abort\` takes every host back, ${back} at a time`,
    ),
    labelled(
      'without us',
      `a host that hears nothing from here for ${formatDuration(leaseMs)} (lease) goes back by itself, until the commit is decided`,
    ),
    labelled(
      'NOT from there on',
      `the commit, of all hosts together after the last stage: once it is decided the run only goes forward; old masters quit, old workers finish their requests and are ${drain}`,
    ),
    labelled(
      'after the run',
      undoes === undefined
        ? '`handover rollback RUN` brings the old binary back, from the backups on the hosts, as a run of its own'
        : '`handover rollback RUN` undoes this one in the same way',
    ),
  ]
}
