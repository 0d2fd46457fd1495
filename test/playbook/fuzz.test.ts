/** Whatever a playbook has become, loading it ends in plays or in faults, and soon. HANDOVER_FUZZ=1000000 for a night. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HandoverError } from '../../src/core/fault.ts'
import { playsIn } from '../../src/playbook/load.ts'
import { blocksOf, readPage, root } from '../docs/pages.ts'
import { badFiles } from './bad-files.ts'
import { minimal } from './world.ts'

const runs = Number(process.env.HANDOVER_FUZZ ?? 400)
const shipped = readdirSync(join(root, 'playbooks')).map(name =>
  readFileSync(join(root, 'playbooks', name), 'utf8'),
)
const seeds = [
  minimal,
  ...shipped,
  ...blocksOf(readPage('playbook.md')).map(({ text }) => text),
  ...badFiles.map(({ text }) => text.toString('utf8')).filter(text => text.length < 2000),
]

/** What mistakes are made of. */
const splinters = [
  ...[
    '{{',
    '}}',
    '{%',
    '{{ a }}',
    '{{ a | default(b) }}',
    ': ',
    ':',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '&a ',
    '*a',
  ],
  ...[
    '!t ',
    '!!int ',
    '[',
    ']',
    '{',
    '}',
    '#',
    '---\n',
    '...\n',
    '? ',
    '<<: *a',
    '|',
    '>',
    '%YAML 1.1\n',
    '\r',
    '\0',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    '~',
    'yes',
    '0755',
    '1.10',
    '.inf',
    '-1',
    '1e999',
    '99999999999999999999',
  ],
  ...[
    '\u00a0',
    '\u2028',
    '“',
    '\ud800',
    '😀',
    '25%',
    'rest',
    '30s',
    '/',
    'x-a: ',
    'health:',
    'stages:',
    'secrets:',
  ],
]

type Change = readonly [
  kind: 'insert' | 'cut' | 'copy' | 'swap',
  at: number,
  length: number,
  splinter: string,
]

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.constantFrom('insert', 'cut', 'copy', 'swap'),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 1, max: 60 }),
  fc.oneof(fc.constantFrom(...splinters), fc.string({ unit: 'binary', maxLength: 4 })),
)

function changed(text: string, [kind, share, length, splinter]: Change): string {
  const at = Math.floor(share * text.length)
  const piece = text.slice(at, at + length)
  if (kind === 'insert') return text.slice(0, at) + splinter + text.slice(at)
  if (kind === 'cut') return text.slice(0, at) + text.slice(at + length)
  if (kind === 'copy') return text.slice(0, at) + piece + splinter + piece + text.slice(at + length)
  return text.slice(0, at) + splinter + text.slice(at + length)
}

it(`${runs} mutated playbooks end in plays or faults, each within a second`, () => {
  const playbook = fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([seed, changes]) => changes.reduce(changed, seed))
  fc.assert(
    fc.property(playbook, text => {
      const before = process.cpuUsage()
      try {
        playsIn('playbook.yml', text, { extraVars: {} })
      } catch (error) {
        // Anything else is a crash.
        if (!(error instanceof HandoverError)) throw error
        expect(error.faults.length).toBeGreaterThan(0)
        for (const { code, place } of error.faults) {
          expect(code).toMatch(/^(PLAYBOOK|YAML|FILE)_/)
          expect(place?.line ?? 1).toBeGreaterThan(0)
          expect(place?.line ?? 1).toBeLessThanOrEqual(text.split('\n').length)
        }
      }
      // Of the processor: on a machine that does other work as well, a pause is no fault of the text.
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000).toBeLessThan(1000)
    }),
    { numRuns: runs },
  )
}, 0)
