import { chmodSync, chownSync, symlinkSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostVars } from '../../src/inventory/host-vars.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { runProgram } from '../../src/inventory/own-program.ts'
import { loadInventory } from '../../src/inventory/source.ts'
import { refusalOfWriters } from '../../src/inventory/who-writes.ts'
import { brief, directoryWith, faultsOfCall } from './files.ts'

/** A program that prints this for `--list`, and for `--host` its arguments. */
function program(list: unknown, more = ''): string {
  const text = typeof list === 'string' ? list : JSON.stringify(list)
  const body = `if [ "$1" = --list ]; then cat <<'END'\n${text}\nEND\nelse printf '{"asked": "%s"}' "$*"; fi`
  return written(`#!/bin/sh\n${more}\n${body}\n`)
}

function written(text: string, mode = 0o755): string {
  const file = join(directoryWith({ hosts: text }), 'hosts')
  chmodSync(file, mode)
  return file
}

function load(file: string): Inventory {
  return loadInventory([file])
}

function faultsIn(file: string): string[] {
  return faultsOfCall(() => load(file)).map(({ code, message }) => `${code} ${message.replaceAll(file, 'P')}`)
}

test('hosts, groups, and variables of _meta', () => {
  const file = program({
    web: { hosts: ['a', 'b'], vars: { v: 1, big: '@' }, children: ['inner'] },
    inner: ['c'],
    _meta: { hostvars: { a: { ansible_port: 2222, l: [1, { x: null }] }, elsewhere: { y: 1 } } },
  })
  const inventory = load(file)
  expect([...inventory.hosts.keys()]).toEqual(['a', 'b', 'c'])
  expect(hostVars(inventory, 'a')).toMatchObject({
    v: 1,
    ansible_port: 2222,
    l: [1, { x: null }],
    inventory_file: file,
  })
  expect(hostVars(inventory, 'c').group_names).toEqual(['inner', 'web'])
})

test('without _meta every host is asked for, by argument list', () => {
  const inventory = load(program({ web: ['a', 'b.c'] }))
  expect(hostVars(inventory, 'b.c').asked).toBe('--host b.c')
})

test('a whole number that JavaScript would round stays as it was written', () => {
  const list =
    '{"web": ["a"], "_meta": {"hostvars": {"a": {"id": 12345678901234567890, "t": "12345678901234567890", "n": 1234567890123456}}}}'
  expect(hostVars(load(program(list)), 'a')).toMatchObject({
    id: '12345678901234567890',
    t: '12345678901234567890',
    n: 1234567890123456,
  })
})

test('the digits of a fraction or an exponent are no number of their own', () => {
  const list = `{"web": ["a"], "_meta": {"hostvars": {"a": {"f": 0.12345678901234567, "e": 12345678901234567e2, "s": "\\\\\\" 12345678901234567", "n": -12345678901234567}}}}`
  expect(hostVars(load(program(list)), 'a')).toMatchObject({
    f: Number('0.12345678901234567'),
    e: Number('12345678901234567e2'),
    s: '\\" 12345678901234567',
    n: '-12345678901234567',
  })
})

test('a number of many digits, and a text of many signs, are read in a moment', () => {
  const begin = process.cpuUsage()
  const digits = '1'.repeat(60_000)
  expect(hostVars(load(program(`{"web": {"hosts": ["a"], "vars": {"n": ${digits}.5}}}`)), 'a').n).toBe(
    Infinity,
  )
  const long =
    'printf \'{"web": {"hosts": ["a"], "vars": {"t": "\'; head -c 20000000 /dev/zero | tr "\\0" 1; printf \'"}}}\''
  expect(hostVars(load(written(`#!/bin/sh\n${long}\n`)), 'a').t).toHaveLength(20_000_000)
  const { user, system } = process.cpuUsage(begin)
  expect((user + system) / 1000).toBeLessThan(5000)
})

test('names that mean something to JavaScript are only names', () => {
  const inventory = load(
    program(
      '{"__proto__": ["a"], "web": {"hosts": ["a"], "vars": {"__proto__": {"x": 1}, "constructor": 2}}, "_meta": {"hostvars": {"a": {"toString": 3}}}}',
    ),
  )
  expect(inventory.groups.get('__proto__')?.hosts.has('a')).toBe(true)
  const vars = hostVars(inventory, 'a')
  expect(Object.keys(vars)).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'toString']))
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

describe('what goes wrong is told with what the program said', () => {
  test.each([
    [
      'fails',
      '#!/bin/sh\necho "cannot reach the cloud" >&2; exit 3',
      ['INVENTORY_SCRIPT P --list ended with exit code 3: cannot reach the cloud'],
    ],
    ['is killed', '#!/bin/sh\nkill -9 $$', ['INVENTORY_SCRIPT P --list was ended by SIGKILL']],
    ['has no interpreter', '#!/nowhere/sh\n', ['INVENTORY_SCRIPT P --list cannot be started: ENOENT']],
    [
      'says nothing',
      '#!/bin/sh\n',
      ['INVENTORY_SCRIPT P --list must print one JSON object; it printed nothing'],
    ],
    [
      'is no JSON',
      '#!/bin/sh\necho "hello {}"',
      ['INVENTORY_SCRIPT P --list must print one JSON object; it printed "hello {}\\n"'],
    ],
    [
      'is a list',
      '#!/bin/sh\necho "[]"',
      ['INVENTORY_SCRIPT P --list must print one JSON object; it printed "[]\\n"'],
    ],
    [
      'is not UTF-8',
      '#!/bin/sh\nprintf \'{"\\377": []}\'',
      ['INVENTORY_SCRIPT P --list printed bytes that are not UTF-8'],
    ],
    [
      'has wrong parts',
      `#!/bin/sh\necho '{"a b": [], "x": {"hosts": {}, "vars": [], "children": "y"}, "w": ["-o", 1], "v": ["h h"], "u": ["ok"], "_meta": {"hostvars": {"ok": 5}}}'`,
      [
        'INVENTORY_BAD_NAME the group name "a b" must not contain white space, slashes, colons, commas or control characters',
        'INVENTORY_SCRIPT group "x": the hosts must be a list of names',
        'INVENTORY_SCRIPT group "x": the variables must be an object',
        'INVENTORY_SCRIPT group "x": the children must be a list of names',
        'INVENTORY_SCRIPT group "w": the hosts must be a list of names',
        'INVENTORY_BAD_NAME the host name "h h" may only contain A-Z a-z 0-9 . _ : % and -',
        'INVENTORY_SCRIPT the variables of "ok" must be an object',
      ],
    ],
  ])('%s', (_what, text, expected) => {
    expect(faultsIn(written(text))).toEqual(expected)
  })

  test('one that is not JSON for a host', () => {
    expect(faultsIn(written('#!/bin/sh\n[ "$1" = --list ] && echo \'{"w": ["a"]}\' || echo oops\n'))).toEqual(
      ['INVENTORY_SCRIPT P --host a must print one JSON object; it printed "oops\\n"'],
    )
  })

  test('nesting without end', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    expect(faultsIn(program(`{"w": {"hosts": ["a"], "vars": {"v": ${deep}}}}`))[0]).toMatch(
      /INVENTORY_TOO_LARGE/,
    )
  })
})

describe('which programs are run', () => {
  const ran = '{"w": ["a"]}'
  test('not one that others may write to, or may put another in the place of', () => {
    const open = written(`#!/bin/sh\necho '${ran}'`, 0o757)
    expect(faultsOfCall(() => load(open))).toMatchObject([
      {
        code: 'INVENTORY_SCRIPT',
        message: `${open} is not run: every user may write to it`,
        hint: `chmod o-w ${open}`,
      },
    ])
    const inside = written(`#!/bin/sh\necho '${ran}'`)
    chmodSync(join(inside, '..'), 0o777)
    expect(faultsIn(inside)[0]).toMatch(/^INVENTORY_SCRIPT P is not run: every user may write to \//)
    chmodSync(join(inside, '..'), 0o1777)
    expect(faultsIn(inside)).toEqual([])
  })
  test('not one that a link through an open directory leads to', () => {
    const directory = directoryWith({ 'open/sub/inv.sh': `#!/bin/sh\necho '${ran}'`, 'own/.keep': '' })
    const script = join(directory, 'open/sub/inv.sh')
    chmodSync(script, 0o755)
    symlinkSync('../open/sub/inv.sh', join(directory, 'own/inv.sh'))
    symlinkSync(join(directory, 'own/inv.sh'), join(directory, 'open/back'))
    const paths = [script, join(directory, 'own/inv.sh'), join(directory, 'open/back')]
    for (const path of paths) expect(faultsOfCall(() => load(path))).toEqual([])
    chmodSync(join(directory, 'open'), 0o777)
    for (const path of paths) {
      expect(faultsIn(path)).toEqual([
        `INVENTORY_SCRIPT P is not run: every user may write to ${join(directory, 'open')}`,
      ])
    }
  })
  // Only root can give files away.
  test.runIf(process.getuid?.() === 0)('not one of another user, or of a group with others in it', () => {
    const file = written(`#!/bin/sh\necho '${ran}'`)
    chownSync(file, 65534, 65534)
    expect(faultsIn(file)).toEqual(['INVENTORY_SCRIPT P is not run: it belongs to another user (65534)'])
    chownSync(file, 0, 65534)
    expect(faultsIn(file)).toEqual([])
    chmodSync(file, 0o775)
    expect(faultsIn(file)).toEqual(['INVENTORY_SCRIPT P is not run: the group 65534 may write to it'])
    chownSync(file, 0, 0)
    expect(faultsIn(file)).toEqual([])
    chownSync(join(file, '..'), 65534, 0)
    expect(faultsIn(file)[0]).toMatch(/ belongs to another user \(65534\)$/)
  })
  test('a group of the own user alone may write to it, one with others in it may not', () => {
    const { uid, gid, username } = userInfo()
    const file = written('#!/bin/sh\n', 0o775)
    const mine = gid === uid ? undefined : expect.objectContaining({ hint: `chmod g-w ${file}` })
    expect(refusalOfWriters(file, `${username}:x:${gid}:${username}\n`)).toEqual(mine)
    const others = gid === 0 ? undefined : expect.objectContaining({ hint: `chmod g-w ${file}` })
    expect(refusalOfWriters(file, `${username}:x:${gid}:${username},eve\n`)).toEqual(others)
  })
  test('not one that may not be executed', () => {
    const [fault] = faultsOfCall(() => load(written(`#!/bin/sh\necho '${ran}'`, 0o644)))
    expect(fault).toMatchObject({ code: 'INVENTORY_SCRIPT', hint: expect.stringContaining('chmod +x') })
  })
  test('a text that may be executed is read', () => {
    expect([...load(written('a\n', 0o755)).hosts.keys()]).toEqual(['a'])
  })
  test('never through a shell', () => {
    const directory = directoryWith({ 'a; echo $HOME `id`': `#!/bin/sh\necho '{"w": ["a"]}'` })
    const file = join(directory, 'a; echo $HOME `id`')
    chmodSync(file, 0o755)
    expect([...load(file).hosts.keys()]).toEqual(['a'])
  })
})

test('a program that does not end is ended, with what it left running', () => {
  const file = written('#!/bin/sh\necho waiting >&2\nexec sleep 600\n')
  expect(runProgram(file, ['--list'], 300)).toEqual({
    ok: false,
    message: `${file} --list did not end within 0.3 s: waiting`,
  })
})

describe('directories', () => {
  test('where a fault is, is told with the file in it, and all are told', () => {
    const directory = directoryWith({
      'inv/10': 'a b',
      'inv/20.yml': 'all: 1',
      'inv/30': '#!/bin/sh\nexit 1',
      'inv/40': 'ok',
    })
    chmodSync(join(directory, 'inv/30'), 0o755)
    const faults = faultsOfCall(() => load(join(directory, 'inv')))
    expect(brief(faults).map(line => line.split(' ', 2).join(' '))).toEqual([
      'INVENTORY_SYNTAX 1:3',
      'INVENTORY_SYNTAX 1:6',
      'INVENTORY_SCRIPT undefined:undefined',
    ])
    expect(faults.map(fault => fault.place?.file.split('/').at(-1))).toEqual(['10', '20.yml', '30'])
  })
  test('one in which everything is ignored says so', () => {
    const directory = directoryWith({ 'inv/hosts.ini': 'a', 'none/.keep': '' })
    expect(faultsOfCall(() => load(join(directory, 'inv')))).toMatchObject([
      {
        code: 'INVENTORY_NO_SOURCE',
        message: expect.stringMatching(/names such as hosts\.ini are ignored, as by Ansible/),
      },
    ])
    expect(faultsOfCall(() => load(join(directory, 'none')))).toMatchObject([{ code: 'INVENTORY_NO_SOURCE' }])
  })
})
