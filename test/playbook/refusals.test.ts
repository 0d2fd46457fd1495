/** Every refusal of a playbook: its code and, at `»`, its exact place. */
import { describe, expect, it } from 'vitest'
import { faultsFrom, head, load, marked, minimal } from './world.ts'

const health = (check: string) => `${minimal}health:\n  - ${check}\n`
const stages = (...list: string[]) => `${minimal}stages:\n${list.map(one => `  - ${one}\n`).join('')}`
const handover = (more: string) => `${head}handover: { driver: nginx, ${more} }\n`

const tables: Record<string, [title: string, playbook: string, ...codes: string[]][]> = {
  'the document': [
    ['nothing at all', '', 'PLAYBOOK_TYPE'],
    ['a text', '»hello', 'PLAYBOOK_TYPE'],
    ['an empty list', '»[]\n', 'PLAYBOOK_TYPE'],
    ['a list of other things', '- »web\n- »5\n-»\n- »[a]\n', ...Array(4).fill('PLAYBOOK_TYPE')],
    ['broken YAML', 'name: a\n»name: b\n', 'YAML_SYNTAX'],
  ],
  'unknown keys': [
    ['at the top', `${minimal}»concurency: 5\n`, 'PLAYBOOK_UNKNOWN_KEY'],
    ['in a flow mapping', `${minimal}rollback: { »concurrencey: 5 }\n`, 'PLAYBOOK_UNKNOWN_KEY'],
    ['in handover', handover('binary: /a, pid_file: /b, »pidfile: /c'), 'PLAYBOOK_UNKNOWN_KEY'],
    ['in a stage', stages('{ name: a, hosts: rest, »bakes: 5m }'), 'PLAYBOOK_UNKNOWN_KEY'],
    ['in a probe', health('{ name: a, http: { url: "http://a", »stats: 200 } }'), 'PLAYBOOK_UNKNOWN_KEY'],
    ['instead of a probe', health('{ name: a, »htp: { url: "http://a" } }'), 'PLAYBOOK_UNKNOWN_KEY'],
    ['of Ansible', `${minimal}»serial: 5\n»tasks: []\n`, 'PLAYBOOK_UNKNOWN_KEY', 'PLAYBOOK_UNKNOWN_KEY'],
    ['whose templates are not looked at', `${minimal}»serial: "{{ nope }}"\n`, 'PLAYBOOK_UNKNOWN_KEY'],
  ],
  'missing keys': [
    [
      'all of them',
      '»x-a: 1\n',
      'PLAYBOOK_MISSING_KEY',
      'PLAYBOOK_MISSING_KEY',
      'PLAYBOOK_MISSING_KEY',
      'PLAYBOOK_MISSING_KEY',
    ],
    ['in artifact', minimal.replace('{ src: nginx-new }', '»{}'), 'PLAYBOOK_MISSING_KEY'],
    ['in handover', `${head}handover:\n  »driver: nginx\n  binary: /a\n`, 'PLAYBOOK_MISSING_KEY'],
    ['in a probe', health('{ name: a, tcp: »{ from: host } }'), 'PLAYBOOK_MISSING_KEY'],
    ['a probe', health('»{ name: a }'), 'PLAYBOOK_MISSING_KEY'],
    ['in a stage', stages('»{ hosts: rest }'), 'PLAYBOOK_MISSING_KEY'],
  ],
  types: [
    ['number as text', minimal.replace('name: nginx', 'name: »5'), 'PLAYBOOK_TYPE'],
    ['list of patterns', minimal.replace('hosts: web', 'hosts: »[a, b]'), 'PLAYBOOK_TYPE'],
    ['number as duration', handover('binary: /a, pid_file: /b, drain_timeout: »30'), 'PLAYBOOK_TYPE'],
    ['empty mapping', `${head}handover:»\n`, 'PLAYBOOK_TYPE'],
    ['mapping as list', `${minimal}stages: »{ name: a, hosts: 1 }\n`, 'PLAYBOOK_TYPE'],
    ['text as list of words', health('{ name: a, command: { run: »"curl -f http://a" } }'), 'PLAYBOOK_TYPE'],
    ['number as word', health('{ name: a, command: { run: [a, »5] } }'), 'PLAYBOOK_TYPE'],
    ['list as count', `${minimal}concurrency: »[5]\n`, 'PLAYBOOK_TYPE'],
    ['list as vars', `${minimal}vars: »[a]\n`, 'PLAYBOOK_TYPE'],
    ['number as become', `${minimal}become: »1\n`, 'PLAYBOOK_TYPE'],
    ['true as gate', stages('{ name: a, hosts: rest, gate: »true }'), 'PLAYBOOK_TYPE'],
    ['empty gate', stages('{ name: a, hosts: rest, gate: », gate_timeout: 2h }'), 'PLAYBOOK_TYPE'],
    [
      'number as gate timeout',
      stages('{ name: a, hosts: rest, gate: approval, gate_timeout: »60 }'),
      'PLAYBOOK_TYPE',
    ],
    ['text as status', health('{ name: a, http: { url: "http://a", status: »true } }'), 'PLAYBOOK_TYPE'],
  ],
  values: [
    ['yes', `${minimal}become: »yes\n`, 'PLAYBOOK_VALUE'],
    ['empty name', minimal.replace('name: nginx', 'name: »""'), 'PLAYBOOK_VALUE'],
    ['name of two lines', minimal.replace('name: nginx', 'name: »"a\\nb"'), 'PLAYBOOK_VALUE'],
    ['other driver', minimal.replace('driver: nginx', 'driver: »ngnix'), 'PLAYBOOK_VALUE'],
    ['checksum', minimal.replace('nginx-new', 'nginx-new, sha256: »3c5c'), 'PLAYBOOK_VALUE'],
    ['duration without unit', handover('binary: /a, pid_file: /b, drain_timeout: »"30"'), 'PLAYBOOK_VALUE'],
    ['duration of days', handover('binary: /a, pid_file: /b, drain_timeout: »30d'), 'PLAYBOOK_VALUE'],
    ['duration too long', stages('{ name: a, hosts: rest, bake: »169h }'), 'PLAYBOOK_VALUE'],
    ['start timeout 0', handover('binary: /a, pid_file: /b, start_timeout: »0s'), 'PLAYBOOK_VALUE'],
    ['relative binary', handover('binary: »sbin/nginx, pid_file: /b'), 'PLAYBOOK_VALUE'],
    ['pid file with line break', handover('binary: /a, pid_file: »"/b\\nc"'), 'PLAYBOOK_VALUE'],
    ['pid file with NUL', handover('binary: /a, pid_file: »"/b\\0c"'), 'PLAYBOOK_VALUE'],
    ['relative state_dir', handover('binary: /a, pid_file: /b, state_dir: »state'), 'PLAYBOOK_VALUE'],
    [
      'allowance of words',
      handover('binary: /a, pid_file: /b, allow_config_change: »maybe'),
      'PLAYBOOK_VALUE',
    ],
    ['concurrency 0', `${minimal}concurrency: »0\n`, 'PLAYBOOK_VALUE'],
    ['concurrency 0%', `${minimal}concurrency: »0%\n`, 'PLAYBOOK_VALUE'],
    ['concurrency 2.5', `${minimal}concurrency: »2.5\n`, 'PLAYBOOK_VALUE'],
    ['concurrency of words', `${minimal}concurrency: »many\n`, 'PLAYBOOK_VALUE'],
    ['negative', `${minimal}max_failed: »-1\n`, 'PLAYBOOK_VALUE'],
    ['over 100%', `${minimal}max_failed: »101%\n`, 'PLAYBOOK_VALUE'],
    ['rollback 0', `${minimal}rollback: { concurrency: »0 }\n`, 'PLAYBOOK_VALUE'],
    ['on_drain_limit', `${minimal}on_drain_limit: »kill\n`, 'PLAYBOOK_VALUE'],
    ['commit', `${minimal}commit: »flet\n`, 'PLAYBOOK_VALUE'],
    ['no stages', `${minimal}stages: »[]\n`, 'PLAYBOOK_VALUE'],
    ['stage of 0', stages('{ name: a, hosts: »0 }'), 'PLAYBOOK_VALUE'],
    ['stage of 0%', stages('{ name: a, hosts: »0% }'), 'PLAYBOOK_VALUE'],
    ['stage of 150%', stages('{ name: a, hosts: »150% }'), 'PLAYBOOK_VALUE'],
    ['stage of 12.5%', stages('{ name: a, hosts: »12.5% }'), 'PLAYBOOK_VALUE'],
    ['stage of -1', stages('{ name: a, hosts: »-1 }'), 'PLAYBOOK_VALUE'],
    ['rest first', stages('{ name: a, hosts: »rest }', '{ name: b, hosts: 1 }'), 'PLAYBOOK_VALUE'],
    ['same stage twice', stages('{ name: a, hosts: 1 }', '{ name: »a, hosts: rest }'), 'PLAYBOOK_VALUE'],
    [
      'same check twice',
      `${health('{ name: a, tcp: { address: "a:1" } }')}  - { name: »a, tcp: { address: "a:2" } }\n`,
      'PLAYBOOK_VALUE',
    ],
    [
      'two probes',
      health('{ name: a, tcp: { address: "a:1" }, »http: { url: "http://a" } }'),
      'PLAYBOOK_VALUE',
    ],
    ['url without scheme', health('{ name: a, http: { url: »localhost/x } }'), 'PLAYBOOK_VALUE'],
    ['url of a file', health('{ name: a, http: { url: »"file:///etc" } }'), 'PLAYBOOK_VALUE'],
    ['url with password', health('{ name: a, http: { url: »"http://u:p@a/" } }'), 'PLAYBOOK_VALUE'],
    ['status', health('{ name: a, http: { url: "http://a", status: »99 } }'), 'PLAYBOOK_VALUE'],
    ['from', health('{ name: a, http: { url: "http://a", from: »hosts } }'), 'PLAYBOOK_VALUE'],
    ['address without port', health('{ name: a, tcp: { address: »localhost } }'), 'PLAYBOOK_VALUE'],
    ['port 0', health('{ name: a, tcp: { address: »"a:0" } }'), 'PLAYBOOK_VALUE'],
    ['port 65536', health('{ name: a, tcp: { address: »"a:65536" } }'), 'PLAYBOOK_VALUE'],
    ['bare IPv6', health('{ name: a, tcp: { address: »"::1:80" } }'), 'PLAYBOOK_VALUE'],
    ['empty command', health('{ name: a, command: { run: »[] } }'), 'PLAYBOOK_VALUE'],
    [
      'relative command on a host',
      health('{ name: a, command: { run: [»./x], from: host } }'),
      'PLAYBOOK_VALUE',
    ],
    [
      'deadline too short',
      health('{ name: a, tcp: { address: "a:1" }, interval: 2s, healthy: 5, deadline: »9s }'),
      'PLAYBOOK_VALUE',
    ],
    [
      'default deadline too short',
      health('»{ name: a, tcp: { address: "a:1" }, interval: 20s }'),
      'PLAYBOOK_VALUE',
    ],
    [
      'timeout over deadline',
      health('{ name: a, tcp: { address: "a:1" }, timeout: 40s, deadline: »30s }'),
      'PLAYBOOK_VALUE',
    ],
    ['other gate', stages('{ name: a, hosts: rest, gate: »manual }'), 'PLAYBOOK_VALUE'],
    [
      'gate timeout under 1s',
      stages('{ name: a, hosts: rest, gate: approval, gate_timeout: »999ms }'),
      'PLAYBOOK_VALUE',
    ],
    ['gate timeout without a gate', stages('{ name: a, hosts: rest, »gate_timeout: 2h }'), 'PLAYBOOK_VALUE'],
    [
      'gate timeout beside a gate that is misspelt',
      stages('{ name: a, hosts: rest, »gates: approval, gate_timeout: 2h }'),
      'PLAYBOOK_UNKNOWN_KEY',
    ],
    ['healthy 0', health('{ name: a, tcp: { address: "a:1" }, healthy: »0 }'), 'PLAYBOOK_VALUE'],
  ],
  'variables and templates': [
    ['a number that loses a digit', `vars: { version: »1.10 }\n${minimal}`, 'PLAYBOOK_UNQUOTED_NUMBER'],
    ['a mode', `vars: { a: [{ mode: »0755 }] }\n${minimal}`, 'PLAYBOOK_UNQUOTED_NUMBER'],
    ['a number as name', minimal.replace('name: nginx', 'name: »1.10'), 'PLAYBOOK_UNQUOTED_NUMBER'],
    ['a number behind an anchor', `x-v: &v »1.10\nvars: { v: *v }\n${minimal}`, 'PLAYBOOK_UNQUOTED_NUMBER'],
    ['a variable name', `vars: { »my-var: 1 }\n${minimal}`, 'PLAYBOOK_VALUE'],
    ['a magic name', `vars: { »inventory_hostname: a }\n${minimal}`, 'PLAYBOOK_VALUE'],
    ['a connection variable', `vars: { »ansible_user: a }\n${minimal}`, 'PLAYBOOK_NOT_BUILT'],
    [
      'an undefined name',
      minimal.replace('nginx-new', '»"nginx-{{ version }}"'),
      'PLAYBOOK_UNDEFINED_VARIABLE',
    ],
    [
      'a name of hosts at load',
      minimal.replace('name: nginx', 'name: »"{{ inventory_hostname }}"'),
      'PLAYBOOK_UNDEFINED_VARIABLE',
    ],
    ['the environment', minimal.replace('nginx-new', '»"{{ env.HOME }}/nginx"'), 'PLAYBOOK_NOT_BUILT'],
    ['a statement', minimal.replace('name: nginx', 'name: »"{% if a %}b{% endif %}"'), 'PLAYBOOK_TEMPLATE'],
    ['a call in a per-host value', handover('binary: »"{{ lookup(1) }}", pid_file: /b'), 'PLAYBOOK_TEMPLATE'],
    ['a statement in become', `${minimal}become: »"{% raw %}"\n`, 'PLAYBOOK_TEMPLATE'],
    [
      'a statement in an unused var',
      `vars: { a: { b: [»"{{ c | b64encode }}"] } }\n${minimal}`,
      'PLAYBOOK_TEMPLATE',
    ],
    [
      'a circle',
      `vars: { a: "{{ b }}", b: "{{ a }}" }\n${minimal.replace('name: nginx', 'name: »"{{ a }}"')}`,
      'PLAYBOOK_TEMPLATE',
    ],
    [
      'a list where one value is needed',
      `vars: { a: [1] }\n${minimal}concurrency: »"{{ a }}"\n`,
      'PLAYBOOK_TEMPLATE',
    ],
  ],
}

describe.each(Object.entries(tables))('%s', (_group, table) => {
  it.each(table)('%s', (_title, playbook, ...codes) => {
    const { text, places } = marked(playbook)
    const faults = faultsFrom(() => load(text))
    expect(faults.map(one => one.code)).toEqual(codes)
    const expected = codes.map((_, index) => places[index] ?? places[0]).filter(place => place !== undefined)
    const found = faults.map(one => ({ line: one.place?.line, column: one.place?.column }))
    if (expected.length > 0) expect(found).toEqual(expected)
  })
})

it('reports everything at once, in the order of the file', () => {
  const { text, places } = marked(`»serial: 5
hosts: web
order: »sortd
artifact: { src: »"{{ nope }}", sha256: »12 }
handover: »{ driver: nginx, binary: »usr, drain_timeout: »30 }
stages:
  - { name: a, hosts: »0, »bakes: 1m }
  - { name: »a, hosts: rest }
`)
  const found = faultsFrom(() => load(text)).map(one => one.place)
  // The first place has two: the unknown key and the missing name.
  const [first] = places
  expect(found.map(place => [place?.line, place?.column])).toEqual(
    [first, ...places].map(place => [place?.line, place?.column]),
  )
})
