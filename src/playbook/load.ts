/** Reading a playbook: the file, its templates, its format, its contradictions; every fault at once. */
import { dirname, resolve } from 'node:path'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { type DocumentPath, placeOf, readDocument, type SourceDocument } from '../document/document.ts'
import { faultsOfIssue, type Issue, notBuilt } from './issues.ts'
import { keyName } from './keys.ts'
import { fillKnown } from './known-at-load.ts'
import type { HealthCheck, HostValue, Playbook, Probe, Stage, Vars } from './playbook.ts'
import { findContradictions } from './rules.ts'
import { type CheckedPlaybook, playbook as playbookSchema } from './schema.ts'
import { createScope } from './template.ts'
import { findUnquotedNumbers } from './unquoted-number.ts'
import { checkVars } from './variables.ts'
import { buildWindow } from './windows.ts'

/**
 * @param file path of the playbook; `artifact.src` is relative to it.
 * @throws HandoverError with every fault found: FILE_*, YAML_*, PLAYBOOK_*.
 */
export function loadPlaybook(file: string, { extraVars }: { readonly extraVars: Vars }): Playbook {
  const document = readDocument(file)
  refuseOtherRoots(document)
  const vars = varsOf(document)
  const numbers = findUnquotedNumbers(document)
  const { data, failed } = fillKnown(document, createScope([vars, extraVars]))
  const checked = playbookSchema.safeParse(data)
  const reported = new Set([...numbers, ...failed].map(({ path }) => keyName(path)))
  // A value that is complained about already needs no second complaint about what it was taken for.
  const issues = (checked.error?.issues ?? []).filter(
    issue => !reported.has(keyName(issue.path as DocumentPath)),
  )
  const faults = [
    ...numbers.map(one => one.fault),
    ...failed.map(one => one.fault),
    ...issues.flatMap(issue => faultsOfIssue(document, data, issue as Issue)),
    ...findContradictions(document, data),
    ...checkVars(document, vars),
  ]
  if (faults.length > 0 || !checked.success) throw new HandoverError(faults.sort(byPlace))
  return build(document, checked.data, { vars, extraVars })
}

function refuseOtherRoots(document: SourceDocument): void {
  const { data } = document
  if (Array.isArray(data)) {
    const hint = 'write one mapping: remove the "- " before name'
    throw new HandoverError(notBuilt('a list of plays', placeOf(document, []), hint))
  }
  if (typeof data === 'object' && data !== null) return
  const message =
    data === null ? 'the playbook is empty' : 'the playbook must be a mapping of keys such as name and hosts'
  throw new HandoverError(fault('PLAYBOOK_TYPE', message, { place: placeOf(document, []) }))
}

function varsOf(document: SourceDocument): Vars {
  const { vars } = document.data as { vars?: unknown }
  return typeof vars === 'object' && vars !== null && !Array.isArray(vars) ? (vars as Vars) : {}
}

function byPlace(a: Fault, b: Fault): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0)
}

function build(
  document: SourceDocument,
  checked: CheckedPlaybook,
  known: { vars: Vars; extraVars: Vars },
): Playbook {
  const { artifact, handover } = checked
  const at = (...path: DocumentPath) => placeOf(document, path)
  const placed = (source: string | boolean, ...path: DocumentPath): HostValue => ({
    key: keyName(path),
    source,
    place: at(...path),
  })
  return {
    file: document.file,
    name: checked.name,
    hosts: checked.hosts,
    hostsPlace: at('hosts'),
    become: checked.become === undefined ? null : placed(checked.become, 'become'),
    ...known,
    artifact: {
      path: resolve(dirname(document.file), artifact.src),
      sha256: artifact.sha256 ?? null,
      pathPlace: at('artifact', 'src'),
      sha256Place: at('artifact', 'sha256'),
    },
    handover: {
      driver: handover.driver,
      binary: placed(handover.binary, 'handover', 'binary'),
      pidFile: placed(handover.pid_file, 'handover', 'pid_file'),
      drainTimeoutMs: handover.drain_timeout,
      startTimeoutMs: handover.start_timeout,
      stateDir: handover.state_dir === undefined ? null : placed(handover.state_dir, 'handover', 'state_dir'),
      allowConfigChange: handover.allow_config_change,
      allowBuildChange: handover.allow_build_change,
    },
    concurrency: checked.concurrency,
    maxFailed: checked.max_failed,
    maxUnreachable: checked.max_unreachable,
    onDrainLimit: checked.on_drain_limit,
    leaseMs: checked.lease,
    commit: checked.commit,
    rollbackConcurrency: checked.rollback.concurrency,
    health: checked.health.map((check, index) => buildCheck(check, index, placed)),
    stages: checked.stages.map((stage, index) => buildStage(stage, index, at)),
    stagesPlace: at('stages'),
    windows: checked.windows.map(buildWindow),
    onWindowClose: checked.on_window_close,
  }
}

type Placed = (source: string, ...path: DocumentPath) => HostValue

function buildCheck(check: CheckedPlaybook['health'][number], index: number, placed: Placed): HealthCheck {
  return {
    name: check.name,
    probe: buildProbe(check, index, placed),
    intervalMs: check.interval,
    timeoutMs: check.timeout,
    healthy: check.healthy,
    unhealthy: check.unhealthy,
    deadlineMs: check.deadline,
  }
}

function buildProbe(
  { http, tcp, command }: CheckedPlaybook['health'][number],
  index: number,
  placed: Placed,
): Probe {
  const at = ['health', index] as const
  if (http) {
    const body = http.body === undefined ? null : placed(http.body, ...at, 'http', 'body')
    return {
      kind: 'http',
      url: placed(http.url, ...at, 'http', 'url'),
      status: http.status,
      body,
      from: http.from,
    }
  }
  if (tcp) return { kind: 'tcp', address: placed(tcp.address, ...at, 'tcp', 'address'), from: tcp.from }
  if (!command) throw new RangeError('a check without a probe was let through')
  const run = command.run.map((word, position) => placed(word, ...at, 'command', 'run', position))
  return { kind: 'command', run, from: command.from }
}

function buildStage(
  stage: CheckedPlaybook['stages'][number],
  index: number,
  at: (...path: DocumentPath) => Stage['place'],
): Stage {
  return {
    name: stage.name,
    hosts: stage.hosts,
    concurrency: stage.concurrency ?? null,
    bakeMs: stage.bake,
    gate: stage.gate ?? null,
    gateMs: stage.gate_timeout,
    place: at('stages', index, 'hosts'),
    concurrencyPlace: at('stages', index, 'concurrency'),
  }
}
