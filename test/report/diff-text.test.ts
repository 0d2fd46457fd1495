import { expect, it } from 'vitest'
import { fault } from '../../src/core/fault.ts'
import { type Comparison, formatDiff } from '../../src/report/diff-text.ts'

const older = { version: '1.22.1', sha256: 'a'.repeat(64) }
const newer = { version: '1.26.3', sha256: 'b'.repeat(64) }

function row(host: string, more: Partial<Comparison> = {}): Comparison {
  const same = { runs: older, onDisk: older, wanted: newer, faults: [], notes: [] }
  return { host, stage: 'rest', state: 'change', ...same, ...more }
}

const style = { color: false, width: 100 }

it('shows host by host what runs and what would run, and why one could not be changed', () => {
  const rows = [
    row('web1', { stage: 'canary', state: 'current', runs: newer, onDisk: newer }),
    row('web2'),
    row('web3', { onDisk: { version: '', sha256: 'c'.repeat(64) }, notes: ['mind the gap'] }),
    row('web4', {
      state: 'unfit',
      faults: [fault('HOST_UNFIT', 'it is ill', { host: 'web4', hint: 'heal it' })],
    }),
    row('web5', {
      state: 'unreachable',
      runs: null,
      onDisk: null,
      faults: [fault('SSH_UNREACHABLE', 'refused', { host: 'web5' })],
    }),
  ]
  expect(formatDiff(rows, style).join('\n')).toMatchInlineSnapshot(`
    "host  stage   state          change
    web1  canary  already there  1.26.3 (bbbbbbbbbbbb)
    web2  rest    would change   1.22.1 (aaaaaaaaaaaa) -> 1.26.3 (bbbbbbbbbbbb)
    web3  rest    would change   1.22.1 (aaaaaaaaaaaa), on disk ? (cccccccccccc) -> 1.26.3 (bbbbbbbbb...
    web4  rest    unfit          1.22.1 (aaaaaaaaaaaa) -> 1.26.3 (bbbbbbbbbbbb)
    web5  rest    unreachable

    error HOST_UNFIT: web4: it is ill
      hint: heal it
    error SSH_UNREACHABLE: web5: refused

    note: web3: mind the gap

    5 hosts: 2 would change, 1 already there, 1 unfit, 1 unreachable"
  `)
})

it('shows many in groups of equals, and each where all are asked for', () => {
  const rows = Array.from({ length: 60 }, (_, index) =>
    row(`web${index + 1}`, {
      stage: index === 0 ? 'canary' : 'rest',
      ...(index === 30 ? { runs: newer, state: 'current' as const } : {}),
    }),
  )
  expect(formatDiff(rows, style).join('\n')).toMatchInlineSnapshot(`
    "hosts  stage   state          change                                                which
    1      canary  would change   1.22.1 (aaaaaaaaaaaa) -> 1.26.3 (bbbbbbbbbbbb)        web1
    58     rest    would change   1.22.1 (aaaaaaaaaaaa) -> 1.26.3 (bbbbbbbbbbbb)        web[2:30], we...
    1      rest    already there  1.26.3 (bbbbbbbbbbbb), on disk 1.22.1 (aaaaaaaaaaaa)  web31

    60 hosts: 59 would change, 1 already there"
  `)
  expect(formatDiff(rows, style, { all: true })).toHaveLength(63)
})

it('prints no version of a host raw', () => {
  const text = formatDiff([row('web1', { runs: { version: '1\u001b[2J', sha256: '\u0007' } })], style).join(
    '\n',
  )
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/)
})
