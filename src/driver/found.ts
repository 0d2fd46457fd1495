/** Reading what the host program found into plain facts. */
import { type Answer, field } from '../host/frame.ts'
import type { Found, HostLock, Inspection } from './hands.ts'
import { remark } from './reasons.ts'

/** Versions and checksums by side; the host proves by inode which side is at the path. */
export interface Versions {
  old: string
  oldSha: string
  new: string
  readonly newSha: string
}

export function readInspection(answer: Answer, versions: Versions): Inspection {
  const sha256 = field(answer, 'sha')
  const found = facts(answer, versions.old, sha256)
  const running = field(answer, 'running_sha')
  const serving = running ? { version: field(answer, 'running_version'), sha256: running } : {}
  return {
    ...found,
    ...serving,
    onDisk: { version: versions.old, sha256 },
    current: sha256 === versions.newSha && found.runsPath,
    path: field(answer, 'path'),
    identity: `${field(answer, 'boot')} ${field(answer, 'path_id')}`,
    exchange: field(answer, 'exchange'),
    lock: lockOf(answer),
    notes: coded(answer, 'note').map(([code, detail]) => remark(code, detail)),
  }
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
  const known = new Map([
    [versions.oldSha, versions.old],
    [versions.newSha, versions.new],
  ])
  return facts(answer, known.get(sha256) ?? '', sha256)
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
