import { describe, expect, it } from 'vitest'
import { parseExtraVars } from '../../src/playbook/extra-vars.ts'
import { faultsFrom, write } from './world.ts'

describe('what is understood', () => {
  it.each([
    [[], {}],
    [['a=1'], { a: '1' }],
    [['a=1 b=two'], { a: '1', b: 'two' }],
    [['a=1', 'b=2', 'a=3'], { a: '3', b: '2' }],
    [['a='], { a: '' }],
    [['a=b=c'], { a: 'b=c' }],
    [[`a='x y' b="p 'q'"`], { a: 'x y', b: `p 'q'` }],
    [['a=x\\ y'], { a: 'x y' }],
    [[`a='it'\\''s'`], { a: `it's` }],
    [['version=1.10 mode=0755 on=true'], { version: '1.10', mode: '0755', on: 'true' }],
    [['{"a": 1, "b": [true, null], "c": {"d": "1.10"}}'], { a: 1, b: [true, null], c: { d: '1.10' } }],
    [['{a: 1, b: two}'], { a: 1, b: 'two' }],
    [['{"a": 1}', 'a=2'], { a: '2' }],
    [['a="{{ b }}"'], { a: '{{ b }}' }],
  ])('%j -> %j', (args, expected) => {
    expect({ ...parseExtraVars(args) }).toEqual(expected)
  })

  it.each([
    ['vars.yml', 'a: 1\nb:\n  c: "1.10"\n', { a: 1, b: { c: '1.10' } }],
    ['vars.json', '{"a": [1, 2]}', { a: [1, 2] }],
    ['empty.yml', '# nothing\n', {}],
  ])('@%s', (name, text, expected) => {
    expect({ ...parseExtraVars([`@${write(text, name)}`]) }).toEqual(expected)
  })
})

describe('what is refused', () => {
  it('a file of Ansible Vault, by name', () => {
    const file = write('$ANSIBLE_VAULT;1.1;AES256\n31366\n', 'vault.yml')
    expect(faultsFrom(() => parseExtraVars([`@${file}`]))).toMatchObject([
      { code: 'PLAYBOOK_NOT_BUILT', message: expect.stringContaining('encrypted'), place: { file } },
    ])
  })

  it.each([
    ['', 'PLAYBOOK_EXTRA_VARS', '-e is empty'],
    ['version', 'PLAYBOOK_EXTRA_VARS', '"version" is not name=value'],
    ['=1', 'PLAYBOOK_EXTRA_VARS', '"=1" is not name=value'],
    ['my-var=1', 'PLAYBOOK_EXTRA_VARS', '"my-var" is not a name a template could use'],
    [
      'inventory_hostname=a',
      'PLAYBOOK_EXTRA_VARS',
      '"inventory_hostname" is always the host\'s name in the inventory',
    ],
    ["a='b", 'PLAYBOOK_EXTRA_VARS', 'a quote (\') is never closed in "a=\'b"'],
    ['[1]', 'PLAYBOOK_EXTRA_VARS', 'the value of -e must hold a mapping of names to values'],
    ['{"a": 1.10}', 'PLAYBOOK_UNQUOTED_NUMBER', 'a: YAML reads 1.10 as the number 1.1'],
    ['{"a": ', 'YAML_SYNTAX', undefined],
    ['{"__proto__": {"a": 1}}', 'YAML_UNSAFE', 'the key "__proto__" is not allowed'],
    ['__proto__=1', undefined, undefined],
    [
      '@/nowhere/vars.yml',
      'FILE_UNREADABLE',
      'cannot read /nowhere/vars.yml: there is no such file (ENOENT)',
    ],
  ])('%s', (arg, code, message) => {
    const faults = faultsFrom(() => parseExtraVars([arg]))
    expect(faults[0]?.code).toBe(code)
    if (message) expect(faults[0]?.message).toBe(message)
  })

  it('reports every argument that is wrong', () => {
    expect(faultsFrom(() => parseExtraVars(['a', 'b=1', 'c'])).map(one => one.message)).toEqual([
      '"a" is not name=value',
      '"c" is not name=value',
    ])
  })

  it('keeps a name like __proto__ an ordinary one', () => {
    const vars = parseExtraVars(['__proto__=1'])
    expect(Object.getPrototypeOf(vars)).toBeNull()
    expect(Object.keys(vars)).toEqual(['__proto__'])
  })
})
