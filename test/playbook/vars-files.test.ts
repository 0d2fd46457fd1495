import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { directory, faultsFrom, load, marked, minimal, write } from './world.ts'

const src = minimal.replace('nginx-new', '"nginx-{{ version }}"')
const binaryOf = (text: string, extraVars = {}) => load(text, extraVars).artifact.path

beforeAll(() => {
  mkdirSync(join(directory, 'vars/fra'), { recursive: true })
  write('version: "1.26.3"\nsite: { name: fra, ports: [80] }\n', 'vars/base.yml')
  write('{ "version": "{{ major }}.28" }', 'vars/late.json')
  write('version: fra\n', 'vars/fra/edge.yml')
  write('# nothing\n', 'vars/empty.yml')
})

describe('which value wins', () => {
  it.each([
    ['vars_files: [vars/base.yml]', {}, 'nginx-1.26.3'],
    ['vars: { version: own }\nvars_files: [vars/base.yml]', {}, 'nginx-1.26.3'],
    ['vars_files: [vars/base.yml]', { version: 'cli' }, 'nginx-cli'],
    ['vars: { major: 1 }\nvars_files: [vars/base.yml, vars/late.json]', {}, 'nginx-1.28'],
    ['vars: { major: 1 }\nvars_files: [vars/late.json, vars/base.yml]', {}, 'nginx-1.26.3'],
    ['vars: { where: fra }\nvars_files: ["vars/{{ where }}/edge.yml"]', {}, 'nginx-fra'],
    ['vars_files: ["vars/{{ where }}/edge.yml"]', { where: 'fra' }, 'nginx-fra'],
    ['vars: { version: own }\nvars_files: [vars/empty.yml]', {}, 'nginx-own'],
    ['vars: { version: own }\nvars_files: []', {}, 'nginx-own'],
  ])('%s with -e %j', (head, extraVars, expected) => {
    expect(binaryOf(`${head}\n${src}`, extraVars)).toBe(join(directory, expected))
  })

  it('whole values are replaced, and the paths are kept', () => {
    const playbook = load(`vars: { site: { zone: a }, version: x }\nvars_files: [vars/base.yml]\n${src}`)
    expect(playbook.vars).toMatchObject({ site: { name: 'fra', ports: [80] } })
    expect(playbook.vars).not.toHaveProperty('site.zone')
    expect(playbook.varsFiles).toEqual([join(directory, 'vars/base.yml')])
  })
})

describe('what is refused, at its place in the playbook', () => {
  it('a pipe, which nobody may ever write to', () => {
    execFileSync('mkfifo', [join(directory, 'vars/pipe.yml')])
    expect(faultsFrom(() => load(`vars_files: [vars/pipe.yml]\n${minimal}`))).toMatchObject([
      { code: 'FILE_UNREADABLE', message: expect.stringMatching(/pipe\.yml: it is a pipe or a device/) },
    ])
  })
  it.each([
    [
      'vars_files: [»vars/none.yml]',
      'FILE_UNREADABLE',
      /cannot read .*vars\/none\.yml: there is no such file/,
    ],
    ['vars_files:\n  - »vars', 'FILE_UNREADABLE', /EISDIR/],
    ['vars_files: »vars/base.yml', 'PLAYBOOK_TYPE', /must be a list of paths/],
    ['vars_files: [»[a, b]]', 'PLAYBOOK_TYPE', /vars_files\[0\] must be text/],
    [
      'vars_files: [»"{{ nope }}.yml"]',
      'PLAYBOOK_UNDEFINED_VARIABLE',
      /vars_files\[0\]: "nope" is not defined/,
    ],
    ['vars_files: [»"{% a %}"]', 'PLAYBOOK_TEMPLATE', /statements/],
  ])('%s', (head, code, message) => {
    const { text, places } = marked(`${head}\n${minimal}`)
    expect(faultsFrom(() => load(text))).toMatchObject([
      { code, message: expect.stringMatching(message), place: places[0] },
    ])
  })
})

describe('what is refused, at its place in the file of variables', () => {
  it.each([
    ['a: 1\nb: »1.10\n', 'PLAYBOOK_UNQUOTED_NUMBER', 'b: YAML reads 1.10 as the number 1.1'],
    ['»- a: 1\n', 'PLAYBOOK_TYPE', 'a file of variables must be a mapping of names to values'],
    ['»my-var: 1\n', 'PLAYBOOK_VALUE', '"my-var" is not a name a template could use'],
    ['a: { b: »"{% if c %}" }\n', 'PLAYBOOK_TEMPLATE', 'a.b: statements such as {% if %} are not supported'],
    ['a: 1\n»a: 2\n', 'YAML_SYNTAX', expect.stringContaining('a second time')],
    ['»ansible_user: x\n', 'PLAYBOOK_NOT_BUILT', expect.stringContaining('does not change how hosts')],
  ])('%s', (source, code, message) => {
    const { text, places } = marked(source)
    const file = write(text, 'vars/bad.yml')
    const faults = faultsFrom(() => load(`vars_files: [vars/bad.yml]\n${minimal}`))
    expect(faults).toMatchObject([{ code, message, place: { file, ...places[0] } }])
  })

  it('a file of Ansible Vault', () => {
    write('$ANSIBLE_VAULT;1.1;AES256\n31366\n', 'vars/vault.yml')
    expect(faultsFrom(() => load(`vars_files: [vars/vault.yml]\n${minimal}`))).toMatchObject([
      {
        code: 'PLAYBOOK_NOT_BUILT',
        message: 'this is encrypted with Ansible Vault, which is read in inventories only',
        hint: expect.stringContaining('secrets'),
      },
    ])
  })
})
