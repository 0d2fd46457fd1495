import { describe, expect, test } from 'vitest'
import { hostsOfGroup } from '../../src/inventory/hierarchy.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import { brief, faultsOfCall, loadIni } from './files.ts'

const example = `# everything an INI inventory has
mail.example.com
bare:2201

[web]
web[01:03]:2222 ansible_user=deploy   # a comment
[db]
db-[a:c].example.com weight=5 "label=two words"

[europe:children]
web
db
[europe:vars]
zone = eu
ntp=a b = c
[all:vars]
plain=FALSE
`

test('hosts, ranges, ports, children and vars', () => {
  const inventory = loadIni(example)
  expect([...inventory.hosts.keys()]).toEqual([
    'mail.example.com',
    'bare',
    'web01',
    'web02',
    'web03',
    'db-a.example.com',
    'db-b.example.com',
    'db-c.example.com',
  ])
  expect([...inventory.groups.keys()]).toEqual(['all', 'ungrouped', 'web', 'db', 'europe'])
  expect(inventory.groups.get('web')?.depth).toBe(2)
  expect(hostsOfGroup(inventory, 'ungrouped')).toEqual(['mail.example.com', 'bare'])
  expect(hostVars(inventory, 'db-a.example.com')).toMatchObject({
    inventory_hostname: 'db-a.example.com',
    inventory_hostname_short: 'db-a',
    group_names: ['db', 'europe'],
    weight: 5,
    label: 'two words',
    zone: 'eu',
    ntp: 'a b = c',
    plain: 'FALSE',
  })
  expect(hostVars(inventory, 'web02')).toMatchObject({ ansible_port: 2222, ansible_user: 'deploy' })
  expect(hostVars(inventory, 'bare')).toMatchObject({ ansible_port: 2201, group_names: ['ungrouped'] })
})

test('a byte order mark, CRLF, tabs and trailing spaces change nothing', () => {
  const messy = `\ufeff${example.replaceAll('\n', ' \t\r\n').replaceAll('   #', '\t#')}`
  const [plain, other] = [loadIni(example), loadIni(messy)]
  expect([...other.groups.keys()]).toEqual([...plain.groups.keys()])
  for (const name of plain.hosts.keys()) {
    const { inventory_file: _file, inventory_dir: _dir, ...vars } = hostVars(plain, name)
    expect(hostVars(other, name)).toMatchObject(vars)
  }
})

describe('inline values are Python literals', () => {
  test.each([
    ['n=1', 1],
    ['n=-1.5', -1.5],
    ['n=True', true],
    ['n=true', 'true'],
    ['n=None', null],
    ['n=0755', '0755'],
    ['n=1.26.3', '1.26.3'],
    ['n="1"', 1],
    [`n="'1'"`, '1'],
    [`n="['a', 1, {'k': None}]"`, ['a', 1, { k: null }]],
    ['n="a b"', 'a b'],
    ["n='a # b'", 'a # b'],
    ['n=a=b', 'a=b'],
    ['n=', ''],
    ['n={{ other }}', '{{'],
    ['n="{{ other }}"', '{{ other }}'],
  ])('%s', (written, expected) => {
    if (written === 'n={{ other }}') {
      expect(brief(faultsOfCall(() => loadIni(`h ${written}`)))).toContain(
        'INVENTORY_SYNTAX 1:8 expected key=value, found "other"',
      )
    } else expect(hostVars(loadIni(`h ${written}`), 'h').n).toEqual(expected)
  })
})

test.each([
  ['n=1', 1],
  ['n = True # note', true],
  ['n="x y"', 'x y'],
  ['n=a # b', 'a # b'],
  ['n=FALSE', 'FALSE'],
  ['n=', ''],
])('a :vars value is a literal, too, whatever the documentation of Ansible says: %s', (line, expected) => {
  expect(hostVars(loadIni(`h\n[all:vars]\n${line}`), 'h').n).toBe(expected)
})

test('a group may be empty, repeated, and name a host twice', () => {
  const inventory = loadIni('[a]\n[b]\nh\nh\n[a]\nh x=1\n')
  expect(hostsOfGroup(inventory, 'a')).toEqual(['h'])
  expect([...(inventory.groups.get('b')?.hosts ?? [])]).toEqual(['h'])
  expect(hostVars(inventory, 'h')).toMatchObject({ x: 1, group_names: ['a', 'b'] })
})

test('the port counts where a host is named first, as in Ansible', () => {
  expect(hostVars(loadIni('[a]\nh\n[b]\nh:2222'), 'h').ansible_port).toBeUndefined()
  expect(hostVars(loadIni('h:2222 ansible_port=22'), 'h').ansible_port).toBe(22)
})

test('addresses of IPv6, with and without a port', () => {
  const inventory = loadIni('::1\n[fe80::1]:2222\nfe80::1%eth0\n[web1]:22')
  expect([...inventory.hosts.keys()]).toEqual(['::1', 'fe80::1', 'fe80::1%eth0', 'web1'])
  expect(hostVars(inventory, 'fe80::1').ansible_port).toBe(2222)
})

describe('names that mean something to JavaScript are only names', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', name => {
    const inventory = loadIni(`[${name}]\n${name}x ${name}=1\n[${name}:vars]\nv_${name}=2`)
    expect(hostVars(inventory, `${name}x`)[name]).toBe(1)
    expect(hostsOfGroup(inventory, name)).toEqual([`${name}x`])
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
    expect(({} as Record<string, unknown>).v___proto__).toBeUndefined()
  })
  test('a host called __proto__', () => {
    const inventory = loadIni('__proto__ a=1')
    expect(hostVars(inventory, '__proto__').a).toBe(1)
    expect(inventory.hosts.has('toString')).toBe(false)
  })
})

describe('every mistake has its place', () => {
  test.each([
    ['[web', ['INVENTORY_SYNTAX 1:1 the section [web is malformed']],
    ['[web db]', ['INVENTORY_SYNTAX 1:1 the section [web db] is malformed']],
    ['  [web] ; note', ['INVENTORY_SYNTAX 1:3 the section [web] ; note is malformed']],
    ['[a]\n[a:childs]', ['INVENTORY_SYNTAX 2:1 a section cannot end in ":childs"']],
    ['[a/b]\nh', [/^INVENTORY_SYNTAX 1:1 the group name "a\/b" must not contain/]],
    ['h x', ['INVENTORY_SYNTAX 1:3 expected key=value, found "x"']],
    ['h =x', ['INVENTORY_SYNTAX 1:3 expected key=value, found "=x"']],
    ['h a="b', [/INVENTORY_SYNTAX 1:5 the quote " is not closed/]],
    ['h a=b\\', [/INVENTORY_SYNTAX 1:6 nothing follows the backslash/]],
    ['h:', ['INVENTORY_SYNTAX 1:1 "h:" ends in a colon']],
    ['---\nall:\n', [/"---" begins a YAML file/, /ends in a colon/]],
    ['[a:vars]\nx\n[a]', ['INVENTORY_SYNTAX 2:1 expected key=value, found "x"']],
    ['[a:children]\nb c', ['INVENTORY_SYNTAX 2:1 a line under [a:children] is one group name']],
    ['[a:children]\n\tb', ['INVENTORY_UNKNOWN_GROUP 2:2 [a:children] names "b", which is declared nowhere']],
    ['[b:vars]\nx=1', ['INVENTORY_UNKNOWN_GROUP 1:1 [b:vars] belongs to no group: "b" is declared nowhere']],
    ['h:0', ['INVENTORY_BAD_PORT 1:1 the port 0 is not from 1 to 65535']],
    ['h:65536', ['INVENTORY_BAD_PORT 1:1 the port 65536 is not from 1 to 65535']],
    ['h:abc', [/INVENTORY_BAD_NAME 1:1 the host name "h:abc" may contain ":"/]],
    ['-oProxyCommand=x', [/INVENTORY_BAD_NAME 1:1 .* begins with "-"/]],
    ['a;b', [/INVENTORY_BAD_NAME 1:1/]],
    ['$(id)', [/INVENTORY_BAD_NAME 1:1/]],
    ['..', [/INVENTORY_BAD_NAME 1:1/]],
    ['bücher.example', [/INVENTORY_BAD_NAME 1:1/]],
    [`${'a'.repeat(254)}`, [/INVENTORY_BAD_NAME 1:1 .* has 254 characters/]],
    ['w[1:2', [/INVENTORY_BAD_RANGE 1:1 .* no closing bracket/]],
    ['[a]\n[a:children]\na', ['INVENTORY_CYCLE 3:1 the group "a" cannot be a child of "a"']],
    ['[a:children]\nb\n[b:children]\na', ['INVENTORY_CYCLE 4:1 groups contain each other: a > b > a']],
    ['[a:children]\nall', ['INVENTORY_CYCLE 2:1 the group "all" cannot be a child of "a"']],
    [
      '[a:vars]\nansible_group_priority=x\n[a]',
      ['INVENTORY_BAD_VALUE 2:1 ansible_group_priority must be a whole number, not "x"'],
    ],
  ] as [string, (string | RegExp)[]][])('%j', (text, expected) => {
    const found = brief(faultsOfCall(() => loadIni(text)))
    expect(found).toEqual(expected.map(one => (typeof one === 'string' ? one : expect.stringMatching(one))))
  })

  test('all mistakes are reported, with caret and suggestion', () => {
    const faults = faultsOfCall(() => loadIni('[web]\nh1 x\n[eu:children]\nwbe\n[eu:var]\n'))
    expect(faults.map(fault => fault.place?.line)).toEqual([2, 5, 4])
    expect(faults[0]?.place?.excerpt).toBe('h1 x\n   ^')
    expect(faults[1]?.hint).toBe('did you mean [eu:vars]?')
    expect(faults[2]?.hint).toBe('did you mean "web"?')
  })

  test('a file of nothing but mistakes is cut short, in little time', () => {
    const begin = performance.now()
    const faults = faultsOfCall(() => loadIni('h x\n'.repeat(50_000)))
    expect(faults).toHaveLength(51)
    expect(faults.at(-1)?.message).toBe('and 49950 more mistakes')
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
})
