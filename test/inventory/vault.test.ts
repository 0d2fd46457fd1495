/** Vaults that the real ansible-vault made. */
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { drawGraph } from '../../src/inventory/graph.ts'
import { hostVars } from '../../src/inventory/host-vars.ts'
import { listInventory, listingText } from '../../src/inventory/listing.ts'
import { loadInventory, secretsOf } from '../../src/inventory/source.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import type { VaultPassword } from '../../src/inventory/vault.ts'
import { readVaultPasswords } from '../../src/inventory/vault-passwords.ts'
import { brief, directoryWith, faultsOfCall } from './files.ts'

const secret = 'pässword "with" {{ braces\nand lines'
const passwords: readonly VaultPassword[] = [
  { label: 'default', password: Buffer.from('wrong') },
  { label: 'prod', password: Buffer.from('right') },
]

/** As `ansible-vault` writes them: starting it three times would take longer than all of these tests. */
const makeVaults = `
import json, sys
from ansible.parsing.vault import VaultLib, VaultSecret
key = VaultSecret(b'right')
vault = VaultLib([('default', key)])
texts = json.load(sys.stdin)
print(json.dumps([
  [vault.encrypt(text, key).decode(), vault.encrypt(text, key, vault_id='prod').decode()] for text in texts
]))
`

let plain: string
let labelled: string
let wholeVars: string
let wholeHosts: string

beforeAll(() => {
  const texts = [secret, 'token: file-secret\nnested: [inner-secret, 7]\n', '[web]\na word=ini-secret\n']
  const output = execFileSync('/usr/bin/python3', ['-c', makeVaults], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  })
  const [first, second, third] = JSON.parse(output) as [string, string][]
  plain = first?.[0] ?? ''
  labelled = first?.[1] ?? ''
  wholeVars = second?.[0] ?? ''
  wholeHosts = third?.[1] ?? ''
})

const tagged = (text: string) => `!vault |\n${text.trimEnd().replace(/^/gm, '          ')}\n`

function write(more: Record<string, string> = {}): string {
  return directoryWith({
    hosts: 'a\n',
    'host_vars/a': `one: ${tagged(plain)}two:\n  in: [x, ${JSON.stringify('y')}]\n  deep: ${tagged(labelled)}`,
    ...more,
  })
}

test('the vaults are what ansible-vault writes', () => {
  expect(plain).toMatch(/^\$ANSIBLE_VAULT;1\.1;AES256\n[0-9a-f]{80}\n/)
  expect(labelled).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;prod\n/)
})

test('values are opened when they are used, and remembered as secrets', () => {
  const inventory = loadInventory([join(write(), 'hosts')], { vaultPasswords: passwords })
  const vars = hostVars(inventory, 'a')
  expect([...secretsOf(inventory)]).toEqual([])
  expect(vars.one).toBe(secret)
  expect([...secretsOf(inventory)]).toEqual([secret])
  expect(vars.two).toEqual({ in: ['x', 'y'], deep: secret })
})

test('whole files are opened at once, and every text in them is a secret', () => {
  const directory = write({ 'group_vars/all': wholeVars, inv: wholeHosts })
  const sources = [join(directory, 'hosts'), join(directory, 'inv')]
  const inventory = loadInventory(sources, { vaultPasswords: passwords })
  expect(hostVars(inventory, 'a')).toMatchObject({
    token: 'file-secret',
    nested: ['inner-secret', 7],
    word: 'ini-secret',
  })
  expect([...secretsOf(inventory)].sort()).toEqual(['file-secret', 'ini-secret', 'inner-secret'])
})

test('--list shows the encrypted text, --graph --vars not even that, with and without a password', () => {
  for (const vaultPasswords of [[], passwords]) {
    const inventory = loadInventory([join(write(), 'hosts')], { vaultPasswords })
    const listed = JSON.parse(listingText(listInventory(inventory)))._meta.hostvars.a
    expect(listed).toEqual({
      one: { __ansible_vault: plain },
      two: { in: ['x', 'y'], deep: { __ansible_vault: labelled } },
    })
    expect(drawGraph(inventory, 'all', { vars: true })?.join('\n')).toContain('{one = (encrypted)}')
    expect(secretsOf(inventory).size).toBe(0)
  }
})

describe('what cannot be opened is refused with its place', () => {
  const used = (vaultPasswords: readonly VaultPassword[], text: string) => {
    const directory = directoryWith({
      hosts: 'a\n',
      'host_vars/a.yml': `x: 1\nansible_host: ${tagged(text)}`,
    })
    const inventory = loadInventory([join(directory, 'hosts')], { vaultPasswords })
    return faultsOfCall(() => connectionsOf(inventory, ['a']))
  }

  test('without a password, naming the flag', () => {
    const [fault] = used([], labelled)
    expect(brief(fault ? [fault] : [])).toEqual([
      'INVENTORY_VAULT 2:22 this is encrypted with Ansible Vault, and no password was given',
    ])
    expect(fault?.place?.file).toMatch(/host_vars\/a\.yml$/)
    expect(fault?.hint).toContain('--vault-password-file FILE or --vault-id prod@FILE')
  })

  test('with another password', () => {
    const [fault] = used([passwords[0] as VaultPassword], labelled)
    expect(fault?.message).toMatch(/^no password that was given opens this \(its label is "prod"\)/)
  })

  test('a whole file is refused when it is read', () => {
    const directory = write({ 'group_vars/all.yml': wholeVars })
    const faults = faultsOfCall(() => loadInventory([join(directory, 'hosts')]))
    expect(faults).toMatchObject([
      { code: 'INVENTORY_VAULT', place: { file: join(directory, 'group_vars/all.yml') } },
    ])
  })

  test.each([
    [
      'changed',
      (text: string) =>
        text.replace(/(\n[0-9a-f]{41})([0-9a-f])/, (_, head, digit) => head + (digit === '3' ? '6' : '3')),
      /no password|damaged/,
    ],
    ['cut', (text: string) => text.slice(0, 200), /damaged/],
    ['empty', (text: string) => text.slice(0, 26), /damaged/],
    [
      'another cipher',
      (text: string) => text.replace('AES256', 'AES'),
      /the vault cipher "AES" is not AES256/,
    ],
    ['another version', (text: string) => text.replace('1.1', '2.0'), /the vault format "2\.0"/],
    ['no vault at all', () => 'hello', /does not begin with/],
  ])('%s', (_what, spoil, message) => {
    expect(used(passwords, spoil(plain))[0]).toMatchObject({
      code: 'INVENTORY_VAULT',
      message: expect.stringMatching(message),
    })
  })

  test('a mistake inside of an encrypted file does not show its lines', () => {
    const spoiled = execFileSync('/usr/bin/python3', ['-c', makeVaults], {
      input: JSON.stringify([
        'token: [hidden-secret\n',
        'token: 1\n- hidden-secret\n',
        'a: &x hidden-secret\nb: *y\n',
        'a: hidden-secret\n"hidden-secret" x\n',
        '- hidden-secret\n',
      ]),
      encoding: 'utf8',
    })
    for (const [text] of JSON.parse(spoiled) as [string, string][]) {
      const files = directoryWith({ hosts: 'a\n', 'group_vars/all': text })
      const faults = faultsOfCall(() => loadInventory([join(files, 'hosts')], { vaultPasswords: passwords }))
      expect(faults.length).toBeGreaterThan(0)
      expect(JSON.stringify(faults)).not.toContain('hidden')
      const inventory = directoryWith({ hosts: text })
      const others = faultsOfCall(() =>
        loadInventory([join(inventory, 'hosts')], { vaultPasswords: passwords }),
      )
      expect(JSON.stringify(others)).not.toContain('hidden')
      expect(others[0]?.place).toEqual({
        file: join(inventory, 'hosts'),
        line: expect.any(Number),
        column: expect.any(Number),
      })
    }
  })
})

describe('where passwords come from', () => {
  test('files, labels, the environment, programs, and a password that is itself a vault', () => {
    const directory = directoryWith({
      one: '  first \n',
      'two@home': 'second\n',
      env: 'third',
      program: '#!/bin/sh\necho fourth\n',
      'keyring-client.sh': '#!/bin/sh\necho "$1=$2"\n',
      right: 'right',
      vaulted: plain,
    })
    for (const name of ['program', 'keyring-client.sh']) chmodSync(join(directory, name), 0o755)
    const at = (name: string) => join(directory, name)
    const found = readVaultPasswords(
      {
        vaultId: [`prod@${at('two@home')}`, `dev@${at('keyring-client.sh')}`, at('right')],
        vaultPasswordFile: [at('one'), at('program'), at('vaulted')],
      },
      { ANSIBLE_VAULT_PASSWORD_FILE: at('env') },
    )
    expect(found.map(({ label, password }) => [label, password.toString()])).toEqual([
      ['prod', 'second'],
      ['dev', '--vault-id=dev'],
      ['default', 'right'],
      ['default', 'first'],
      ['default', 'fourth'],
      ['default', secret],
      ['default', 'third'],
    ])
  })

  test('what cannot be used is refused, all at once', () => {
    const directory = directoryWith({
      empty: '\n',
      open: '#!/bin/sh\necho x\n',
      fails: '#!/bin/sh\necho why >&2\nexit 4\n',
    })
    chmodSync(join(directory, 'open'), 0o777)
    chmodSync(join(directory, 'fails'), 0o700)
    const files = ['nowhere', 'empty', 'open', 'fails'].map(name => join(directory, name))
    const faults = faultsOfCall(() =>
      readVaultPasswords({ vaultPasswordFile: files, vaultId: ['me@prompt'] }, {}),
    )
    expect(faults.map(fault => fault.message.replaceAll(`${directory}/`, ''))).toEqual([
      'asking for a vault password is not built yet',
      'cannot read nowhere: there is no such file (ENOENT)',
      'empty holds no password',
      'open is not run: every user may write to it',
      'fails ended with exit code 4: why',
    ])
  })
})
