import { describe, expect, test } from 'vitest'
import type { Connection } from '../../src/inventory/connection.ts'
import type { Vars } from '../../src/inventory/inventory.ts'
import { connectionsOf } from '../../src/inventory/targets.ts'
import { brief, faultsOfCall, loadFiles, loadYaml } from './files.ts'

function connection(vars: string, extra: Vars = {}): Connection | undefined {
  return connectionsOf(
    loadYaml(`all:\n  hosts:\n    web1.example.com:\n${vars}`),
    ['web1.example.com'],
    {},
    extra,
  ).get('web1.example.com')
}

const inHost = (...lines: string[]) => lines.map(line => `      ${line}\n`).join('')

test('names and parts of names are filled in where a value is used', () => {
  const vars = inHost(
    'ansible_host: "{{ inventory_hostname_short }}.{{ net.domains.1 }}"',
    'net: { domains: [x, "{{ base }}"], port: 2200 }',
    'base: internal',
    'ansible_port: "{{ net.port }}"',
    'ansible_user: "{{ who }}"',
    'who: "{{who2}}"',
    'who2: deploy',
    'ansible_become: "{{ yes_please }}"',
    'yes_please: true',
  )
  expect(connection(vars)).toMatchObject({
    address: 'web1.internal',
    port: 2200,
    user: 'deploy',
    become: true,
  })
  expect(connection(vars, { who: 'eve' })).toMatchObject({ user: 'eve' })
})

test('names of groups and of the playbook side count, too', () => {
  const inventory = loadFiles({ hosts: '[web]\na ansible_host={{site}}.b\n', 'group_vars/web': 'site: x' })
  expect(connectionsOf(inventory, ['a']).get('a')?.address).toBe('x.b')
})

test('a template that is not used is nobody else’s business', () => {
  expect(connection(inHost("other: \"{{ lookup('pipe', 'id') }}\"", 'more: "{% if %}"'))?.address).toBe(
    'web1.example.com',
  )
})

describe('everything else is refused with its name and place', () => {
  test.each([
    ['{{ x | default(1) }}', 'the filter "default" is not supported in an inventory'],
    ['a{{ x|lower }}', 'the filter "lower" is not supported in an inventory'],
    [
      "{{ lookup('pipe', 'id') }}",
      "the expression {{ lookup('pipe', 'id') }} is not supported in an inventory",
    ],
    ["{{ hostvars['b'].x }}", "the expression {{ hostvars['b'].x }} is not supported in an inventory"],
    ['{{ 1 + 1 }}', 'the expression {{ 1 + 1 }} is not supported in an inventory'],
    ['{% if x %}a{% endif %}', 'the statement {% if x %}a{% endif %} is not supported'],
    ['a{# c #}', 'the template comment {# c #} is not supported'],
    ['{{ nowhere }}', 'this host has no variable "nowhere"'],
    ['{{ x.y }}', '"x.y" is not there: nothing is called "y"'],
    ['{{ x.constructor }}', '"x.constructor" is not there: nothing is called "constructor"'],
    ['{{ __proto__ }}', 'this host has no variable "__proto__"'],
    ['{{ ansible_host }}', 'it needs itself: ansible_host -> ansible_host'],
    ['{{ loop }}', 'it needs itself: ansible_host -> loop -> pool -> loop'],
    ['a{{ list }}', '"list" is a list and cannot stand inside a text'],
    ['a{{ empty }}', '"empty" is empty and cannot stand inside a text'],
    ['{{ x', 'a template is opened with {{ and never closed'],
    ['{{ twice }}', 'the text grows beyond 65536 characters'],
  ])('%s', (template, message) => {
    const doubled = Array.from({ length: 20 }, (_, n) => `d${n}: "{{ d${n + 1} }}{{ d${n + 1} }}"`)
    const vars = inHost(
      `ansible_host: ${JSON.stringify(template)}`,
      'x: text',
      'loop: "{{ pool }}"',
      'pool: "{{ loop }}"',
      'list: [1]',
      'empty:',
      'twice: "{{ d0 }}"',
      ...doubled,
      'd20: 0123456789abcdef',
    )
    const faults = faultsOfCall(() => connection(vars))
    expect(brief(faults)).toEqual([`INVENTORY_TEMPLATE 4:7 ansible_host: ${message}`])
  })

  test('variables that double each other to nothing take no time', () => {
    const doubled = Array.from({ length: 30 }, (_, n) => `d${n}: "{{ d${n + 1} }}{{ d${n + 1} }}"`)
    const found = connection(inHost('ansible_host: "a{{ d0 }}"', ...doubled, 'd30: ""'))
    expect(found?.address).toBe('a')
  })

  test('a suggestion', () => {
    const [fault] = faultsOfCall(() => connection(inHost('ansible_host: "{{ adress }}"', 'address: x')))
    expect(fault?.hint).toBe('did you mean "address"?')
  })

  test('what is tagged !unsafe is never filled in', () => {
    expect(brief(faultsOfCall(() => connection(inHost('ansible_host: !unsafe "{{ x }}"', 'x: 1'))))).toEqual([
      'INVENTORY_TEMPLATE 4:29 this is tagged !unsafe and looks like a template: it cannot be used without filling it in',
    ])
    expect(connection(inHost('ansible_host: !unsafe plain'))?.address).toBe('plain')
  })
})
