import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
const playbook = `name: try
hosts: web
artifact: { src: artifacts/nginx-1.26.3 }
handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
`

beforeAll(() => {
  desk = openDesk()
  desk.write('up.yml', playbook)
  desk.write('misspelt.yml', `${playbook}stages: [{ name: one, hosts: a:bb }, { name: rest, hosts: rest }]\n`)
  desk.write('hosts.ini', '[web]\na\nb\nc\n')
})
afterAll(() => desk.clear())

test.each([
  [[], 'Usage:'],
  [['frobnicate'], "unknown command 'frobnicate'"],
  [['rum'], 'Did you mean run?'],
  [['run'], "missing required argument 'playbook'"],
  [['run', 'up.yml', 'more'], 'too many arguments'],
  [['run', 'up.yml', '--forks', '0'], 'at least 1'],
  [['run', 'up.yml', '--ask-become-pass'], "unknown option '--ask-become-pass'"],
  [['run', 'up.yml', '-K'], 'hint: sudo has to work without a password'],
  [
    ['inventory', '--list', '--ask-vault-pass'],
    'hint: handover asks for no password: --vault-password-file FILE',
  ],
  [['plan', 'up.yml'], 'no inventory was given'],
  [['show', 'nothing'], 'there are no runs in'],
] as const)('wrong usage %j ends with 5', (args, text) => {
  const { exit, out, err } = desk.handover(...args)
  expect({ exit, out }).toEqual({ exit: 5, out: '' })
  expect(err).toContain(text)
})

test.each([
  [['validate', 'missing.yml'], 'FILE_UNREADABLE'],
  [['validate', 'up.yml', '-i', 'missing.ini'], 'missing.ini'],
  [['plan', 'up.yml', '-i', 'hosts.ini', '-l', 'nobody'], 'nobody'],
  [['plan', 'up.yml', '-i', 'hosts.ini', '-e', '{broken'], 'error'],
  [['run', 'up.yml', '-i', 'x,', '-l', 'x'], 'web'],
  [
    ['run', 'up.yml', '-i', 'hosts.ini', '-l', '!web'],
    '"web" has 3 hosts, and --limit "!web" leaves none\n  at --limit:1:1',
  ],
  [['plan', 'misspelt.yml', '-i', 'hosts.ini'], 'no host or group is called "bb"\n  at misspelt.yml:5:32'],
] as const)('bad input %j ends with 4', (args, text) => {
  const { exit, out, err } = desk.handover(...args)
  expect({ exit, out }).toEqual({ exit: 4, out: '' })
  expect(err).toContain(text)
})

test('with --output json a refusal is one line of JSON with the exit code', () => {
  const { exit, out, err } = desk.handover('run', 'missing.yml', '-i', 'hosts.ini', '--output', 'json')
  expect(err).toBe('')
  expect(JSON.parse(out)).toMatchObject({
    v: 1,
    type: 'run.refused',
    exit,
    faults: [{ code: 'FILE_UNREADABLE' }],
  })
})

test('--list-hosts prints them as Ansible does, limited by --limit', () => {
  for (const command of ['run', 'plan', 'preflight', 'validate']) {
    const { exit, out } = desk.handover(command, 'up.yml', '-i', 'hosts.ini', '--list-hosts', '-l', 'b:c')
    expect({ exit, out }).toEqual({ exit: 0, out: '  hosts (2):\n    b\n    c\n' })
  }
})

test('--list-hosts lists them beside --syntax-check, too, and needs an inventory', () => {
  expect(desk.handover('run', 'up.yml', '-i', 'hosts.ini', '--list-hosts', '--syntax-check')).toMatchObject({
    exit: 0,
    out: '  hosts (3):\n    a\n    b\n    c\n',
  })
  expect(desk.handover('validate', 'up.yml', '--list-hosts')).toMatchObject({ exit: 5, out: '' })
})

test('--syntax-check contacts nobody, and validate works without an inventory', () => {
  expect(desk.handover('run', 'up.yml', '-i', 'hosts.ini', '--syntax-check')).toMatchObject({
    exit: 0,
    out: 'valid: up.yml, 3 hosts in 1 stage\n',
  })
  expect(desk.handover('validate', 'up.yml').out).toContain('name an inventory')
})

test('--concurrency only lowers', () => {
  const concurrency = (...args: string[]) =>
    JSON.parse(desk.handover('plan', 'up.yml', '-i', 'hosts.ini', '--output', 'json', ...args).out)
      .concurrency
  expect([concurrency(), concurrency('--concurrency', '2'), concurrency('--concurrency', '99')]).toEqual([
    5, 2, 5,
  ])
})

test('runs and status without any run say so', () => {
  expect(desk.handover('runs')).toMatchObject({ exit: 0, out: 'no runs yet\n' })
  expect(desk.handover('status')).toMatchObject({ exit: 5 })
})

test('help and version end with 0', () => {
  for (const args of [['--help'], ['run', '--help'], ['--version'], ['lab', 'up', '--help']]) {
    expect(desk.handover(...args).exit).toBe(0)
  }
})

test('an unreachable host: preflight ends with 6, names it and says what to do', () => {
  desk.write('gone.ini', '[web]\na ansible_host=127.0.0.1 ansible_port=1\n')
  const { exit, out } = desk.handover('preflight', 'up.yml', '-i', 'gone.ini')
  expect(exit).toBe(6)
  expect(out).toMatch(/^error SSH_UNREACHABLE: a: /)
  expect(out).toContain('hint: ')
})

test('-e wins over how the inventory says a host is reached, and ansible_timeout is followed', () => {
  desk.write('reach.ini', '[web]\na ansible_host=10.0.0.1 ansible_user=bob ansible_timeout=7\n')
  const plan = (...args: string[]) =>
    JSON.parse(desk.handover('plan', 'up.yml', '-i', 'reach.ini', '--output', 'json', ...args).out).hosts[0]
  expect(plan()).toMatchObject({ address: '10.0.0.1', user: 'bob', connectTimeoutMs: 7000 })
  expect(plan('-e', 'ansible_user=eve ansible_host=10.0.0.2')).toMatchObject({
    address: '10.0.0.2',
    user: 'eve',
  })
})

test('wrong usage is a line of JSON, too', () => {
  const { exit, out } = desk.handover('run', '--output', 'json')
  expect(exit).toBe(5)
  expect(JSON.parse(out)).toMatchObject({ type: 'run.refused', exit: 5, faults: [{ code: 'USAGE' }] })
})

test('inventory prints what ansible-inventory prints, and refuses what it cannot show', () => {
  desk.write('inv/hosts', '[web]\na ansible_port=22\nb\n[eu:children]\nweb\n')
  desk.write('inv/group_vars/web.yml', 'pool: "{{ zone }}"\n')
  const inventory = (...args: string[]) => desk.handover('inventory', '-i', 'inv', ...args)
  expect(JSON.parse(inventory('--list', '-e', 'x=1').out)).toEqual({
    all: { children: ['ungrouped', 'eu'] },
    eu: { children: ['web'] },
    web: { hosts: ['a', 'b'] },
    _meta: {
      hostvars: { a: { ansible_port: 22, pool: '{{ zone }}', x: '1' }, b: { pool: '{{ zone }}', x: '1' } },
    },
  })
  expect(inventory('--graph', 'eu', '-l', 'b', '--vars').out).toBe(
    '@eu:\n  |--@web:\n  |  |--b\n  |  |  |--{pool = {{ zone }}}\n  |  |--{pool = {{ zone }}}\n',
  )
  expect(inventory('--host', 'b').out).toBe('{\n    "pool": "{{ zone }}"\n}\n')
  for (const [args, text] of [
    [[], 'one of --list, --graph and --host'],
    [['--list', '--graph'], 'one of --list, --graph and --host'],
    [['--list', 'web'], 'only with --graph'],
    [['--list', '--vars'], 'belongs to --graph'],
    [['--graph', 'wbe'], 'did you mean "web"?'],
    [['--host', 'web'], 'means 2 hosts'],
  ] as const) {
    const { exit, out, err } = inventory(...args)
    expect({ exit, out }).toEqual({ exit: 5, out: '' })
    expect(err).toContain(text)
  }
  expect(desk.handover('inventory', '--list').exit).toBe(5)
  expect(inventory('--list', '--vault-password-file', 'nowhere').exit).toBe(4)
})

test('a plan follows encrypted and templated values, and does not show what it does not need', () => {
  desk.write('tmpl.ini', '[web]\na ansible_host={{place}} place=10.1.1.1\n')
  const { exit, out } = desk.handover('plan', 'up.yml', '-i', 'tmpl.ini', '--output', 'json')
  expect(exit).toBe(0)
  expect(JSON.parse(out).hosts[0].address).toBe('10.1.1.1')
})
