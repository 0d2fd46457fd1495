import { expect, it } from 'vitest'
import { fault } from '../../src/core/fault.ts'
import { formatFleetStatus, type HostStatus } from '../../src/report/fleet-text.ts'
import { fresh, names, old, unsafe } from './world.ts'

const style = { color: false }
const row = (host: string, more: Partial<HostStatus> = {}): HostStatus => ({
  ...old,
  host,
  lock: null,
  ...more,
})

it('shows what each host runs, and what is not in order', () => {
  const rows = [
    row('h01'),
    row('h02', fresh),
    row('h03', { runsPath: false, masters: 2, draining: 1 }),
    row('h04', { lock: { owner: 'run 20261120 of deploy', leaseMs: 5000 } }),
    row('h05', { pid: 0, workers: 0, masters: 0 }),
  ]
  const lost = fault('SSH_UNREACHABLE', 'no route to host', { host: 'h06', hint: 'is it up?' })
  expect(formatFleetStatus(rows, [lost], style).join('\n')).toMatchInlineSnapshot(`
    "host  version  sha256        pid   workers  state
    h01   1.22.1   aaaaaaaaaaaa  1000  4        ok
    h02   1.26.3   bbbbbbbbbbbb  1000  4        ok
    h03   1.22.1   aaaaaaaaaaaa  1000  4        on disk another, 2 masters, 1 dra...
    h04   1.22.1   aaaaaaaaaaaa  1000  4        locked by run 20261120 of deploy
    h05   1.22.1   aaaaaaaaaaaa  -     0        no pid file

    error SSH_UNREACHABLE: h06: no route to host
      hint: is it up?

    5 hosts seen, 4 with 1.22.1, 1 with 1.26.3, 3 not in order, 1 not seen, 1 fault"
  `)
})

it('shows 400 hosts in groups', () => {
  const rows = names(400).map((host, index) => row(host, index < 3 ? fresh : {}))
  const faults = names(400)
    .slice(0, 40)
    .map(host => fault('HOST_UNFIT', 'the file system is read-only', { host, hint: 'free it' }))
  expect(formatFleetStatus(rows, faults, style).join('\n')).toMatchInlineSnapshot(`
    "hosts  version  sha256        state  which
    397    1.22.1   aaaaaaaaaaaa  ok     h004, h005, h006, h007, h008, h009, h010...
    3      1.26.3   bbbbbbbbbbbb  ok     h001, h002, h003

    error HOST_UNFIT: the file system is read-only
      on 40 hosts: h001, h002, h003, h004, h005, h006, h007, h008 and 32 more
      hint: free it

    400 hosts seen, 397 with 1.22.1, 3 with 1.26.3, 40 faults"
  `)
})

it('shows what is worth knowing below the faults', () => {
  const notes = ['no `worker_shutdown_timeout`']
  const lines = formatFleetStatus([row('h01', { notes }), row('h02', { notes })], [], style)
  expect(lines.slice(3)).toEqual([
    '',
    'note: h01, h02: no `worker_shutdown_timeout`',
    '',
    '2 hosts seen, 2 with 1.22.1',
  ])
})

it('shows faults alone when no host could be seen', () => {
  const lines = formatFleetStatus([], [fault('SSH_UNREACHABLE', 'no route to host', { host: 'h01' })], style)
  expect(lines).toEqual([
    'error SSH_UNREACHABLE: h01: no route to host',
    '',
    '0 hosts seen, 1 not seen, 1 fault',
  ])
})

it('escapes and bounds what a host says, within the width', () => {
  const evil = `\u001b[2J\u202e\r\n${'z'.repeat(5000)}`
  const lines = formatFleetStatus(
    [row('h01', { version: evil, sha256: evil, lock: { owner: evil, leaseMs: null } })],
    [],
    {
      color: false,
      width: 60,
    },
  )
  expect(lines.join('')).not.toMatch(unsafe)
  expect(lines[1]?.length).toBeLessThanOrEqual(60)
})
