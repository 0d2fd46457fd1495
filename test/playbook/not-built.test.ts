/** The example of the format, and the parts of it that are refused by name until they are built. */
import { expect, it } from 'vitest'
import { faultsFrom, load, marked, minimal } from './world.ts'

/** Lines that end with `#!` and parts in `[[ ]]` are not built; `»` marks where each is refused. */
const example = `name: nginx {{ version }}
hosts: edge:&europe:!drained          # Ansible pattern over the inventory
become: true                          # sudo -n unless a password source is given
vars: { version: "1.26.3" }
artifact:
  src: ../artifacts/nginx-{{ version }}   # relative to the playbook
  sha256: 3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c3c5c
handover:
  driver: nginx
  binary: /usr/sbin/nginx
  pid_file: /run/nginx.pid
  drain_timeout: 30s
concurrency: 10
max_failed: 0
max_unreachable: 0
on_drain_limit: terminate
lease: 2m
commit: fleet
rollback: { concurrency: 50 }
health:
  - name: answers
    http: { url: "http://{{ inventory_hostname }}/healthz", status: 200, body: ok, from: controller }
    interval: 1s
    timeout: 2s
    healthy: 3
    unhealthy: 2
    deadline: 30s
stages:
  - { name: canary, hosts: 1, bake: 5m[[, »rehearse: true]] }
  - { name: quarter, hosts: 25%, concurrency: 5, bake: 2m }
  - { name: rest, hosts: rest, gate: approval }
windows: [{ allow: "0 2 * * 1-4", duration: 3h, time_zone: Europe/Berlin, cutoff: 30m }]
»hooks: { before_switch: [{ run: [./lb, drain, "{{ inventory_hostname }}"], where: controller }] } #!
»notify: [{ webhook: "{{ env.SLACK_URL }}", events: [failed, rolled_back, committed] }] #!
`

it('accepts the example without the keys that are not built', () => {
  const built = example.replaceAll(/\[\[.*?\]\]/g, '').replaceAll(/^.*#!\n/gm, '')
  expect(load(built)).toMatchObject({ name: 'nginx 1.26.3', stages: [{}, {}, {}], health: [{}] })
})

it('refuses every one of them in the whole example, and nothing else', () => {
  const { text, places } = marked(example.replaceAll(/\[\[|\]\]/g, ''))
  const faults = faultsFrom(() => load(text))
  expect(faults.map(one => one.code)).toEqual(Array(3).fill('PLAYBOOK_NOT_BUILT'))
  expect(faults).toMatchObject(places.map(place => ({ place })))
})

it.each([
  ['hooks', `${minimal}»hooks:\n  after_switch: [{ run: [./lb, "{{ inventory_hostname }}"] }]\n`],
  ['notify', `${minimal}»notify:\n  - { webhook: "{{ env.SLACK_URL }}", events: [failed] }\n`],
  ['max_unavailable', `${minimal}»max_unavailable: { zone: 1 }\n`],
  ['files', minimal.replace('src: nginx-new', 'src: a, »files: [{ src: a, dest: b }]')],
  ['rehearse', `${minimal}stages:\n  - { name: canary, hosts: rest, »rehearse: false }\n`],
  ['spread', `${minimal}stages:\n  - { name: rest, hosts: rest, »spread: zone }\n`],
  ['commit: stage', `${minimal}commit: »stage\n`],
])('%s', (key, playbook) => {
  const { text, places } = marked(playbook)
  const faults = faultsFrom(() => load(text))
  expect(faults).toMatchObject([
    {
      code: 'PLAYBOOK_NOT_BUILT',
      message: `"${key}" is part of the playbook format but this version cannot do it yet`,
      place: places[0],
    },
  ])
})
