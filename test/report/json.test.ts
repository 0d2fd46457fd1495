import { expect, it } from 'vitest'
import { createJsonView } from '../../src/report/json.ts'
import { committedRun, hostileRun, unsafe } from './world.ts'

it('gives every entry back, one a line, the end last', () => {
  const lines: string[] = []
  const hear = createJsonView(text => lines.push(text))
  const entries = [...committedRun(), ...hostileRun()]
  for (const entry of entries) hear(entry)
  expect(lines.every(line => line.indexOf('\n') === line.length - 1)).toBe(true)
  expect(lines.map(line => JSON.parse(line))).toEqual(entries)
  expect(lines.join('')).not.toMatch(unsafe)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'run.finished', exit: 3, outcome: 'in-doubt' })
})

it('escapes what JSON itself leaves alone', () => {
  const lines: string[] = []
  const hear = createJsonView(text => lines.push(text))
  const [entry] = committedRun()
  if (!entry) throw new Error('no entry')
  const odd = { ...entry, run: '\u007f\u0085\u202e\u2028\u2066\ufeff\ud800 \u{1f600} ok' }
  hear(odd)
  expect(lines[0]).toContain('"\\u007f\\u0085\\u202e\\u2028\\u2066\\ufeff\\ud800 \u{1f600} ok"')
  expect(JSON.parse(lines[0] ?? '')).toEqual(odd)
})
