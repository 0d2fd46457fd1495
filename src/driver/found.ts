/** Reading what the host program found into plain facts. */
import { type Answer, field } from '../host/frame.ts'
import type { Found, Inspection } from './hands.ts'

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
  return {
    ...found,
    current: sha256 === versions.newSha && found.runsPath,
    path: field(answer, 'path'),
    exchange: field(answer, 'exchange'),
    lockedBy: field(answer, 'lock_owner') || null,
  }
}

/** After a commit the path is the new side, in every other ending the old one. */
export function readFound(answer: Answer, versions: Versions): Found {
  const committed = field(answer, 'sha') === versions.newSha
  return committed
    ? facts(answer, versions.new, versions.newSha)
    : facts(answer, versions.old, versions.oldSha)
}

function facts(answer: Answer, version: string, sha256: string): Found {
  return {
    version,
    sha256,
    runsPath: field(answer, 'runs') === 'path',
    pid: count(answer, 'pid'),
    workers: count(answer, 'old_workers') + count(answer, 'new_workers'),
    masters: items(answer, 'old_masters') + items(answer, 'new_masters'),
    draining: count(answer, 'draining'),
  }
}

function count(answer: Answer, key: string): number {
  const value = Number(field(answer, key))
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}

function items(answer: Answer, key: string): number {
  return field(answer, key).split(' ').filter(Boolean).length
}
