/** Reading a playbook: the file, its templates, its format, its contradictions; every fault at once. */
import { dirname, resolve } from 'node:path'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import {
  type DocumentPath,
  parseDocument,
  placeOf,
  readDocument,
  type SourceDocument,
} from '../document/document.ts'
import { faultsOfIssues, type Issue, notBuilt, valueAt } from './issues.ts'
import { keyName } from './keys.ts'
import { fillKnown } from './known-at-load.ts'
import type { HealthCheck, HostValue, Playbook, Probe, Stage, Vars } from './playbook.ts'
import { playsOf } from './plays.ts'
import { findContradictions } from './rules.ts'
import { type CheckedPlaybook, playbook as playbookSchema } from './schema.ts'
import { sealedVars } from './sealed.ts'
import { checkSecrets, sourcesOf } from './secrets.ts'
import { createScope } from './template.ts'
import { findTraps } from './traps.ts'
import { checkVars } from './variables.ts'
import { readVarsFiles } from './vars-files.ts'
import { buildWindow } from './windows.ts'

/**
 * The plays of a file in their order: one mapping is one play, as is each entry of a list.
 * @param file path of the playbook; `artifact.src` is relative to it.
 * @throws HandoverError with every fault found: FILE_*, YAML_*, PLAYBOOK_*.
 */
export function loadPlays(file: string, { extraVars }: { readonly extraVars: Vars }): Playbook[] {
  return playsFrom(readDocument(file), extraVars)
}

/** As `loadPlays`, of a text that is not, or not yet, in the file. */
export function playsIn(file: string, text: string, { extraVars }: { readonly extraVars: Vars }): Playbook[] {
  return playsFrom(parseDocument(file, text), extraVars)
}

function playsFrom(document: SourceDocument, extraVars: Vars): Playbook[] {
  const loaded = playsOf(document).map(play => loadPlay(play, extraVars))
  const faults = [...loaded.flatMap(play => play.faults), ...sameNames(loaded)]
  if (faults.length > 0) throw new HandoverError(faults)
  return loaded.flatMap(({ playbook }) => playbook ?? [])
}

/**
 * The only play of a file.
 * @throws HandoverError as `loadPlays`, and PLAYBOOK_NOT_BUILT when there are several.
 */
export function loadPlaybook(file: string, options: { readonly extraVars: Vars }): Playbook {
  const [playbook, second] = loadPlays(file, options)
  if (second) {
    throw new HandoverError(
      notBuilt('a file of several plays', second.place, 'write each play to a file of its own'),
    )
  }
  if (!playbook) throw new RangeError('a file without a play was let through')
  return playbook
}

interface LoadedPlay {
  readonly document: SourceDocument
  /** Undefined when there are faults. */
  readonly playbook?: Playbook
  readonly faults: readonly Fault[]
}

function loadPlay(document: SourceDocument, extraVars: Vars): LoadedPlay {
  const own = mappingAt(document, 'vars')
  const fromFiles = readVarsFiles(document, own, extraVars)
  const vars = { ...own, ...fromFiles.vars }
  const secrets = mappingAt(document, 'secrets')
  const { data, failed } = fillKnown(document, createScope([vars, extraVars, sealedVars(secrets)]))
  const checked = playbookSchema.safeParse(data)
  const issues = (checked.error?.issues ?? []) as readonly Issue[]
  const refused = new Set(issues.map(issue => keyName(issue.path as DocumentPath)))
  const traps = findTraps(document).filter(({ path, yields }) => !yields || !refused.has(keyName(path)))
  const reported = new Set([...traps, ...failed].map(({ path }) => keyName(path)))
  // A value that is complained about already needs no second complaint about what it was taken for.
  const fresh = issues.filter(issue => !reported.has(keyName(issue.path as DocumentPath)))
  const faults = [
    ...[...traps, ...failed].map(one => one.fault),
    ...faultsOfIssues(document, data, fresh),
    ...findContradictions(document, data),
    ...checkVars(document, own),
    ...fromFiles.faults,
    ...checkSecrets(document, secrets, [vars, extraVars]),
  ].sort(byPlace)
  if (faults.length > 0 || !checked.success) return { document, faults }
  return {
    document,
    faults,
    playbook: build(document, checked.data, { vars, varsFiles: fromFiles.files, extraVars }),
  }
}

/** A run is known by its name, so two plays of one file must not share it. */
function sameNames(plays: readonly LoadedPlay[]): Fault[] {
  const lines = new Map<string, number | undefined>()
  return plays.flatMap(({ document, playbook }) => {
    if (!playbook) return []
    const place = placeOf(document, ['name'])
    if (!lines.has(playbook.name)) {
      lines.set(playbook.name, place.line)
      return []
    }
    const message = `line ${lines.get(playbook.name)} has a play named ${JSON.stringify(playbook.name)} already`
    return [fault('PLAYBOOK_VALUE', message, { place, hint: 'give each its own name' })]
  })
}

function mappingAt(document: SourceDocument, key: string): Vars {
  const value = valueAt(document.data, [key])
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Vars) : {}
}

function byPlace(a: Fault, b: Fault): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0)
}

function build(
  document: SourceDocument,
  checked: CheckedPlaybook,
  known: Pick<Playbook, 'vars' | 'varsFiles' | 'extraVars'>,
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
    place: at(),
    name: checked.name,
    hosts: checked.hosts,
    hostsPlace: at('hosts'),
    become: checked.become === undefined ? null : placed(checked.become, 'become'),
    ...known,
    secrets: sourcesOf(checked.secrets, dirname(document.file)),
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
    order: checked.order,
    onDrainLimit: checked.on_drain_limit,
    leaseMs: checked.lease,
    commit: checked.commit,
    rollbackConcurrency: checked.rollback.concurrency,
    health: checked.health.map((check, index) => buildCheck(check, index, placed)),
    stages: checked.stages.map((stage, index) => buildStage(stage, index, at)),
    stagesPlace: at('stages'),
    windows: checked.windows.map(buildWindow),
    windowsPlace: at('windows'),
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
