import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostVars, placeOfVar } from '../../src/inventory/host-vars.ts'
import { loadInventory } from '../../src/inventory/source.ts'
import { brief, directoryWith, faultsOfCall, loadFiles } from './files.ts'

test('a comma list', () => {
  const inventory = loadInventory(['a, b:2222,,[::1]:22,10.0.0.1,'])
  expect([...inventory.hosts.keys()]).toEqual(['a', 'b', '::1', '10.0.0.1'])
  expect(hostVars(inventory, 'b')).toMatchObject({ ansible_port: 2222, group_names: ['ungrouped'] })
  expect(hostVars(inventory, 'a')).toMatchObject({ inventory_file: null, inventory_dir: null })
})

test('faults of a comma list point into it', () => {
  expect(brief(faultsOfCall(() => loadInventory(['a,w[1:2], b c'])))).toEqual([
    'INVENTORY_BAD_RANGE 1:3 a comma list holds names, not the range "w[1:2]"',
    expect.stringMatching(/^INVENTORY_BAD_NAME 1:11/),
  ])
})

test('several sources merge in order, and later groups know earlier ones', () => {
  const inventory = loadFiles(
    {
      'a.ini': '[web]\nh x=1 y=1\n',
      'b.yml': 'web:\n  hosts:\n    h: { x: 2 }\n    i:\n',
      'c.ini': '[eu:children]\nweb\n',
    },
    ['a.ini', 'b.yml', 'c.ini'],
  )
  expect([...inventory.hosts.keys()]).toEqual(['h', 'i'])
  expect(hostVars(inventory, 'h')).toMatchObject({ x: 2, y: 1, group_names: ['eu', 'web'] })
  expect(hostVars(inventory, 'h').inventory_file).toMatch(/\/a\.ini$/)
})

describe('which format a file has', () => {
  const yaml = 'web:\n  hosts:\n    y1:\n'
  const ini = '[web]\ni1 a=b\n'
  test.each([
    ['hosts', yaml, 'y1'],
    ['hosts', ini, 'i1'],
    ['hosts', 'i1\ni2\n', 'i1'],
    ['hosts', '{"web": {"hosts": {"j1": {}}}}', 'j1'],
    ['hosts.json', '{"web": {"hosts": {"j1": {"a": [1]}}}}', 'j1'],
    ['hosts.yaml', yaml, 'y1'],
    ['hosts.prod', ini, 'i1'],
    ['hosts.ini', ini, 'i1'],
  ])('%s %j', (name, text, host) => {
    expect([...loadFiles({ [name]: text }, [name]).hosts.keys()][0]).toBe(host)
  })
  test('a broken YAML file without extension is complained about as YAML', () => {
    const faults = faultsOfCall(() => loadFiles({ hosts: 'all:\n  hosts:\n    a: [1\n' }))
    expect(faults[0]?.code).toBe('YAML_SYNTAX')
  })
  test('an empty file has no hosts', () => {
    expect(loadFiles({ hosts: '' }).hosts.size).toBe(0)
  })
})

describe('what is not built is refused by name', () => {
  test.each([
    ['TOML', { 'inv.toml': '[web]\n' }, 'inv.toml', /TOML/],
    [
      'a plugin',
      { 'inv.yml': 'plugin: constructed\n' },
      'inv.yml',
      /plugins are not built yet .*"constructed"/,
    ],
  ])('%s', (_what, files, name, message) => {
    const directory = directoryWith(files as unknown as Record<string, string>)
    const [fault] = faultsOfCall(() => loadInventory([join(directory, name)]))
    expect(fault).toMatchObject({ code: 'INVENTORY_NOT_BUILT', message: expect.stringMatching(message) })
    expect(fault?.place?.file).toBe(join(directory, name))
  })
  test('the mode of a text file alone does not count', () => {
    const directory = directoryWith({ hosts: 'a\n' })
    chmodSync(join(directory, 'hosts'), 0o755)
    expect(loadInventory([join(directory, 'hosts')]).hosts.size).toBe(1)
  })
})

test('a missing file, a binary file and good ones: all faults are reported', () => {
  const faults = faultsOfCall(() => loadFiles({ b: 'a\0b', c: 'x y' }, ['nowhere', 'b', 'c']))
  expect(faults.map(fault => fault.code)).toEqual(['FILE_UNREADABLE', 'FILE_NOT_TEXT', 'INVENTORY_SYNTAX'])
})

describe('group_vars and host_vars', () => {
  test('files, directories, all extensions, in order of names', () => {
    const inventory = loadFiles({
      hosts: '[web]\na\nb\n[db]\nc\n',
      'group_vars/all': 'who: all\nfrom: none',
      'group_vars/web/20-b.yml': 'who: b',
      'group_vars/web/10-a.yaml': 'who: a\nonly: 1',
      'group_vars/web/.hidden.yml': 'who: hidden',
      'group_vars/web/backup.yml~': 'who: backup',
      'group_vars/web/deeper/30.json': '{"deep": [1]}',
      'group_vars/db.yaml': 'who: yaml',
      'group_vars/db.yml': 'who: yml',
      'group_vars/nobody.yml': 'who: nobody',
      'host_vars/a.yml': '# empty\n',
      'host_vars/b.json': '{"who": "host"}',
    })
    expect(hostVars(inventory, 'a')).toMatchObject({ who: 'b', only: 1, deep: [1], from: 'none' })
    expect(hostVars(inventory, 'b').who).toBe('host')
    expect(hostVars(inventory, 'c').who).toBe('yml')
  })
  test('links are followed', () => {
    const directory = directoryWith({
      hosts: '[web]\na\n',
      'real/x.yml': 'v: 1',
      'one.yml': 'w: 2',
      'group_vars/.keep': '',
    })
    symlinkSync(join(directory, 'real'), join(directory, 'group_vars/web'))
    symlinkSync(join(directory, 'one.yml'), join(directory, 'real/y'))
    expect(hostVars(loadInventory([join(directory, 'hosts')]), 'a')).toMatchObject({ v: 1, w: 2 })
  })
  test('links that lead back are followed once', () => {
    const directory = directoryWith({ hosts: 'a\n', 'group_vars/all/x.yml': 'v: 1' })
    for (const name of ['l', 'm', 'n']) symlinkSync('.', join(directory, 'group_vars/all', name))
    expect(hostVars(loadInventory([join(directory, 'hosts')]), 'a').v).toBe(1)
  })
  test('links that lead into each other without end are refused', () => {
    const directory = directoryWith({ hosts: 'a\n', 'group_vars/.keep': '' })
    for (let level = 0; level < 12; level++) mkdirSync(join(directory, `group_vars/d${level}`))
    for (let level = 0; level < 11; level++) {
      for (const name of ['l', 'm', 'n']) {
        symlinkSync(`../d${level + 1}`, join(directory, `group_vars/d${level}`, name))
      }
    }
    symlinkSync('d0', join(directory, 'group_vars/all'))
    expect(faultsOfCall(() => loadInventory([join(directory, 'hosts')]))).toMatchObject([
      { code: 'INVENTORY_TOO_LARGE', message: expect.stringMatching(/leads to more than 1000 directories$/) },
    ])
  })
  test('a pipe that nobody writes to is refused, not waited for', () => {
    const directory = directoryWith({ 'inv/hosts': 'a\n', 'inv/group_vars/.keep': '' })
    for (const pipe of ['inv/group_vars/all.yml', 'inv/pipe']) execFileSync('mkfifo', [join(directory, pipe)])
    expect(faultsOfCall(() => loadInventory([join(directory, 'inv')]))).toMatchObject([
      { code: 'FILE_UNREADABLE', message: expect.stringMatching(/inv\/pipe: it is a pipe or a device/) },
      { code: 'FILE_UNREADABLE', message: expect.stringMatching(/all\.yml: it is a pipe or a device/) },
    ])
  })
  test('a name with a dot is not an extension', () => {
    const inventory = loadFiles({ hosts: 'a.example.com\n', 'host_vars/a.example.com.yml': 'v: 1' })
    expect(hostVars(inventory, 'a.example.com').v).toBe(1)
  })
  test('mistakes in them have their place', () => {
    const faults = faultsOfCall(() =>
      loadFiles({ hosts: 'a', 'group_vars/all.yml': 'x: 1\n\ty: 2', 'host_vars/a.yml': '- 1' }),
    )
    expect(faults.map(({ code, place }) => [code, place?.line, place?.file.split('/').at(-1)])).toEqual([
      ['YAML_SYNTAX', 2, 'all.yml'],
      ['INVENTORY_SYNTAX', 1, 'a.yml'],
    ])
  })
  test('group_vars that is a file is not ignored', () => {
    expect(faultsOfCall(() => loadFiles({ hosts: 'a', group_vars: 'x: 1' }))[0]?.message).toMatch(
      /not a directory/,
    )
  })
})

describe('which value wins', () => {
  // Each step adds one source above all before it; the value must always be that of the last.
  const steps: [string, string, string][] = [
    ['all in the inventory', 'hosts', '[all:vars]\nv="1"'],
    ['a parent group in the inventory', 'hosts', '[parent:vars]\nv="2"'],
    ['a child group in the inventory', 'hosts', '[child:vars]\nv="3"'],
    ['group_vars/all beside the inventory', 'group_vars/all.yml', 'v: "4"'],
    ['group_vars/all beside the playbook', 'play/group_vars/all.yml', 'v: "5"'],
    ['group_vars/parent beside the inventory', 'group_vars/parent.yml', 'v: "6"'],
    ['group_vars/child beside the inventory', 'group_vars/child.yml', 'v: "7"'],
    ['group_vars/parent beside the playbook', 'play/group_vars/parent.yml', 'v: "8"'],
    ['group_vars/child beside the playbook', 'play/group_vars/child.yml', 'v: "9"'],
    ['the host in the inventory', 'hosts', '[child]\nh v="\'10\'"'],
    ['host_vars beside the inventory', 'host_vars/h.yml', 'v: "11"'],
    ['host_vars beside the playbook', 'play/host_vars/h.yml', 'v: "12"'],
  ]
  test.each(steps.map(([what], index) => [what, index] as const))('%s', (_what, index) => {
    const files: Record<string, string> = { hosts: '[child]\nh\n[parent:children]\nchild\n' }
    for (const [, path, text] of steps.slice(0, index + 1)) files[path] = `${files[path] ?? ''}${text}\n`
    const inventory = loadFiles(files, ['hosts'], { playbookDirs: ['play'] })
    expect(hostVars(inventory, 'h').v).toBe(String(index + 1))
    expect(placeOfVar(inventory, 'h', 'v')?.file).toMatch(new RegExp(`/${steps[index]?.[1]}$`))
  })

  test.each([
    ['by name', '', 'b'],
    ['by priority', '[a:vars]\nansible_group_priority=10\n', 'a'],
    ['a low priority loses', '[b:vars]\nansible_group_priority=0\n', 'a'],
  ])('groups of one level: %s', (_what, more, winner) => {
    const inventory = loadFiles({ hosts: `[b]\nh\n[a]\nh\n[a:vars]\nv=a\n[b:vars]\nv=b\n${more}` })
    expect(hostVars(inventory, 'h').v).toBe(winner)
    expect(hostVars(inventory, 'h').ansible_group_priority).toBeUndefined()
  })

  test('depth beats priority, and is the longest way', () => {
    const text =
      '[low]\nh\n[mid:children]\nlow\n[top:children]\nmid\nlow\n[mid:vars]\nv=mid\nansible_group_priority=99\n[low:vars]\nv=low'
    const inventory = loadFiles({ hosts: text })
    expect(hostVars(inventory, 'h').v).toBe('low')
    expect(inventory.groups.get('low')?.depth).toBe(3)
  })

  test('a dictionary is replaced, not merged', () => {
    const inventory = loadFiles({
      hosts: 'h',
      'group_vars/all.yml': 'd: {a: 1}',
      'host_vars/h.yml': 'd: {b: 2}',
    })
    expect(hostVars(inventory, 'h').d).toEqual({ b: 2 })
  })
})
