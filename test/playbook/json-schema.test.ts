/** The JSON Schema of the format, by a validator that knows nothing of the loader. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { descriptions } from '../../src/playbook/descriptions.ts'
import { playbookSchema } from '../../src/playbook/json-schema.ts'
import { knownKeys } from '../../src/playbook/keys.ts'
import { blocksOf, readPage, root } from '../docs/pages.ts'
import { head, minimal } from './world.ts'

const validate = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
}).compile(playbookSchema())
const playbooks = readdirSync(join(root, 'playbooks')).map(name => join(root, 'playbooks', name))
const schemaFile = join(root, 'schema/playbook.json')

function problems(text: string): string {
  validate(parse(text))
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('\n')
}

it('is what ships', async () => {
  await expect(`${JSON.stringify(playbookSchema(), null, 2)}\n`).toMatchFileSnapshot(schemaFile)
})

it('has a sentence for every key', () => {
  const named = (of: Readonly<Record<string, object | readonly string[]>>) =>
    Object.entries(of).map(([mapping, keys]) => [
      mapping,
      (Array.isArray(keys) ? keys : Object.keys(keys)).toSorted(),
    ])
  expect(Object.fromEntries(named(descriptions))).toEqual(Object.fromEntries(named(knownKeys)))
  const text = JSON.stringify(playbookSchema())
  for (const sentence of Object.values(descriptions).flatMap(keys => Object.values(keys)))
    expect(text).toContain(JSON.stringify(sentence))
})

describe('accepts', () => {
  it.each(playbooks)('%s, which says where the schema is', file => {
    const text = readFileSync(file, 'utf8')
    expect(problems(text)).toBe('')
    const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? []
    expect(join(file, '..', named)).toBe(schemaFile)
  })

  it.each(blocksOf(readPage('playbook.md')).filter(({ marks }) => marks.includes('playbook')))(
    'the example of docs/playbook.md, line $line',
    ({ text }) => {
      expect(problems(text)).toBe('')
    },
  )

  it.each([
    ['a list of plays', `- ${minimal.trimEnd().replaceAll('\n', '\n  ')}\n`],
    ['free keys', `x-a: { b: 1 }\n${minimal}stages: [{ name: a, hosts: rest, x-why: c }]\n`],
    ['counts in every form', `${minimal}concurrency: 25%\nmax_failed: 0\nmax_unreachable: "{{ n }}"\n`],
    ['templates for words', `${minimal}on_drain_limit: "{{ a }}"\nbecome: "{{ b }}"\nlease: "{{ c }}m"\n`],
    ['a template for a path', minimal.replace('/usr/sbin/nginx', '"{{ root }}/nginx"')],
  ])('%s', (_title, text) => {
    expect(problems(text)).toBe('')
  })
})

describe('refuses', () => {
  it.each([
    ['nothing', 'null', /must be object/],
    ['an empty list', '[]', /must NOT have fewer than 1 items/],
    ['a missing key', head, /must have required property 'handover'/],
    ['an unknown key', `${minimal}concurency: 5\n`, /must NOT have additional properties/],
    [
      'an unknown key inside',
      `${minimal}stages: [{ name: a, hosts: 1, bakes: 1m }]\n`,
      /^\/stages\/0 must NOT/m,
    ],
    ['a number as duration', `${minimal}lease: 30\n`, /^\/lease must be string/m],
    ['a duration without unit', `${minimal}lease: "30"\n`, /^\/lease must match pattern/m],
    ['a concurrency of 0', `${minimal}concurrency: 0\n`, /^\/concurrency must be >= 1/m],
    [
      'a share without its sign',
      `${minimal}concurrency: "a quarter"\n`,
      /^\/concurrency must match pattern/m,
    ],
    ['a relative path', minimal.replace('/usr/sbin/nginx', 'nginx'), /^\/handover\/binary must match/m],
    ['another driver', minimal.replace('driver: nginx', 'driver: apache'), /^\/handover\/driver must/m],
    ['another order', `${minimal}order: random\n`, /^\/order must/m],
    ['no stages', `${minimal}stages: []\n`, /^\/stages must NOT have fewer/m],
    ['a check of nothing', `${minimal}health: [{ name: a }]\n`, /^\/health\/0 must have required/m],
    [
      'a check of two things',
      `${minimal}health: [{ name: a, tcp: { address: "a:1" }, http: { url: "http://a" } }]\n`,
      /must match exactly one schema/,
    ],
    ['a command as text', `${minimal}health: [{ name: a, command: { run: ls } }]\n`, /must be array/],
    [
      'an address of a file',
      `${minimal}health: [{ name: a, http: { url: "file:///a" } }]\n`,
      /\/url must match/,
    ],
    [
      'a status of 99',
      `${minimal}health: [{ name: a, http: { url: "http://a", status: 99 } }]\n`,
      /\/status must/,
    ],
    ['a secret in plain text', `${minimal}secrets: { a: hunter2 }\n`, /^\/secrets\/a must be object/m],
    ['a secret from two places', `${minimal}secrets: { a: { env: A, file: b } }\n`, /exactly one/],
    ['yes as become', `${minimal}become: "yes"\n`, /^\/become must/m],
    ['a checksum of 4 digits', minimal.replace('nginx-new', 'a, sha256: abcd'), /sha256 must match/],
    [
      'one bad play of two',
      `- ${minimal.trimEnd().replaceAll('\n', '\n  ')}\n- name: a\n`,
      /^\/1 must have/m,
    ],
  ])('%s', (_title, text, expected) => {
    expect(problems(text)).toMatch(expected)
  })
})
