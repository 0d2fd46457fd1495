import { expect, it } from 'vitest'
import type { Recorded } from '../../src/cli/recorded-hosts.ts'
import { type LookedAt, playOnRecord } from '../../src/cli/recorded-play.ts'
import type { Resolved } from '../../src/cli/resolve.ts'
import { fault } from '../../src/core/fault.ts'
import { faultsFrom } from '../plan/world.ts'

/** A play whose artifact has this checksum, and what one host has recorded: run, state, checksum. */
function play(sha256: string, ...records: [run: string, state: string, sha: string][]): LookedAt {
  const all = records.map(([run, state, newSha], index): Recorded => {
    const last = { run, state, epoch: 1, oldSha: 'old', newSha, isLocked: false }
    return { host: `h${index}`, last, inspection: undefined }
  })
  return { resolved: { plan: { artifact: { sha256 } } } as unknown as Resolved, all }
}

const silent: LookedAt = {
  ...play('x'),
  all: [{ host: 'h', last: null, inspection: undefined, fault: fault('SSH_UNREACHABLE', 'gone') }],
}

it.each([
  ['the only one, whatever it has', [play('a')], undefined, 0],
  [
    'the one with an unfinished run',
    [play('a', ['r1', 'committed', 'a']), play('b', ['r2', 'switched', 'b'])],
    undefined,
    1,
  ],
  [
    'of two on the same hosts the one whose artifact is there',
    [play('a', ['r1', 'switched', 'b']), play('b', ['r1', 'switched', 'b'])],
    undefined,
    1,
  ],
  [
    'the one with the run that is named',
    [play('a', ['r1', 'switched', 'a']), play('b', ['r2', 'switched', 'b'])],
    'r2',
    1,
  ],
  [
    'one with a host that does not answer, where none has a run',
    [play('a', ['r1', 'committed', 'a']), silent],
    undefined,
    1,
  ],
  ['the first where there is nothing', [play('a'), play('b')], 'r9', 0],
] as const)('%s', (_, plays, wanted, index) => {
  expect(playOnRecord(plays as unknown as [LookedAt], wanted)).toBe(plays[index])
})

it('does not choose between two', () => {
  const plays = [play('a', ['r1', 'switched', 'a']), play('b', ['r2', 'switched', 'b'])] as const
  expect(faultsFrom(() => playOnRecord([...plays], undefined))).toMatchObject([{ code: 'RUN_AMBIGUOUS' }])
})
