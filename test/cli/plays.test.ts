/** A playbook of several plays, as far as files go. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
const play = (name: string, more = '') => `- name: ${name}
  hosts: ${name}
  artifact: { src: artifacts/nginx-1.26.3 }
  handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
${more}`

beforeAll(() => {
  desk = openDesk()
  desk.write(
    'hosts.ini',
    '[web]\nweb[1:8]\n[db]\ndb1 ansible_host=127.0.0.1 ansible_port=1\ndb2 ansible_host=127.0.0.1 ansible_port=2\n',
  )
  desk.write('site.yml', `${play('web', '  order: shuffle\n')}${play('db', '  order: reverse\n')}`)
})
afterAll(() => desk.clear())

test('plan tells of each in turn, and the same seed gives the same plan', () => {
  const plan = (...args: string[]) => desk.handover('plan', 'site.yml', '-i', 'hosts.ini', ...args)
  const [first, second] = [plan('--seed', '7'), plan('--seed', '7')]
  expect(first).toMatchObject({ exit: 0, err: '' })
  expect(first.out).toContain('play 1 of 2: web: 8 hosts in 1 stage')
  expect(first.out).toContain('order: shuffled with seed 7; --seed 7 gives the same order again')
  expect(first.out).toContain('\n\nplay 2 of 2: db: 2 hosts in 1 stage')
  expect(second.out).toBe(first.out)
  expect(first.out.split('\n').filter(line => line.length > 160)).toEqual([])
})

test('in JSON a line a play, with its order, its estimate and the exit code', () => {
  const { exit, out } = desk.handover('plan', 'site.yml', '-i', 'hosts.ini', '--output', 'json')
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines).toMatchObject([
    {
      v: 1,
      type: 'play.planned',
      exit,
      play: { number: 1, of: 2 },
      order: 'shuffle',
      seed: expect.any(Number),
    },
    { exit: 0, play: { number: 2, of: 2 }, order: 'reverse', seed: null, estimate: { mostAtOnce: 2 } },
  ])
  expect(lines[1].hosts.map((host: { name: string }) => host.name)).toEqual(['db2', 'db1'])
})

test('--limit passes over a play that it leaves no host, and -v and --list-hosts name each host', () => {
  const args = ['site.yml', '-i', 'hosts.ini', '-l', 'db1']
  expect(desk.handover('run', ...args, '--list-hosts')).toMatchObject({
    exit: 0,
    out: '  play #2: db\n  hosts (1):\n    db1\n',
  })
  expect(desk.handover('plan', ...args, '-v').out).toMatch(
    /\n1 {2}db1 {3}all {4}\w+@127.0.0.1:1 {2}\/usr\/sbin\/nginx\n$/,
  )
  expect(desk.handover('plan', ...args.slice(0, 4), 'nobody').exit).toBe(4)
})

test('one fault in the last play, and nothing of the first is begun; those of all plays are told', () => {
  desk.write(
    'bad.yml',
    `${play('web', '  stages: [{ name: a, hosts: 1 }]\n')}${play('db', '  stages: [{ name: b, hosts: nobody }]\n')}`,
  )
  const { exit, err } = desk.handover('run', 'bad.yml', '-i', 'hosts.ini', '--run-dir', 'runs')
  expect(exit).toBe(4)
  expect(err).toContain('7 hosts of 8 are in no stage: web[2:8] (a takes 1)\n  at bad.yml:5:11')
  expect(err).toContain('no host or group is called "nobody"')
  expect(desk.handover('runs', '--run-dir', 'runs').out).toBe('no runs yet\n')
})

test('the second play is not begun behind a first one that was refused', () => {
  desk.write('down.yml', `${play('db')}${play('web')}`)
  const args = ['down.yml', '-i', 'hosts.ini', '--run-dir', 'down', '-T', '2']
  const { exit, out } = desk.handover('run', ...args, '--output', 'json')
  expect(exit).toBe(6)
  const lines = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines[0]).toMatchObject({ type: 'run.started', play: { number: 1, of: 2, later: ['web'] } })
  expect(lines.at(-1)).toMatchObject({
    type: 'plays.finished',
    exit: 6,
    summary: 'not begun: web',
    plays: [
      { play: 1, name: 'db', run: lines[0].run, outcome: 'refused', exit: 6 },
      { play: 2, name: 'web', run: null, outcome: null, exit: null },
    ],
  })
})

test('plan --diff names hosts that do not answer, and exits with 6 whatever it was to tell', () => {
  for (const flag of ['-D', '--detailed-exitcode']) {
    const { exit, out } = desk.handover('plan', 'site.yml', '-i', 'hosts.ini', '-l', 'db', '-T', '2', flag)
    expect(exit).toBe(6)
    expect(out).toMatch(/\ndb2 +all +unreachable\ndb1 +all +unreachable\n/)
    expect(out).toContain('2 hosts: 2 unreachable')
  }
})

test.each([
  [['run', 'site.yml', '-i', 'hosts.ini', '-D'], '-D goes with -C'],
  [['plan', 'site.yml', '-i', 'hosts.ini', '--seed', '-1'], 'a whole number from 0'],
  [['plan', 'down.yml', '-i', 'hosts.ini', '--seed', '1'], 'no play has "order: shuffle"'],
  [['status', '--seed', '1'], '--seed mean'],
] as const)('wrong usage %j', (args, text) => {
  desk.write('down.yml', `${play('db')}${play('web')}`)
  const { exit, err } = desk.handover(...args)
  expect(exit).toBe(5)
  expect(err).toContain(text)
})
