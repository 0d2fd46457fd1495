import { describe, expect, test } from 'vitest'
import { readFound, readInspection, readStand, versionsIn } from '../../src/driver/found.ts'
import type { Answer } from '../../src/host/frame.ts'

const versions = { oldSha: 'a'.repeat(64), newSha: 'b'.repeat(64) }
const known = new Map([
  [versions.oldSha, '1.22.1'],
  [versions.newSha, '1.26.3'],
])

const answer = (fields: Record<string, string>): Answer => ({
  status: 'ok',
  fields: new Map(Object.entries(fields).map(([key, value]) => [key, [value]])),
})

const serving = {
  pid: '41',
  runs: 'path',
  old_masters: '1',
  new_masters: '0',
  old_workers: '4',
  new_workers: '0',
}

describe('what was found at the end', () => {
  test.each<[string, Record<string, string>, object]>([
    [
      'back on old',
      { ...serving, sha: versions.oldSha },
      { version: '1.22.1', sha256: versions.oldSha, masters: 1 },
    ],
    [
      'committed',
      {
        ...serving,
        sha: versions.newSha,
        old_masters: '0',
        new_masters: '1',
        old_workers: '0',
        new_workers: '4',
      },
      { version: '1.26.3', sha256: versions.newSha, masters: 1, workers: 4 },
    ],
    [
      'a third file at the path has no version that is known',
      { ...serving, sha: 'c'.repeat(64), runs: 'other' },
      { version: '', sha256: 'c'.repeat(64), runsPath: false },
    ],
    [
      'two masters and draining workers',
      { ...serving, new_masters: '1', new_workers: '4', draining: '3', sha: versions.oldSha },
      { masters: 2, workers: 8, draining: 3 },
    ],
    [
      'nothing said',
      {},
      { version: '', sha256: '', pid: 0, workers: 0, masters: 0, draining: 0, runsPath: false },
    ],
    [
      'numbers that are none',
      { ...serving, pid: '1e999', old_workers: '-3', new_workers: '0x10', draining: 'many' },
      { pid: 0, workers: 16, draining: 0 },
    ],
  ])('%s', (_, fields, found) => {
    expect(readFound(answer(fields), known)).toMatchObject(found)
  })
})

describe('what was found before', () => {
  const last = {
    last_run: 'r1',
    last_state: 'precommitted',
    last_stand: 'decided',
    last_epoch: '3',
    last_old_sha: versions.oldSha,
    last_new_sha: versions.newSha,
  }
  const hello = { ...serving, sha: versions.oldSha, path: '/usr/sbin/nginx', exchange: 'perl' }

  test.each<[string, Record<string, string>, object]>([
    [
      'to be upgraded',
      hello,
      { current: false, lock: null, last: null, path: '/usr/sbin/nginx', exchange: 'perl' },
    ],
    ['current', { ...hello, sha: versions.newSha }, { current: true }],
    ['new on disk, but not what runs', { ...hello, sha: versions.newSha, runs: 'other' }, { current: false }],
    [
      'locked',
      {
        ...hello,
        lock_owner: 'anna from build-1',
        lock_run: 'r1',
        lock_lives: 'yes',
        lease_left: '250',
        last_run: 'r1',
        last_state: 'switched',
      },
      {
        lock: { run: 'r1', owner: 'anna from build-1', isAlive: true, leaseMs: 2500, state: 'switched' },
      },
    ],
    [
      'a last run that has the lock, from before there were epochs',
      { ...hello, ...last, last_epoch: '', lock_run: 'r1', lock_owner: 'anna' },
      { last: { run: 'r1', state: 'decided', epoch: 1, isLocked: true } },
    ],
    [
      'a last run without the lock, which another one has',
      { ...hello, ...last, lock_run: 'r2', lock_owner: 'ben' },
      {
        last: {
          run: 'r1',
          state: 'decided',
          epoch: 3,
          oldSha: versions.oldSha,
          newSha: versions.newSha,
          isLocked: false,
        },
      },
    ],
  ])('%s', (_, fields, found) => {
    expect(readInspection(answer(fields), versions.newSha)).toMatchObject(found)
  })
})

describe('versions a host knows', () => {
  const said = {
    sha: versions.newSha,
    version: '1.26.3',
    last_old_sha: versions.oldSha,
    last_old_version: '1.22.1',
    last_new_sha: versions.newSha,
    last_new_version: '1.26.3',
  }

  test('what is at the path, and both of the last run', () => {
    expect(new Map(versionsIn(answer(said)))).toEqual(known)
  })

  test('nothing is known of a file without a version', () => {
    expect(versionsIn(answer({ ...said, last_old_version: '', version: '' }))).toEqual([
      [versions.newSha, '1.26.3'],
    ])
    expect(versionsIn(answer({}))).toEqual([])
  })
})

test.each([
  ['none', 'none'],
  ['precommitted', 'precommitted'],
  ['', undefined],
  ['constructor', undefined],
])('where a run stands: "%s"', (stand, read) => {
  expect(readStand(answer({ stand }))).toBe(read)
})
