/** Which run the hosts' own records say has to be led to its end. */
import { expect, test } from 'vitest'
import { oneUnfinished } from '../../src/cli/recorded-runs.ts'

const hosts = (...parts: readonly (string | null)[]) =>
  parts.map((part, index) => {
    const [run = '', state = '', lock] = part?.split(' ') ?? []
    const shas = { oldSha: 'a'.repeat(64), newSha: 'b'.repeat(64) }
    return {
      host: `h${index}`,
      last: part === null ? null : { run, state, epoch: 1, isLocked: lock === 'locked', ...shas },
    }
  })

test.each([
  ['no records', hosts(null, null), undefined],
  ['committed everywhere', hosts('r1 committed', 'r1 committed'), undefined],
  ['gone back everywhere', hosts('r1 reverted', 'r1 reverted', null), undefined],
  ['ended runs of several playbooks', hosts('r1 committed', 'r2 reverted'), undefined],
  ['switched somewhere', hosts('r1 switched', 'r1 prepared', null), 'r1'],
  [
    'committed here, gone back there: somebody has not heard of the decision',
    hosts('r1 committed', 'r1 reverted'),
    'r1',
  ],
  ['ended everywhere, but a lock is left', hosts('r1 reverted locked', 'r1 reverted'), 'r1'],
  ['one that goes on beside one that has ended', hosts('r1 committed', 'r2 decided'), 'r2'],
])('%s', (_, records, run) => {
  expect(oneUnfinished(records, undefined)).toBe(run)
})

test('several unfinished ones: one has to be named, by its start if that is enough', () => {
  const records = hosts('r10 switched', 'r20 prepared', 'r21 committed')
  expect(() => oneUnfinished(records, undefined)).toThrow(
    'RUN_AMBIGUOUS: the hosts have 2 unfinished runs: r10, r20',
  )
  expect(oneUnfinished(records, 'r1')).toBe('r10')
  expect(oneUnfinished(records, 'r21')).toBeUndefined()
  expect(() => oneUnfinished(records, 'r2')).toThrow('RUN_NOT_FOUND')
  expect(() => oneUnfinished(records, 'r3')).toThrow('RUN_NOT_FOUND')
})
