/** Reading what the host program found into plain facts. */
import { type RunStand, runStands } from '../core/run-stand.ts'
import { type Answer, field } from '../host/frame.ts'
import type { Found, HostLock, Inspection, LastRun } from './hands.ts'
import { lastWord } from './last-word.ts'
import { remark } from './reasons.ts'

/** Versions by checksum; the host proves by inode which file is at the path. */
export type Versions = ReadonlyMap<string, string>

/** What a host says of versions when it is bound: what is at the path, and the two of its last run. */
export function versionsIn(hello: Answer): [sha256: string, version: string][] {
  const said = (sha: string, version: string): [string, string] => [field(hello, sha), field(hello, version)]
  return [
    said('last_old_sha', 'last_old_version'),
    said('last_new_sha', 'last_new_version'),
    said('sha', 'version'),
  ].filter(([sha256, version]) => sha256 !== '' && version !== '') as [string, string][]
}

export function readInspection(answer: Answer, newSha: string): Inspection {
  const sha256 = field(answer, 'sha')
  const version = field(answer, 'version')
  const found = facts(answer, version, sha256)
  const running = field(answer, 'running_sha')
  const serving = running ? { version: field(answer, 'running_version'), sha256: running } : {}
  return {
    ...found,
    ...serving,
    onDisk: { version, sha256 },
    current: sha256 === newSha && found.runsPath,
    path: field(answer, 'path'),
    identity: `${field(answer, 'boot')} ${field(answer, 'path_id')}`,
    exchange: field(answer, 'exchange'),
    lock: lockOf(answer),
    notes: coded(answer, 'note').map(([code, detail]) => remark(code, detail)),
    lastWord: lastWord(answer) ?? null,
    last: lastOf(answer),
  }
}

function lastOf(answer: Answer): LastRun | null {
  const run = field(answer, 'last_run')
  if (!run) return null
  return {
    run,
    state: field(answer, 'last_stand'),
    epoch: Math.max(1, count(answer, 'last_epoch')),
    oldSha: field(answer, 'last_old_sha'),
    newSha: field(answer, 'last_new_sha'),
    isLocked: field(answer, 'lock_run') === run,
  }
}

/** Undefined when the host says something else. */
export function readStand(answer: Answer): RunStand | undefined {
  const said = field(answer, 'stand')
  return runStands.find(stand => stand === said)
}

function lockOf(answer: Answer): HostLock | null {
  const run = field(answer, 'lock_run')
  if (!run) return null
  const left = field(answer, 'lease_left')
  return {
    run,
    owner: field(answer, 'lock_owner'),
    isAlive: field(answer, 'lock_lives') === 'yes',
    leaseMs: /^-?\d+$/.test(left) ? Math.max(0, Number(left) * 10) : null,
    state: field(answer, 'last_run') === run ? field(answer, 'last_state') : '',
  }
}

/** What the host says as CODE:DETAIL, as often as it says it. */
export function coded(answer: Answer, key: string): [code: string, detail: string][] {
  return (answer.fields.get(key) ?? []).map(text => {
    const at = text.indexOf(':')
    return [text.slice(0, at), text.slice(at + 1)]
  })
}

/** The host says which file is at the path at the end; it may be a third one, of no version that is known. */
export function readFound(answer: Answer, versions: Versions): Found {
  const sha256 = field(answer, 'sha')
  return facts(answer, versions.get(sha256) ?? '', sha256)
}

function facts(answer: Answer, version: string, sha256: string): Found {
  return {
    version,
    sha256,
    runsPath: field(answer, 'runs') === 'path',
    pid: count(answer, 'pid'),
    workers: count(answer, 'old_workers') + count(answer, 'new_workers'),
    masters: count(answer, 'old_masters') + count(answer, 'new_masters'),
    draining: count(answer, 'draining'),
  }
}

function count(answer: Answer, key: string): number {
  const value = Number(field(answer, key))
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
