import { expect, it } from 'vitest'
import { chooseView } from '../../src/report/choose.ts'
import { formatTable } from '../../src/report/table.ts'
import { cutToWidth, displayWidth, padToWidth } from '../../src/report/width.ts'

it('counts columns, not characters', () => {
  expect(displayWidth('h01')).toBe(3)
  expect(displayWidth('東京')).toBe(4)
  expect(displayWidth('e\u0301')).toBe(1)
  expect(displayWidth('\u{1f600}')).toBe(2)
  expect(padToWidth('東', 4)).toBe('東  ')
  expect(cutToWidth('東京都東京都東京都', 9)).toBe('東京都...')
  expect(cutToWidth('abcdefgh', 8)).toBe('abcdefgh')
  expect(cutToWidth('abcdefghi', 3)).toBe('abc')
})

it.each([20, 40, 80, 120])('keeps a table within %i columns', width => {
  const rows = [
    ['a'.repeat(30), { text: '東'.repeat(20), tone: 'bad' as const }, 'x'.repeat(500)],
    ['b', 'c', ''],
  ]
  for (const line of formatTable(['host', 'outcome', 'note'], rows, { width, color: false })) {
    expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(width, 3 * 8 + 4))
    expect(line).toBe(line.trimEnd())
  }
})

it('aligns columns', () => {
  const lines = formatTable(
    ['host', 'end'],
    [
      ['東', 'x'],
      ['abcdef', 'y'],
    ],
    { width: 80, color: false },
  )
  expect(lines).toEqual(['host    end', '東      x', 'abcdef  y'])
})

it.each([
  [{ output: 'auto', isTty: true, term: 'xterm-256color' }, 'live'],
  [{ output: 'auto', isTty: true, term: 'dumb' }, 'plain'],
  [{ output: 'auto', isTty: true }, 'plain'],
  [{ output: 'auto', isTty: false, term: 'xterm' }, 'plain'],
  [{ output: 'auto', isTty: true, term: 'xterm', ci: 'true' }, 'plain'],
  [{ output: 'live', isTty: true, term: 'xterm', ci: 'true' }, 'live'],
  [{ output: 'live', isTty: false, term: 'xterm' }, 'plain'],
  [{ output: 'live', isTty: true, term: 'dumb' }, 'plain'],
  [{ output: 'plain', isTty: true, term: 'xterm' }, 'plain'],
  [{ output: 'json', isTty: true, term: 'xterm' }, 'json'],
] as const)('chooses for %o the view %s', (surroundings, view) => {
  expect(chooseView(surroundings)).toBe(view)
})
