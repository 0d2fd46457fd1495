/** What the inventory has encrypted must not come to stand in a plan, which is kept and shown. */
import { expect, it } from 'vitest'
import { faultsFrom, hostNamed, planOf, shown } from './world.ts'

const encrypted = (value: string) =>
  hostNamed('web1', { vars: { token: value }, decrypted: new Set([value]) })
const checkOf = (path: string) =>
  `health: [{ name: up, http: { url: "http://{{ inventory_hostname }}/${path}" } }]`

it('a template that brings it in is refused, with what to do instead', () => {
  const faults = faultsFrom(() => planOf(checkOf('{{ token }}'), { hosts: [encrypted('hunter2hunter2')] }))
  expect(shown(faults)).toContain('PLAYBOOK_SECRET')
  expect(shown(faults)).toContain('health[0].http.url holds a text that the inventory has encrypted')
  expect(shown(faults)).not.toContain('hunter2')
})

it('also in the arguments of a command', () => {
  const check = 'health: [{ name: up, command: { run: [/bin/check, "--key={{ token }}"] } }]'
  const faults = faultsFrom(() => planOf(check, { hosts: [encrypted('hunter2hunter2')] }))
  expect(faults).toMatchObject([{ code: 'PLAYBOOK_SECRET', host: 'web1' }])
})

it('a text that the playbook has itself is no secret, and one of a few letters is none either', () => {
  for (const value of ['healthz', 'web', 'ok']) {
    expect(planOf(checkOf('healthz'), { hosts: [encrypted(value)] }).hosts).toHaveLength(1)
  }
})
