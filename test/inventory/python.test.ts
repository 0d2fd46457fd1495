/** Words and literals against Python itself, which is what Ansible reads them with. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePythonLiteral } from '../../src/inventory/python-literal.ts'
import { splitWords } from '../../src/inventory/words.ts'

const hasPython = spawnSync('python3', ['-c', 'import ast, shlex']).status === 0

const literals: [string, unknown][] = [
  ['1', 1],
  ['+1', 1],
  ['-0', 0],
  ['1_000', 1000],
  ['0x1F', 31],
  ['0o17', 15],
  ['0b101', 5],
  ['00', 0],
  ['1.', 1],
  ['.5', 0.5],
  ['1e3', 1000],
  ['  1  # note', 1],
  ["'it''s'", 'its'],
  ['"a\\tb\\x41\\u00e9\\q"', 'a\tbAé\\q'],
  ["r'a\\n'", 'a\\n'],
  ['[]', []],
  ['[1, 2,]', [1, 2]],
  ['(1, 2)', [1, 2]],
  ['(1)', 1],
  ['(1,)', [1]],
  ['()', []],
  ['{1}', [1]],
  ["{'a': [None, True]}", { a: [null, true] }],
  ['{}', {}],
]
const texts = [
  '',
  'a',
  '0755',
  '1.2.3',
  '1__0',
  '[1',
  "'a",
  '{[1]: 2}',
  '{1: 2, 3}',
  '[,]',
  'true',
  'nan',
  "f'a'",
  '1 2',
]

test.each(literals)('%s is a literal', (text, value) => {
  expect(parsePythonLiteral(text)?.value).toEqual(value)
})

test.each(texts)('%j is text', text => {
  expect(parsePythonLiteral(text)).toBeUndefined()
})

test('an integer too large for JavaScript keeps its digits', () => {
  expect(parsePythonLiteral('123456789012345678901')?.value).toBe('123456789012345678901')
})

test('nesting is bounded and never slow', () => {
  const begin = performance.now()
  for (const open of ['[', '(', '{', '{1:', "{'a':[", '(1,']) {
    expect(parsePythonLiteral(open.repeat(20_000))).toBeUndefined()
  }
  expect(performance.now() - begin).toBeLessThan(10_000)
})

function askPython(program: string, inputs: readonly string[]): unknown[] {
  const result = spawnSync('python3', ['-c', program], { input: JSON.stringify(inputs), encoding: 'utf8' })
  if (result.status !== 0) throw new Error(result.stderr)
  return JSON.parse(result.stdout) as unknown[]
}

const evaluate = `
import ast, json, sys, warnings
warnings.simplefilter('ignore')
def plain(v):
    if isinstance(v, (list, tuple)): return [plain(x) for x in v]
    if isinstance(v, set): return ['set', sorted(json.dumps(plain(x)) for x in v)]
    if isinstance(v, dict): return {str(k): plain(x) for k, x in v.items()}
    return v
def read(t):
    try: v = ast.literal_eval(t)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError): return ['text']
    return ['value', plain(v)]
print(json.dumps([read(t) for t in json.load(sys.stdin)]))
`

const split = `
import json, shlex, sys
def read(t):
    try: return shlex.split(t, comments=True)
    except ValueError: return None
print(json.dumps([read(t) for t in json.load(sys.stdin)]))
`

describe.skipIf(!hasPython)('as Python reads it', () => {
  test('literals', () => {
    const atom = fc.constantFrom(
      '1',
      '-2',
      '0',
      '007',
      '1.5',
      "'a'",
      '"b c"',
      'None',
      'True',
      'x',
      '0x1f',
      '.5',
      "r'\\n'",
    )
    const mark = fc.constantFrom('[', ']', '(', ')', ',', ', ', ' ', ':', '#', '')
    const shapes = fc.array(fc.oneof(atom, mark), { maxLength: 7 }).map(parts => parts.join(''))
    const nested = fc.letrec<{ value: string }>(tie => ({
      value: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.array(tie('value'), { maxLength: 3 }).map(items => `[${items.join(', ')}]`),
        fc.array(tie('value'), { maxLength: 3 }).map(items => `(${items.join(', ')})`),
        fc
          .array(tie('value'), { maxLength: 3 })
          .map(items => `{${items.map((item, i) => `'k${i}': ${item}`).join(',')}}`),
      ),
    })).value
    const inputs = [
      ...fc.sample(shapes, { numRuns: 600, seed: 1 }),
      ...fc.sample(nested, { numRuns: 600, seed: 2 }),
    ]
    const answers = askPython(evaluate, inputs)
    const ours = inputs.map(text => {
      const literal = parsePythonLiteral(text)
      return literal ? ['value', literal.value] : ['text']
    })
    expect(inputs.map((text, i) => [text, ours[i]])).toEqual(inputs.map((text, i) => [text, answers[i]]))
  })

  test('words', () => {
    const piece = fc.constantFrom('a', 'b=', ' ', '\t', '"', "'", '\\', '#', ';', '=', '[1:2]', 'é')
    const inputs = fc.sample(
      fc.array(piece, { maxLength: 12 }).map(parts => parts.join('')),
      { numRuns: 2000, seed: 3 },
    )
    const ours = inputs.map(text => {
      const words = splitWords(text, { comments: true })
      return words.ok ? words.words.map(word => word.text) : null
    })
    const answers = askPython(split, inputs)
    expect(inputs.map((text, i) => [text, ours[i]])).toEqual(inputs.map((text, i) => [text, answers[i]]))
  })
})
