/** Faults as a user reads them, whole. */
import { expect, it } from 'vitest'
import { faultsFrom, head, load, minimal, shown } from './world.ts'

const textOf = (playbook: string) => shown(faultsFrom(() => load(playbook)))

it('unknown key', () => {
  expect(textOf(`${minimal}health:\n  - { name: up, htpp: { url: "http://a" } }\n`)).toMatchInlineSnapshot(`
    "PLAYBOOK_UNKNOWN_KEY: unknown key "htpp" in health[0]
      at 6:17
      |   - { name: up, htpp: { url: "http://a" } }
      |                 ^
      hint: did you mean "http"?"
  `)
})
it('key of another place', () => {
  expect(textOf(`${minimal}drain_timeout: 30s\n`)).toMatchInlineSnapshot(`
    "PLAYBOOK_UNKNOWN_KEY: unknown key "drain_timeout"
      at 5:1
      | drain_timeout: 30s
      | ^
      hint: "drain_timeout" belongs under handover"
  `)
})
it('key of Ansible', () => {
  expect(
    textOf(`${minimal}serial: 25%\nmax_fail_percentage: 10\nforks: 50\ntasks: []\n`),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_UNKNOWN_KEY: unknown key "serial"
      at 5:1
      | serial: 25%
      | ^
      hint: use stages for the steps of a rollout, and concurrency for the most hosts changed at once
    PLAYBOOK_UNKNOWN_KEY: unknown key "max_fail_percentage"
      at 6:1
      | max_fail_percentage: 10
      | ^
      hint: use max_failed with a percentage, such as max_failed: "10%"
    PLAYBOOK_UNKNOWN_KEY: unknown key "forks"
      at 7:1
      | forks: 50
      | ^
      hint: use concurrency for the most hosts changed at once; -f sets how many are connected to
    PLAYBOOK_UNKNOWN_KEY: unknown key "tasks"
      at 8:1
      | tasks: []
      | ^
      hint: there are no tasks here: artifact and handover say what is upgraded, stages in which steps"
  `)
})
it('key that is not built', () => {
  expect(textOf(`${minimal}hooks: {}\ncommit: stage\n`)).toMatchInlineSnapshot(`
    "PLAYBOOK_NOT_BUILT: "hooks" is part of the playbook format but this version cannot do it yet
      at 5:1
      | hooks: {}
      | ^
      hint: remove the key
    PLAYBOOK_NOT_BUILT: "commit: stage" is part of the playbook format but this version cannot do it yet
      at 6:9
      | commit: stage
      |         ^
      hint: use commit: fleet"
  `)
})
it('missing keys', () => {
  expect(textOf('name: a\nhandover:\n  driver: nginx\n')).toMatchInlineSnapshot(`
    "PLAYBOOK_MISSING_KEY: the playbook needs the key "hosts"
      at 1:1
      | name: a
      | ^
      hint: add it: hosts: web
    PLAYBOOK_MISSING_KEY: the playbook needs the key "artifact"
      at 1:1
      | name: a
      | ^
      hint: add it: artifact: { src: ../artifacts/nginx-1.26.3 }
    PLAYBOOK_MISSING_KEY: handover needs the key "binary"
      at 3:3
      |   driver: nginx
      |   ^
      hint: add it: binary: /usr/sbin/nginx
    PLAYBOOK_MISSING_KEY: handover needs the key "pid_file"
      at 3:3
      |   driver: nginx
      |   ^
      hint: add it: pid_file: /run/nginx.pid"
  `)
})
it('number as duration, yes as become, 1.10 as name', () => {
  const playbook = `${head.replace('nginx', '1.10')}become: yes\nhandover: { driver: nginx, binary: /a, pid_file: /b, drain_timeout: 30 }\n`
  expect(textOf(playbook)).toMatchInlineSnapshot(`
    "PLAYBOOK_UNQUOTED_NUMBER: name: YAML reads 1.10 as the number 1.1
      at 1:7
      | name: 1.10
      |       ^
      hint: quote it if it is a text: "1.10"
    PLAYBOOK_VALUE: become must be true or false, not "yes"
      at 4:9
      | become: yes
      |         ^
      hint: write true: YAML 1.2 knows only true and false
    PLAYBOOK_TYPE: handover.drain_timeout must be a duration such as "30s", not the number 30
      at 5:69
      | handover: { driver: nginx, binary: /a, pid_file: /b, drain_timeout: 30 }
      |                                                                     ^
      hint: write "30s", with its unit"
  `)
})
it('text as command', () => {
  expect(
    textOf(`${minimal}health:\n  - { name: up, command: { run: "curl -f http://a" } }\n`),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_TYPE: health[0].command.run must be a list of words, not "curl -f http://a"
      at 6:33
      |   - { name: up, command: { run: "curl -f http://a" } }
      |                                 ^
      hint: give the program and each argument as an entry: [curl, -f, http://localhost/]"
  `)
})
it('undefined variable', () => {
  expect(
    textOf(`vars: { version: "1.26" }\n${minimal.replace('nginx-new', '"nginx-{{ vesion }}"')}`),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_UNDEFINED_VARIABLE: "vesion" is not defined
      at 4:18
      | artifact: { src: "nginx-{{ vesion }}" }
      |                  ^
      hint: did you mean "version"?"
  `)
})
it('variable of hosts where none is known yet', () => {
  expect(
    textOf(minimal.replace('name: nginx', 'name: nginx on {{ inventory_hostname }}')),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_UNDEFINED_VARIABLE: "inventory_hostname" is not defined
      at 1:7
      | name: nginx on {{ inventory_hostname }}
      |       ^
      hint: names here come from the vars of the playbook and from -e; variables of hosts are not known yet"
  `)
})
it('statement in a path', () => {
  expect(textOf(minimal.replace('/run/nginx.pid', '"{% if a %}/b{% endif %}"'))).toMatchInlineSnapshot(`
    "PLAYBOOK_TEMPLATE: handover.pid_file: statements such as {% if %} are not supported
      at 4:63
      | handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: "{% if a %}/b{% endif %}" }
      |                                                               ^
      hint: decide it in vars"
  `)
})
it('stages that contradict themselves', () => {
  expect(
    textOf(
      `${minimal}stages:\n  - { name: a, hosts: rest }\n  - { name: b, hosts: 0 }\n  - { name: a, hosts: 150% }\n`,
    ),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_VALUE: stages[0].hosts: "rest" takes every host that is left, so it can only stand in the last stage
      at 6:23
      |   - { name: a, hosts: rest }
      |                       ^
      hint: make it the last stage, or say how many hosts it takes
    PLAYBOOK_VALUE: stages[1].hosts must be at least 1
      at 7:23
      |   - { name: b, hosts: 0 }
      |                       ^
    PLAYBOOK_VALUE: stages[2].name: line 6 has a stage named "a" already
      at 8:13
      |   - { name: a, hosts: 150% }
      |             ^
      hint: give each its own name
    PLAYBOOK_VALUE: stages[2].hosts must be at most 100%
      at 8:23
      |   - { name: a, hosts: 150% }
      |                       ^"
  `)
})
it('gates that cannot be', () => {
  expect(
    textOf(
      `${minimal}stages:\n  - { name: a, hosts: 1, gate: aproval }\n  - { name: b, hosts: 1, gate: yes }\n  - { name: c, hosts: 1, gate: approval, gate_timeout: 0.5s }\n  - { name: d, hosts: rest, gate_timeout: 5m }\n`,
    ),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_VALUE: stages[0].gate must be "approval", not "aproval"
      at 6:32
      |   - { name: a, hosts: 1, gate: aproval }
      |                                ^
      hint: did you mean "approval"?
    PLAYBOOK_VALUE: stages[1].gate must be "approval", not "yes"
      at 7:32
      |   - { name: b, hosts: 1, gate: yes }
      |                                ^
      hint: did you mean "approval"?
    PLAYBOOK_VALUE: stages[2].gate_timeout must be at least "1s"
      at 8:56
      |   - { name: c, hosts: 1, gate: approval, gate_timeout: 0.5s }
      |                                                        ^
    PLAYBOOK_VALUE: stages[3] has "gate_timeout" but no "gate" that could wait for so long
      at 9:29
      |   - { name: d, hosts: rest, gate_timeout: 5m }
      |                             ^
      hint: add gate: approval, or remove gate_timeout"
  `)
})
it('deadline that cannot be met', () => {
  expect(
    textOf(`${minimal}health:\n  - { name: up, tcp: { address: "a:80" }, interval: 10s, healthy: 6 }\n`),
  ).toMatchInlineSnapshot(`
    "PLAYBOOK_VALUE: health[0].deadline must be at least 1m: 6 passes in a row, one every 10s, take that long
      at 6:5
      |   - { name: up, tcp: { address: "a:80" }, interval: 10s, healthy: 6 }
      |     ^
      hint: raise deadline, or lower healthy or interval"
  `)
})
it('merge key', () => {
  const playbook = `x-paths: &paths { binary: /a, pid_file: /b }\n${head}handover: { <<: *paths, driver: nginx }\n`
  expect(textOf(playbook)).toMatchInlineSnapshot(`
    "PLAYBOOK_MISSING_KEY: handover needs the key "binary"
      at 5:11
      | handover: { <<: *paths, driver: nginx }
      |           ^
      hint: add it: binary: /usr/sbin/nginx
    PLAYBOOK_MISSING_KEY: handover needs the key "pid_file"
      at 5:11
      | handover: { <<: *paths, driver: nginx }
      |           ^
      hint: add it: pid_file: /run/nginx.pid
    PLAYBOOK_UNKNOWN_KEY: unknown key "<<" in handover
      at 5:13
      | handover: { <<: *paths, driver: nginx }
      |             ^
      hint: merge keys are not supported: write the keys out, or use an anchor for a single value"
  `)
})
it('static value that a host could not use', () => {
  expect(textOf(minimal.replace('/usr/sbin/nginx', 'nginx'))).toMatchInlineSnapshot(`
    "PLAYBOOK_VALUE: handover.binary must be an absolute path, not "nginx"
      at 4:36
      | handover: { driver: nginx, binary: nginx, pid_file: /run/nginx.pid }
      |                                    ^
      hint: begin it with "/""
  `)
})
