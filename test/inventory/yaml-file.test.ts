import { describe, expect, test } from 'vitest'
import { hostsOfGroup } from '../../src/inventory/hierarchy.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import { brief, faultsOfCall, loadYaml } from './files.ts'

const example = `all:
  hosts:
    mail.example.com:
  vars:
    zone: none
  children:
    web:
      hosts:
        web[01:02]:2222:
          ansible_user: deploy
      vars: { port_list: [80, 443] }
    db:
      hosts: db1
    europe:
      children:
        web:
        db:
      vars:
        zone: eu
`

test('groups, hosts, ranges and vars', () => {
  const inventory = loadYaml(example)
  expect([...inventory.hosts.keys()]).toEqual(['mail.example.com', 'web01', 'web02', 'db1'])
  expect(hostsOfGroup(inventory, 'europe')).toEqual(['web01', 'web02', 'db1'])
  expect(hostsOfGroup(inventory, 'ungrouped')).toEqual(['mail.example.com'])
  expect(hostVars(inventory, 'web02')).toMatchObject({
    ansible_port: 2222,
    ansible_user: 'deploy',
    zone: 'eu',
    port_list: [80, 443],
    group_names: ['europe', 'web'],
  })
  expect(hostVars(inventory, 'mail.example.com')).toMatchObject({ zone: 'none', group_names: ['ungrouped'] })
})

test('groups may stand beside all', () => {
  const inventory = loadYaml('web:\n  hosts:\n    a:\ndb:\n  hosts:\n    b:\n')
  expect(hostsOfGroup(inventory, 'all')).toEqual(['a', 'b'])
})

describe('words without quotes mean what YAML 1.1 says, as in Ansible', () => {
  test.each([
    ['yes', true],
    ['Off', false],
    ['y', 'y'],
    ['0644', 420],
    ['0o644', '0o644'],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['12:30', 750],
    ['-1:30', -90],
    ['1.10', 1.1],
    ['1e3', '1e3'],
    ['1.0e+3', 1000],
    ['.inf', '.inf'],
    ['1.26.3', '1.26.3'],
    ['2024-01-02', '2024-01-02'],
    ['~', null],
    ['', null],
    ['"yes"', 'yes'],
    ["'0644'", '0644'],
    ['!!str 5', '5'],
    ['[yes, 010]', [true, 8]],
    ['{ on: off }', { true: false }],
    ['"{{ other }}"', '{{ other }}'],
    ['12345678901234567890', '12345678901234567890'],
  ])('%s', (written, expected) => {
    const inventory = loadYaml(`all:\n  hosts:\n    h:\n      v: ${written}\n`)
    expect(hostVars(inventory, 'h').v).toEqual(expected)
  })
})

// Each as PyYAML reads it.
test.each([
  ['|\n  abc', 'abc'],
  ['|+\n  abc', 'abc'],
  ['>\n  abc\n  def', 'abc def'],
  ['|\n  abc\n', 'abc\n'],
  ['|\n  abc\n\n', 'abc\n'],
  ['|\n  abc\n# end', 'abc\n'],
  ['|\n  abc\n  ', 'abc\n'],
  ['|-\n  abc', 'abc'],
])('a block at the end of a file: %j', (written, expected) => {
  const inventory = loadYaml(
    `all:\n hosts:\n  h:\n   v: ${written.replaceAll('\n', '\n  ')}`.replace(/ +# end$/, '# end'),
  )
  expect(hostVars(inventory, 'h').v).toEqual(expected)
})

test('anchors, aliases and merge keys', () => {
  const inventory = loadYaml(`all:
  hosts:
    a: &a { x: 1, y: 1 }
    b: { <<: *a, y: 2 }
    c: { <<: [{ z: 3, x: 9 }, *a], list: &l [1, 2] }
    d: { list: *l }
`)
  expect(hostVars(inventory, 'b')).toMatchObject({ x: 1, y: 2 })
  expect(hostVars(inventory, 'c')).toMatchObject({ x: 9, y: 1, z: 3 })
  expect(hostVars(inventory, 'd')).toMatchObject({ list: [1, 2] })
})

test('a host that looks like a number is a name only in quotes, as in Ansible', () => {
  expect([...loadYaml('all:\n  hosts:\n    "10":\n').hosts.keys()]).toEqual(['10'])
  expect(brief(faultsOfCall(() => loadYaml('all:\n  hosts:\n    10:\n    1.10:\n10:\n')))).toEqual([
    'INVENTORY_BAD_NAME 3:5 the host name "10" is not text: put it into quotes',
    'INVENTORY_BAD_NAME 4:5 the host name "1.1" is not text: put it into quotes',
    'INVENTORY_BAD_NAME 5:1 the group name "10" is not text: put it into quotes',
  ])
})

describe('every mistake has its place', () => {
  test.each([
    ['null', [/^INVENTORY_SYNTAX 1:1 an inventory is a mapping/]],
    ['- a', [/^INVENTORY_SYNTAX 1:1 an inventory is a mapping/]],
    ['all:\n  host:\n    a:', ['INVENTORY_UNKNOWN_KEY 2:3 unknown key "host" in the group "all"']],
    ['all:\n  hosts:\n    - a', ['INVENTORY_SYNTAX 3:5 "hosts" of the group "all" must be a mapping']],
    ['all: web1', ['INVENTORY_SYNTAX 1:6 the group "all" must be a mapping with hosts, children or vars']],
    ['all:\n  hosts:\n    a: 5', ['INVENTORY_SYNTAX 3:8 the variables of the host "a" must be a mapping']],
    ['all:\n  hosts:\n    a b:', [/^INVENTORY_BAD_NAME 3:5/]],
    ['all:\n  hosts:\n    a:70000:', ['INVENTORY_BAD_PORT 3:5 the port 70000 is not from 1 to 65535']],
    ['all:\n  children:\n    ../x:', [/^INVENTORY_BAD_NAME 3:5/]],
    ['all:\n  hosts:\n\ta:', [/^YAML_SYNTAX 3:/]],
    ['all:\n  hosts:\n    a:\n    a:', [/^YAML_SYNTAX 4:5/]],
    ['a:\n  children:\n    b:\n      children:\n        a:', [/^INVENTORY_CYCLE 5:9 .*a > b > a/]],
    ['plugin: aws_ec2', ['INVENTORY_NOT_BUILT 1:1 inventory plugins are not built yet (this is "aws_ec2")']],
    ['all:\n  vars:\n    p: !vault [1]', [/^INVENTORY_SYNTAX 3:15 an encrypted value is a text/]],
    ['all:\n  vars:\n    p: !mine "x"', [/^INVENTORY_NOT_BUILT 3:8 the tag !mine/]],
    ['all:\n  hosts:\n    a: { __proto__: 1 }', [/^YAML_UNSAFE 3:10/]],
  ] as [string, (string | RegExp)[]][])('%j', (text, expected) => {
    const found = brief(faultsOfCall(() => loadYaml(text)))
    expect(found).toEqual(expected.map(one => (typeof one === 'string' ? one : expect.stringMatching(one))))
  })

  test('with caret and suggestion', () => {
    const [fault] = faultsOfCall(() => loadYaml('all:\n  childern:\n    web:\n'))
    expect(fault?.hint).toBe('did you mean "children"?')
    expect(fault?.place?.excerpt).toBe('  childern:\n  ^')
  })
})
