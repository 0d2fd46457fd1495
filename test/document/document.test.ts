import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Fault, HandoverError } from '../../src/core/fault.ts'
import {
  type DocumentPath,
  nodeAt,
  parseDocument,
  placeOf,
  readDocument,
} from '../../src/document/document.ts'
import { placeOn } from '../../src/document/place.ts'
import { readText } from '../../src/document/text-file.ts'

function faultsIn(call: () => unknown): readonly Fault[] {
  try {
    call()
  } catch (error) {
    if (error instanceof HandoverError) return error.faults
    throw error
  }
  return []
}

function brief(text: string): string[] {
  return faultsIn(() => parseDocument('f.yml', text)).map(
    ({ code, message, place }) => `${code} ${place?.line}:${place?.column} ${message}`,
  )
}

const text = 'name: x\nstages:\n  - { name: canary, hosts: 1 }\n  - name: rest\n    bake: 5m # note\n'

describe('places', () => {
  test.each([
    [['name'], 'value', '1:7'],
    [['name'], 'key', '1:1'],
    [['stages'], 'key', '2:1'],
    [['stages', 0, 'hosts'], 'value', '3:28'],
    [['stages', 0, 'hosts'], 'key', '3:21'],
    [['stages', 1], 'value', '4:5'],
    [['stages', 1, 'bake'], 'value', '5:11'],
    [['stages', 1, 'nowhere', 'deeper'], 'value', '4:5'],
    [['stages', 7], 'value', '3:3'],
    [['nowhere'], 'value', '1:1'],
    [[], 'value', '1:1'],
  ] as [DocumentPath, 'value' | 'key', string][])('%j %s', (path, part, expected) => {
    for (const source of [text, text.replaceAll('\n', '\r\n')]) {
      const { line, column } = placeOf(parseDocument('f.yml', source), path, part)
      expect(`${line}:${column}`).toBe(expected)
    }
  })

  test('the excerpt is the line with a caret under it', () => {
    expect(placeOf(parseDocument('f.yml', text), ['stages', 1, 'bake']).excerpt).toBe(
      '    bake: 5m # note\n          ^',
    )
    expect(placeOf(parseDocument('f.yml', 'a: x\r\n'), ['a'])).toEqual({
      file: 'f.yml',
      line: 1,
      column: 4,
      excerpt: 'a: x\n   ^',
    })
  })

  test('a key without value points at the key', () => {
    expect(placeOf(parseDocument('f.yml', 'a:\n  b:\nc: 1\n'), ['a', 'b']).line).toBe(2)
  })

  test('nodes are found by keys that are numbers, and not through aliases', () => {
    const document = parseDocument('f.yml', 'a: &x { 1: one }\nb: *x\n')
    expect(nodeAt(document, ['a', 1]).node?.toString()).toBe('one')
    expect(placeOf(document, ['b', '1']).line).toBe(2)
  })

  test('a caret stays under its column: tabs, controls, wide lines', () => {
    expect(placeOn('f', 'a\tb', 1, 3).excerpt).toBe('a b\n  ^')
    const wide = placeOn('f', `${'x'.repeat(300)}Y${'z'.repeat(300)}`, 1, 301).excerpt?.split('\n')
    expect(wide?.[0]).toHaveLength(100)
    expect(wide?.[0]?.charAt(wide[1]?.indexOf('^') ?? -1)).toBe('Y')
    expect(placeOn('f', '\x1b[31mred', 1, 1).excerpt).toBe('\\x1b[31mred\n^')
    const hostile = placeOn('f', '\x1b[31mred', 1, 6).excerpt?.split('\n')
    expect(hostile?.[0]?.charAt(hostile[1]?.indexOf('^') ?? -1)).toBe('r')
    expect(placeOn('f', 'a\n\nb', 2, 1)).toEqual({ file: 'f', line: 2, column: 1 })
    expect(placeOn('f', 'a', 9, 9)).toEqual({ file: 'f', line: 9, column: 9 })
  })
})

describe('what is read', () => {
  test('plain data without prototypes', () => {
    const { data } = parseDocument(
      'f.yml',
      'a: { toString: 1, hasOwnProperty: 2 }\nb: [yes, 1.10, 0755, null]\n',
    )
    const { a, b } = data as { a: object; b: unknown[] }
    expect(Object.getPrototypeOf(data)).toBeNull()
    expect(Object.getPrototypeOf(a)).toBeNull()
    expect(Object.keys(a)).toEqual(['toString', 'hasOwnProperty'])
    expect(b).toEqual(['yes', 1.1, 755, null])
  })
  test.each(['', '\n', '# nothing\n', '---\n', '---\n...\n', '   \r\n'])('empty: %j', empty => {
    expect(parseDocument('f.yml', empty).data).toBeNull()
  })
  test('an end marker is not a second document', () => {
    expect(parseDocument('f.yml', '---\na: 1\n...\n').data).toEqual({ a: 1 })
  })
  test('anchors', () => {
    expect(parseDocument('f.yml', 'a: &x [1]\nb: *x\n').data).toEqual({ a: [1], b: [1] })
  })
})

describe('what is refused', () => {
  test.each([
    ['a: 1\na: 2\n', ['YAML_SYNTAX 2:1 the key "a" stands here a second time, first in line 1']],
    [
      'a:\n  # note\n  b: 1\n\n  # note\n  b: 2\n',
      ['YAML_SYNTAX 6:3 the key "b" stands here a second time, first in line 3'],
    ],
    ['1: a\n"1": b\n', ['YAML_SYNTAX 2:1 the key "1" stands here a second time, first in line 1']],
    ['{ a: 1, a: 2 }', [/^YAML_SYNTAX 1:9 the key "a" stands/]],
    ['a: 1\r\na: 2\r\n', [/^YAML_SYNTAX 2:1 the key "a" stands/]],
    ['a: 1\rb: 2\r', ['YAML_SYNTAX 1:5 a carriage return without a line feed']],
    ['? [a]\n: 1\n', [/^YAML_SYNTAX 1:3 a key must be a text/]],
    [': 1\n', [/^YAML_SYNTAX 1:1 a key must be a text/]],
    ['a: {{ b }}\n', ['YAML_SYNTAX 1:4 "{{" begins a YAML mapping here, not a template']],
    ['a: {{ b }}/c\n', [/^YAML_SYNTAX 1:\d+ "{{" begins/]],
    ['a: [{{ b }}, c]\n', [/^YAML_SYNTAX 1:5 "{{" begins/]],
    ['a:\n\tb: 1\n', [/^YAML_SYNTAX 2:/]],
    ['a: [1\n', [/^YAML_SYNTAX/]],
    ['a: "b\n', [/^YAML_SYNTAX/]],
    ['a: *nowhere\n', ['YAML_SYNTAX 1:4 nothing before this is anchored as &nowhere']],
    ['a: *x\nb: &x 1\n', [/^YAML_SYNTAX 1:4/]],
    ['a: 1\n---\nb: 2\n', [/^YAML_SYNTAX [23]:1 one document a file/]],
    ['__proto__: 1\n', ['YAML_UNSAFE 1:1 the key "__proto__" is not allowed']],
    ['a:\n  - { constructor: { prototype: 1 } }\n', [/^YAML_UNSAFE 2:7/, /^YAML_UNSAFE 2:22/]],
    ['"__proto__": 1\n', [/^YAML_UNSAFE 1:1/]],
    ['a: &a [*a]\n', ['YAML_UNSAFE 1:8 *a stands inside of what it means']],
  ] as [string, (string | RegExp)[]][])('%j', (source, expected) => {
    expect(brief(source)).toEqual(
      expected.map(one => (typeof one === 'string' ? one : expect.stringMatching(one))),
    )
  })

  test('all syntax errors are reported', () => {
    expect(brief('a: 1\na: 2\nb: 1\nb: 2\n')).toHaveLength(2)
  })

  test('an alias bomb', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
    for (let n = 1; n < 12; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(',')}]`,
      )
    const begin = performance.now()
    expect(brief(lines.join('\n'))).toEqual([expect.stringMatching(/^YAML_UNSAFE .*alias/)])
    expect(performance.now() - begin).toBeLessThan(10_000)
  })

  test.each(['[', '{a: ', '- ', '? '])('deep nesting of %j', open => {
    const begin = performance.now()
    const faults = brief(open.repeat(5000))
    expect(faults.length).toBeGreaterThan(0)
    expect(faults[0]).toMatch(/^YAML_(?:UNSAFE|SYNTAX) /)
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
  test('well-formed deep nesting', () => {
    expect(brief(`${'['.repeat(200)}${']'.repeat(200)}`)).toEqual([
      expect.stringMatching(/^YAML_UNSAFE 1:\d+ nested deeper/),
    ])
    expect(brief(`${'['.repeat(60)}${']'.repeat(60)}`)).toEqual([])
  })
})

describe('files', () => {
  function fileWith(content: string | Buffer): string {
    const directory = mkdtempSync(join(tmpdir(), 'handover-document-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'f.yml')
    writeFileSync(file, content)
    return file
  }
  test('a byte order mark', () => {
    const document = readDocument(fileWith('\ufeffa: 1\n'))
    expect(document.data).toEqual({ a: 1 })
    expect(placeOf(document, ['a'], 'key').column).toBe(1)
  })
  test.each([
    [Buffer.from('a: b\0c\n'), '1:5 a NUL, which no text has'],
    [Buffer.from([0x61, 0x3a, 0x0a, 0x62, 0xff, 0x0a]), '2:2 this character is not encoded as UTF-8'],
    [Buffer.from('\ufeffa: 1\n', 'utf16le'), /is encoded as UTF-16$/],
    [Buffer.from('a: \ud83d\ude00 \ufffd\n'), undefined],
  ])('%s', (content, expected) => {
    const [first] = faultsIn(() => readDocument(fileWith(content)))
    const { line, column } = first?.place ?? {}
    const told = first && `${line === undefined ? '' : `${line}:${column} `}${first.message}`
    if (expected instanceof RegExp) expect(told).toMatch(expected)
    else expect(told).toBe(expected)
    if (first) expect(first).toMatchObject({ code: 'FILE_NOT_TEXT', hint: expect.any(String) })
  })
  test('two MiB are refused, one is not', () => {
    const file = fileWith(`a: ${'x'.repeat(2 * 1024 * 1024)}`)
    expect(faultsIn(() => readDocument(file))).toMatchObject([{ code: 'FILE_TOO_LARGE', place: { file } }])
    expect(readText(fileWith('x'.repeat(1024 * 1024)))).toHaveLength(1024 * 1024)
  })
  test.each([
    ['/nowhere/f.yml', 'FILE_UNREADABLE'],
    [tmpdir(), 'FILE_UNREADABLE'],
    ['a\0b', 'FILE_UNREADABLE'],
    ['', 'FILE_UNREADABLE'],
  ])('%j', (file, code) => {
    expect(faultsIn(() => readDocument(file))[0]?.code).toBe(code)
  })
  test('a device that never ends', () => {
    expect(faultsIn(() => readText('/dev/zero'))[0]?.code).toBe('FILE_TOO_LARGE')
  })
  test.skipIf(process.getuid?.() === 0)('no permission', () => {
    const file = fileWith('a: 1')
    chmodSync(file, 0)
    expect(faultsIn(() => readDocument(file))[0]?.code).toBe('FILE_UNREADABLE')
  })
  test('binary files end in faults or data', () => {
    const file = fileWith(Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919) & 255)))
    expect(faultsIn(() => readDocument(file)).map(fault => fault.code)).toEqual(['FILE_NOT_TEXT'])
  })
})

test('whatever the text, only faults are thrown, with places inside it', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a: ',
      '- ',
      '\n',
      '  ',
      '\t',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      '!t ',
      '|',
      '>',
      '"',
      "'",
      '#',
      '---',
      '...',
      '? ',
      ': ',
      '<<: ',
      '%YAML 1.1',
      '\r',
      '__proto__',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }).map(pieces => pieces.join('')),
      source => {
        for (const fault of faultsIn(() => parseDocument('f.yml', source))) {
          expect(fault.code).toMatch(/^YAML_/)
          expect(fault.place?.line).toBeLessThanOrEqual(source.split('\n').length)
          expect(fault.place?.column).toBeGreaterThan(0)
        }
      },
    ),
    { numRuns: 1500 },
  )
})
