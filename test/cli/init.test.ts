/** `handover init` and `handover schema`, by the built program. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { root } from '../docs/pages.ts'
import { type Desk, openDesk } from './world.ts'

let desk: Desk
afterEach(() => desk.clear())

it('writes files that validate as they are, and says what to do with them', () => {
  desk = openDesk()
  const said = desk.handover('init', 'new place/deep')
  expect(said).toMatchObject({ exit: 0, err: '' })
  expect(said.out).toContain("written: 'new place/deep/inventory.yml' and 'new place/deep/playbook.yml'")
  expect(readdirSync(join(desk.dir, 'new place/deep')).sort()).toEqual(['inventory.yml', 'playbook.yml'])
  const files = ['new place/deep/playbook.yml', '-i', 'new place/deep/inventory.yml'] as const
  expect(desk.handover('validate', ...files)).toMatchObject({
    exit: 0,
    out: 'valid: new place/deep/playbook.yml, 3 hosts in 2 stages\n',
  })
  // Every command that it names is one, with files that are there.
  const [validate] = /handover validate .*(?= {5})/.exec(said.out) ?? []
  expect(validate).toBe("handover validate 'new place/deep/playbook.yml' -i 'new place/deep/inventory.yml'")
  expect(readFileSync(join(desk.dir, files[0]), 'utf8').match(/EDIT/g)).toHaveLength(2)
})

it('writes into the current directory, and quotes nothing that needs no quotes', () => {
  desk = openDesk()
  expect(desk.handover('init').out).toContain('handover run playbook.yml -i inventory.yml')
})

it('overwrites nothing, and writes nothing when one of the two is there', () => {
  desk = openDesk()
  desk.write('playbook.yml', 'mine\n')
  const said = desk.handover('init')
  expect(said).toMatchObject({ exit: 5, out: '' })
  expect(said.err).toBe(
    'error USAGE: playbook.yml is there already\n  hint: name another directory: handover init DIR\n',
  )
  expect(readFileSync(join(desk.dir, 'playbook.yml'), 'utf8')).toBe('mine\n')
  expect(readdirSync(desk.dir)).not.toContain('inventory.yml')
  mkdirSync(join(desk.dir, 'other'))
  symlinkSync('/nowhere/at-all', join(desk.dir, 'other/inventory.yml'))
  expect(desk.handover('init', 'other').err).toContain('other/inventory.yml is there already')
  expect(desk.handover('init', 'playbook.yml/below').err).toMatch(/ENOTDIR/)
})

it('schema prints what ships', () => {
  desk = openDesk()
  const said = desk.handover('schema')
  expect(said).toMatchObject({ exit: 0, err: '' })
  expect(said.out).toBe(readFileSync(join(root, 'schema/playbook.json'), 'utf8'))
})
