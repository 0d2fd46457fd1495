import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { placeOn } from '../../src/document/place.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { limitHosts, matchHosts } from '../../src/inventory/pattern.ts'
import { brief, directoryWith, faultsOfCall, loadIni } from './files.ts'

const text = `alone
[web]
web1
web2
web3
[db]
db1
db2
[europe]
web1
db1
[asia]
web2
[drained]
web3
db1
[empty]
[dotted]
a.example.com
b.example.com
[top:children]
web
db
`

function fleet(): Inventory {
  return loadIni(text)
}

describe('as Ansible selects', () => {
  test.each([
    // Level by level under all: web and db stand below top, europe and asia beside it.
    ['all', 'alone web1 db1 web2 web3 a.example.com b.example.com db2'],
    ['*', 'alone web1 db1 web2 web3 a.example.com b.example.com db2'],
    ['ungrouped', 'alone'],
    ['web', 'web1 web2 web3'],
    ['web2', 'web2'],
    ['db:web', 'db1 db2 web1 web2 web3'],
    ['db,web', 'db1 db2 web1 web2 web3'],
    ['web:db:&europe', 'web1 db1'],
    ['&europe:web:db', 'web1 db1'],
    ['!drained:web:&europe:db', 'web1'],
    ['web:&europe:!drained', 'web1'],
    ['!web', 'alone db1 a.example.com b.example.com db2'],
    ['!web:!db', 'alone a.example.com b.example.com'],
    ['&europe', 'web1 db1'],
    ['top', 'web1 web2 web3 db1 db2'],
    ['empty', ''],
    ['web*', 'web1 web2 web3'],
    ['*.example.com', 'a.example.com b.example.com'],
    ['web?', 'web1 web2 web3'],
    ['[wd]*[!1]:!dotted', 'web1 web2 web3 db1 db2'],
    ['~(web|db)[12]', 'web1 web2 db1 db2'],
    ['~b\\.', 'b.example.com'],
    ['~WEB', null],
    ['~(?i)WEB1', 'web1'],
    ['~eb', null],
    ['web[0]', 'web1'],
    ['web[-1]', 'web3'],
    ['web[-3]', 'web1'],
    ['web[0:1]', 'web1 web2'],
    ['web[1:]', 'web2 web3'],
    ['web[1:1]', 'web2'],
    ['web[5:9]', ''],
    ['web[0]:db[0]', 'web1 db1'],
    ['top:!web[0]', 'web2 web3 db1 db2'],
    ['top:&web[1:]', 'web2 web3'],
    ['empty[0]', ''],
    ['web*[0]', 'web1'],
    ['all:!nothing*', 'alone web1 db1 web2 web3 a.example.com b.example.com db2'],
    [' web : db ', 'web1 web2 web3 db1 db2'],
    ['web1,web2,', 'web1 web2'],
    ['web1:web1:web', 'web1 web2 web3'],
  ])('%s', (pattern, expected) => {
    const inventory = fleet()
    if (expected === null) {
      expect(faultsOfCall(() => matchHosts(inventory, pattern))[0]?.code).toBe('INVENTORY_UNKNOWN_NAME')
    } else expect(matchHosts(inventory, pattern).join(' ')).toBe(expected)
  })

  test('IPv6 addresses are hosts, not lists', () => {
    const inventory = loadIni('fe80::1\n::2\n')
    expect(matchHosts(inventory, 'fe80::1')).toEqual(['fe80::1'])
    expect(matchHosts(inventory, '::2,fe80::1')).toEqual(['::2', 'fe80::1'])
  })

  test('a host comes before a group of its name', () => {
    expect(matchHosts(loadIni('[a]\na\nb\n'), 'a')).toEqual(['a'])
  })
})

describe('mistakes', () => {
  test.each([
    ['wbe', ['INVENTORY_UNKNOWN_NAME 1:1 no host or group is called "wbe"']],
    ['web:&eurpoe:!darined', [/1:6 .*"eurpoe"/, /1:14 .*"darined"/]],
    ['nothing*', ['INVENTORY_UNKNOWN_NAME 1:1 "nothing*" matches no host and no group']],
    ['~(', [/^INVENTORY_BAD_PATTERN 1:1 .*(?:invalid)/]],
    ['~a\\Z', [/^INVENTORY_BAD_PATTERN 1:1/]],
    ['web[3]', ['INVENTORY_BAD_PATTERN 1:1 "web" has 3 hosts, none at 3']],
    ['web[-4]', ['INVENTORY_BAD_PATTERN 1:1 "web" has 3 hosts, none at -4']],
    ['web[2:1]', ['INVENTORY_BAD_PATTERN 1:1 the subscript of "web[2:1]" runs backwards']],
    ['web[0-1]', ['INVENTORY_BAD_PATTERN 1:1 a subscript has a colon']],
    ['web[1', ['INVENTORY_BAD_PATTERN 1:4 "[" does not belong here']],
    ['', ['INVENTORY_BAD_PATTERN 1:1 the pattern is empty']],
    [',', ['INVENTORY_BAD_PATTERN 1:1 the pattern is empty']],
    ['web:!', ['INVENTORY_BAD_PATTERN 1:5 nothing follows "!"']],
    ['@file', [/^INVENTORY_UNKNOWN_NAME 1:1/]],
    ['__proto__', [/^INVENTORY_UNKNOWN_NAME/]],
    ['constructor', [/^INVENTORY_UNKNOWN_NAME/]],
  ] as [string, (string | RegExp)[]][])('%j', (pattern, expected) => {
    const found = brief(faultsOfCall(() => matchHosts(fleet(), pattern)))
    expect(found).toEqual(expected.map(one => (typeof one === 'string' ? one : expect.stringMatching(one))))
  })

  test('have a suggestion and a caret, or the place that was given', () => {
    const [fault] = faultsOfCall(() => matchHosts(fleet(), 'web:eurpoe'))
    expect(fault?.hint).toBe('did you mean "europe"?')
    expect(fault?.place?.excerpt).toBe('web:eurpoe\n    ^')
    const place = { file: 'site.yml', line: 3, column: 8 }
    const written = (line: string) =>
      brief(faultsOfCall(() => matchHosts(fleet(), 'web:!wbe', placeOn('s.yml', line, 1, 8))))
    expect(written('hosts: web:!wbe # all')).toEqual([
      'INVENTORY_UNKNOWN_NAME 1:13 no host or group is called "wbe"',
    ])
    expect(written('hosts: "web:!wbe"')[0]).toContain('1:14')
    expect(written('hosts: "{{ pattern }}"')[0]).toContain('1:8')
    expect(faultsOfCall(() => matchHosts(fleet(), 'wbe', '--host'))[0]?.place?.file).toBe('--host')
    expect(faultsOfCall(() => matchHosts(fleet(), 'wbe', place))[0]?.place).toEqual(place)
  })

  test('a slow regular expression is stopped', () => {
    const inventory = loadIni(`${'a'.repeat(60)}b\n`)
    const begin = performance.now()
    expect(brief(faultsOfCall(() => matchHosts(inventory, '~(a+)+$')))).toEqual([
      'INVENTORY_BAD_PATTERN 1:1 the regular expression takes longer than 500 ms',
    ])
    expect(performance.now() - begin).toBeLessThan(10_000)
  })

  test('a glob is never slow', () => {
    const inventory = loadIni(`${'a'.repeat(250)}b\n`)
    const begin = performance.now()
    faultsOfCall(() => matchHosts(inventory, `${'a*'.repeat(400)}c`))
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
})

describe('--limit', () => {
  test('keeps the order of the hosts, and takes a file', () => {
    const inventory = fleet()
    const hosts = matchHosts(inventory, 'db:web')
    expect(limitHosts(inventory, hosts, 'web:db1')).toEqual(['db1', 'web1', 'web2', 'web3'])
    const file = join(directoryWith({ retry: '\ufeffweb3\r\n# note\r\n\r\ndb\r\n!db1\r\n' }), 'retry')
    expect(limitHosts(inventory, hosts, `@${file}`)).toEqual(['db2', 'web3'])
    expect(limitHosts(inventory, hosts, `@${file},web1`)).toEqual(['db2', 'web1', 'web3'])
  })
  test('mistakes in the file have its place; an empty file does not mean everything', () => {
    const inventory = fleet()
    const directory = directoryWith({ retry: 'web1\nwbe\n', empty: '\n' })
    const faults = faultsOfCall(() => limitHosts(inventory, ['web1'], `@${join(directory, 'retry')}`))
    expect(brief(faults)).toEqual(['INVENTORY_UNKNOWN_NAME 2:1 no host or group is called "wbe"'])
    expect(faults[0]?.place?.file).toBe(join(directory, 'retry'))
    expect(faultsOfCall(() => limitHosts(inventory, [], `@${join(directory, 'empty')}`))).toHaveLength(1)
    expect(faultsOfCall(() => limitHosts(inventory, [], '@/nowhere'))[0]?.code).toBe('FILE_UNREADABLE')
  })
})

test('the written order of signs never matters', () => {
  const inventory = fleet()
  const part = fc.constantFrom('web', 'db', '&europe', '&top', '!drained', '!web[0]', 'alone')
  const parts = fc.uniqueArray(part, { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(parts, parts, (some, order) => {
      const shuffled = [...some].sort((a, b) => order.indexOf(a) - order.indexOf(b))
      const left = matchHosts(inventory, some.join(':'))
      expect(matchHosts(inventory, shuffled.join(':')).sort()).toEqual([...left].sort())
      expect(matchHosts(inventory, some.join(','))).toEqual(left)
    }),
  )
})
