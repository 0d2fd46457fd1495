import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { connectionOf } from '../../src/inventory/connection.ts'
import type { Vars } from '../../src/inventory/inventory.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import { faultsOfCall, loadIni } from './files.ts'

const plain = {
  address: 'h',
  port: 22,
  isPortSet: false,
  identityFiles: [],
  knownHostsFiles: [],
}

describe('what is understood', () => {
  test.each([
    [{}, {}],
    [
      { ansible_host: '10.0.0.1', ansible_port: 2222 },
      { address: '10.0.0.1', port: 2222, isPortSet: true },
    ],
    [
      { ansible_host: '[::1]', ansible_port: '2222' },
      { address: '::1', port: 2222, isPortSet: true },
    ],
    [
      { ansible_ssh_host: 'x', ansible_ssh_user: 'u', ansible_ssh_port: 1 },
      { address: 'x', user: 'u', port: 1, isPortSet: true },
    ],
    [
      { host: 'x', port: 23, user: 'u', become: 'yes' },
      { address: 'x', port: 23, isPortSet: true, user: 'u', become: true },
    ],
    [
      { host: 'app', ansible_host: 'x', port: 8080, ansible_port: 22 },
      { address: 'x', port: 22, isPortSet: true },
    ],
    [{ ansible_host: '', ansible_user: '' }, {}],
    [{ ansible_user: 'DOMAIN\\deploy' }, { user: 'DOMAIN\\deploy' }],
    [{ ansible_ssh_private_key_file: '~/.ssh/id' }, { identityFiles: [`${homedir()}/.ssh/id`] }],
    [{ ansible_become: true, ansible_become_method: 'sudo', ansible_become_user: 'root' }, { become: true }],
    [{ ansible_become: 'False' }, { become: false }],
    [{ ansible_timeout: 15 }, { connectTimeoutMs: 15_000 }],
    [{ ansible_connection: 'ssh' }, {}],
    [{ ansible_ssh_common_args: '-o UserKnownHostsFile=/k' }, { knownHostsFiles: ['/k'] }],
    [
      { ansible_ssh_common_args: '-oUserKnownHostsFile="/k ~/l" -o StrictHostKeyChecking=yes' },
      { knownHostsFiles: ['/k', `${homedir()}/l`] },
    ],
    [
      { ansible_ssh_extra_args: `-o 'userknownhostsfile /k' -o "stricthostkeychecking = true"` },
      { knownHostsFiles: ['/k'] },
    ],
    [{ timeout: 3, password: 'of the application', become_note: 1 }, {}],
  ] as [Vars, object][])('%j', (vars, expected) => {
    expect(connectionOf(vars, 'h')).toEqual({ ...plain, ...expected })
  })

  test('defaults count where the inventory says nothing', () => {
    const defaults = {
      user: 'cli',
      port: 2200,
      identityFiles: ['/i'],
      knownHostsFiles: ['/k'],
      become: true,
      connectTimeoutMs: 1,
    }
    expect(connectionOf({}, 'h', defaults)).toEqual({ ...plain, ...defaults })
    expect(connectionOf({ ansible_user: 'x', ansible_become: false }, 'h', defaults)).toMatchObject({
      user: 'x',
      become: false,
    })
  })
})

describe('what is not understood is refused by name', () => {
  test.each([
    [{ ansible_connection: 'local' }, 'INVENTORY_NOT_BUILT', /ansible_connection=local/],
    [{ ansible_become_method: 'su' }, 'INVENTORY_UNSUPPORTED', /ansible_become_method=su/],
    [{ ansible_become_user: 'nginx' }, 'INVENTORY_UNSUPPORTED', /ansible_become_user=nginx/],
    [{ become_user: 'nginx' }, 'INVENTORY_UNSUPPORTED', /become_user=nginx/],
    [{ ansible_become_password: 'hunter2' }, 'INVENTORY_UNSUPPORTED', /^ansible_become_password is not/],
    [{ ansible_become_pass: 'hunter2' }, 'INVENTORY_UNSUPPORTED', /^ansible_become_pass is not/],
    [{ ansible_password: 'hunter2' }, 'INVENTORY_UNSUPPORTED', /^ansible_password is not/],
    [{ ansible_ssh_pass: 'hunter2' }, 'INVENTORY_UNSUPPORTED', /^ansible_ssh_pass is not/],
    [{ ansible_become_flags: '-i' }, 'INVENTORY_UNSUPPORTED', /ansible_become_flags/],
    [{ ansible_host_key_checking: false }, 'INVENTORY_UNSUPPORTED', /ansible_host_key_checking/],
    [
      { ansible_ssh_common_args: '-o StrictHostKeyChecking=no' },
      'INVENTORY_UNSUPPORTED',
      /StrictHostKeyChecking=no/,
    ],
    [
      { ansible_ssh_common_args: '-o StrictHostKeyChecking=accept-new' },
      'INVENTORY_UNSUPPORTED',
      /accept-new/,
    ],
    [{ ansible_ssh_common_args: '-o ProxyJump=b' }, 'INVENTORY_NOT_BUILT', /ProxyJump/],
    [{ ansible_ssh_common_args: '-J b' }, 'INVENTORY_NOT_BUILT', /-J/],
    [{ ansible_ssh_common_args: '-oProxyCommand="ssh -W %h:%p b"' }, 'INVENTORY_UNSUPPORTED', /ProxyCommand/],
    [{ ansible_ssh_extra_args: '-A' }, 'INVENTORY_UNSUPPORTED', /"-A"/],
    [{ ansible_ssh_args: '-o' }, 'INVENTORY_BAD_VALUE', /is not Key=value/],
    [{ ansible_ssh_args: '"-o' }, 'INVENTORY_BAD_VALUE', /quote/],
    [{ ansible_port: 0 }, 'INVENTORY_BAD_PORT', /1 to 65535/],
    [{ ansible_port: '22x' }, 'INVENTORY_BAD_PORT', /1 to 65535/],
    [{ ansible_port: 22.5 }, 'INVENTORY_BAD_PORT', /1 to 65535/],
    [{ ansible_port: [22] }, 'INVENTORY_BAD_PORT', /1 to 65535/],
    [{ ansible_host: '-oProxyCommand=id' }, 'INVENTORY_BAD_NAME', /begins with "-"/],
    [{ ansible_host: '{{ other }}' }, 'INVENTORY_BAD_NAME', /may only contain/],
    [{ ansible_host: ['a'] }, 'INVENTORY_BAD_VALUE', /must be text/],
    [{ ansible_user: '-l' }, 'INVENTORY_BAD_NAME', /the user/],
    [{ ansible_user: 'a b' }, 'INVENTORY_BAD_NAME', /the user/],
    [{ ansible_become: 'maybe' }, 'INVENTORY_BAD_VALUE', /true or false/],
    [{ ansible_timeout: '1.5' }, 'INVENTORY_BAD_VALUE', /whole seconds/],
  ] as [Vars, string, RegExp][])('%j', (vars, code, message) => {
    const faults = faultsOfCall(() => connectionOf(vars, 'h'))
    expect(faults).toEqual([
      expect.objectContaining({ code, host: 'h', message: expect.stringMatching(message) }),
    ])
    expect(JSON.stringify(faults)).not.toContain('hunter2')
  })
})

test('connections of several hosts, with places from the inventory', () => {
  const inventory = loadIni(
    'a ansible_host=10.0.0.1\nb ansible_host=10.0.0.2 ansible_port=x\n[all:vars]\nansible_ssh_pass=p\n',
  )
  const faults = faultsOfCall(() => connectionsOf(inventory, ['a', 'b']))
  expect(faults.map(({ code, host, place }) => [code, host, place?.line, place?.column])).toEqual([
    ['INVENTORY_UNSUPPORTED', 'a', 4, 1],
    ['INVENTORY_BAD_PORT', 'b', 2, 25],
  ])
})

test('one machine under two names is refused, another port or user is another machine', () => {
  const text = (more: string) => `a ansible_host=Host.example\nb ansible_host=host.example ${more}\n`
  const [fault] = faultsOfCall(() => connectionsOf(loadIni(text('')), ['a', 'b']))
  expect(fault).toMatchObject({ code: 'INVENTORY_SAME_TARGET', host: 'b', place: { line: 2 } })
  expect(connectionsOf(loadIni(text('ansible_port=23')), ['a', 'b']).size).toBe(2)
  expect(connectionsOf(loadIni(text('ansible_user=x')), ['a', 'b']).size).toBe(2)
  expect(connectionsOf(loadIni(text('')), ['b']).size).toBe(1)
})

test('a mistake in a group is told once for all its hosts', () => {
  const inventory = loadIni(
    '[web]\nw[1:500]\n[web:vars]\nansible_host={{ nowhere }}\n[db]\nd ansible_port=x\n',
  )
  const faults = faultsOfCall(() => connectionsOf(inventory, [...inventory.hosts.keys()]))
  expect(faults.map(({ host, message }) => [host, message])).toEqual([
    ['w1', 'ansible_host: this host has no variable "nowhere" (the same on 499 other hosts)'],
    ['d', 'ansible_port must be a whole number from 1 to 65535, not "x"'],
  ])
})

test('-e wins over the inventory, and templates see it', () => {
  const inventory = loadIni('a ansible_host="{{ where }}"')
  expect(connectionsOf(inventory, ['a'], {}, { where: 'x' }).get('a')?.address).toBe('x')
  expect(connectionsOf(inventory, ['a'], {}, { ansible_host: 'y' }).get('a')?.address).toBe('y')
})
