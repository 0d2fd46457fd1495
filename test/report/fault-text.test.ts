import { expect, it } from 'vitest'
import { fault } from '../../src/core/fault.ts'
import { formatFault, formatFaults, formatNotes } from '../../src/report/fault-text.ts'
import { unsafe } from './world.ts'

const style = { color: false }

it('shows the place with a caret, and what to do', () => {
  const place = { file: 'nginx.yml', line: 3, column: 5, excerpt: 'heatlh:\n    ^' }
  const found = fault('PLAYBOOK_VALUE', 'unknown key "heatlh"', { place, hint: 'did you mean "health"?' })
  expect(formatFault(found, style).join('\n')).toMatchInlineSnapshot(`
    "error PLAYBOOK_VALUE: unknown key "heatlh"
      at nginx.yml:3:5
        heatlh:
            ^
      hint: did you mean "health"?"
  `)
})

it('says the same fault on many hosts once', () => {
  const same = (host: string) =>
    fault('SSH_AUTH_FAILED', 'no key was accepted', { host, hint: 'check the user and its keys' })
  const hosts = Array.from({ length: 12 }, (_, index) => `web${index + 1}`)
  const faults = [...hosts.map(same), same('web1'), fault('HOST_LOCKED', 'held', { host: 'db1' })]
  expect(formatFaults(faults, style).join('\n')).toMatchInlineSnapshot(`
    "error SSH_AUTH_FAILED: no key was accepted
      on 12 hosts: web1, web2, web3, web4, web5, web6, web7, web8 and 4 more
      hint: check the user and its keys
    error HOST_LOCKED: db1: held"
  `)
})

it('says the remedy once below all that have the same', () => {
  const full = (host: string, what: string) =>
    fault('HOST_UNFIT', `not enough room: ${what}`, { host, hint: 'free some space' })
  const faults = [
    full('web1', '/ has 1 KiB'),
    fault('HOST_LOCKED', 'held', { host: 'db1' }),
    full('web2', '/var has 2 KiB'),
    full('web3', '/ has 1 KiB'),
  ]
  expect(formatFaults(faults, style).join('\n')).toMatchInlineSnapshot(`
    "error HOST_UNFIT: not enough room: / has 1 KiB
      on 2 hosts: web1, web3
    error HOST_UNFIT: web2: not enough room: /var has 2 KiB
      hint: free some space
    error HOST_LOCKED: db1: held"
  `)
})

it('shows every kind of fault where all are asked for', () => {
  const faults = Array.from({ length: 30 }, (_, n) =>
    fault('HOST_UNFIT', `reason ${n}`, { host: 'h1', hint: `remedy ${n}` }),
  )
  expect(formatFaults(faults, style, { most: Number.POSITIVE_INFINITY })).toHaveLength(60)
  expect(formatFaults(faults, style)).toHaveLength(41)
})

it('says a note once, escaped and bounded', () => {
  const notes = ['a', 'b', 'c'].map(host => ({ host, text: 'a stale file' }))
  const evil = { host: '\u001b[2J', text: `\u202e\n${'x'.repeat(5000)}` }
  const lines = formatNotes([...notes, evil], style)
  expect(lines[0]).toBe('note: a, b, c: a stale file')
  expect(lines.join('')).not.toMatch(unsafe)
  expect(lines).toHaveLength(2)
  expect(lines[1]?.length).toBeLessThan(600)
})

it('shows the lines of a stack, and a bound of them', () => {
  const lines = formatFault(
    fault('UNEXPECTED', Array.from({ length: 99 }, (_, n) => `at ${n}`).join('\n')),
    style,
  )
  expect(lines).toHaveLength(21)
  expect(lines.slice(0, 2)).toEqual(['error UNEXPECTED: at 0', '  at 1'])
  expect(lines.at(-1)).toBe('  [more lines left out]')
})

it('shows at most 20 different faults', () => {
  const faults = Array.from({ length: 300 }, (_, n) => fault('HOST_UNFIT', `reason ${n}`, { host: `h${n}` }))
  expect(formatFaults(faults, style)).toHaveLength(21)
  expect(formatFaults(faults, style).at(-1)).toBe('and 280 more')
})

it('escapes and bounds every part', () => {
  const evil = `\u001b]52;c;x\u0007\u202e\r${'x'.repeat(5000)}`
  const found = fault('HOST_UNFIT', evil, {
    host: evil,
    hint: evil,
    place: { file: evil, line: 1, column: 1, excerpt: `${evil}\n^` },
  })
  for (const text of [formatFault(found, style), formatFaults([found, { ...found, host: 'b' }], style)]) {
    expect(text.join('')).not.toMatch(unsafe)
    expect(Math.max(...text.map(line => line.length))).toBeLessThan(1000)
  }
})

it('keeps the caret under its column when the line is long', () => {
  const place = { file: 'a', line: 1, column: 3, excerpt: `ab${'c'.repeat(500)}\n  ^` }
  const lines = formatFault(fault('PLAYBOOK_VALUE', 'm', { place }), style)
  expect(lines[2]?.indexOf('c')).toBe(lines[3]?.indexOf('^'))
})
