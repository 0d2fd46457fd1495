/** Maintenance windows on the command line, where nobody has to be contacted: the plan, the refusal, the wait. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
const base = `name: try
hosts: web
artifact: { src: artifacts/nginx-1.26.3 }
handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
stages: [{ name: a, hosts: 1, bake: 2h }, { name: b, hosts: rest }]
`
/** Open for an hour that is not this one. */
const hour = (new Date().getUTCHours() + 12) % 24
const nightly = `windows: [{ allow: "30 ${hour} * * *", duration: 1h, time_zone: UTC, cutoff: 10m }]\n`

beforeAll(() => {
  desk = openDesk()
  desk.write('up.yml', `${base}${nightly}on_window_close: hold\n`)
  desk.write('short.yml', `${base}${nightly}`)
  desk.write('never.yml', `${base}windows: [{ deny: "0 0 * * *", duration: 24h, time_zone: UTC }]\n`)
  desk.write('hosts.ini', '[web]\na\nb\n')
})
afterAll(() => desk.clear())

test('plan shows the windows and the next openings, also as JSON', () => {
  const { out } = desk.handover('plan', 'up.yml', '-i', 'hosts.ini')
  const time = `${String(hour).padStart(2, '0')}:30`
  expect(
    out.split('\n').filter(line => line.startsWith('  opens ') && line.includes(`${time} UTC, until`)),
  ).toHaveLength(3)
  expect(out).toContain('when the window closes in between: hosts in hand are finished, then the run holds')
  const json = JSON.parse(desk.handover('plan', 'up.yml', '-i', 'hosts.ini', '--output', 'json').out)
  expect(json.windows).toMatchObject({ onClose: 'hold', rules: [{ kind: 'allow', timeZone: 'UTC' }] })
  expect(json.openings).toHaveLength(3)
  for (const { from, starts_until, until } of json.openings) {
    expect(Date.parse(until) - Date.parse(from)).toBe(3_600_000)
    expect(Date.parse(until) - Date.parse(starts_until)).toBe(600_000)
  }
})

test('run outside of them is refused before anything is written or asked', () => {
  const { exit, err } = desk.handover('run', 'up.yml', '-i', 'hosts.ini')
  expect(exit).toBe(8)
  expect(err).toMatch(
    /^error WINDOW_CLOSED: the maintenance window is closed: hosts may start from \w{3} .* UTC\n {2}hint: .*--wait/,
  )
  const json = desk.handover('run', 'up.yml', '-i', 'hosts.ini', '--output', 'json')
  expect(JSON.parse(json.out)).toMatchObject({
    type: 'run.refused',
    exit: 8,
    faults: [{ code: 'WINDOW_CLOSED' }],
  })
  expect(existsSync(join(desk.dir, '.handover'))).toBe(false)
})

test.each([
  ['short.yml', 'is open for longer than the bakes between the first host and the last (2h)'],
  ['never.yml', 'never open within the next two years'],
])('%s is not waited for', (playbook, text) => {
  const { exit, err } = desk.handover('run', playbook, '-i', 'hosts.ini', '--wait')
  expect(exit).toBe(4)
  expect(err).toContain(text)
})

test('validate, --list-hosts and --syntax-check know no time', () => {
  expect(desk.handover('validate', 'up.yml', '-i', 'hosts.ini').exit).toBe(0)
  expect(desk.handover('run', 'up.yml', '-i', 'hosts.ini', '--list-hosts').exit).toBe(0)
  expect(desk.handover('run', 'up.yml', '-i', 'hosts.ini', '--syntax-check').exit).toBe(0)
})
