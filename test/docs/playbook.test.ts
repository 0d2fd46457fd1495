/** docs/playbook.md against the format: keys, defaults, arithmetic, templates, and every example through the loader. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { planRollout } from '../../src/plan/rollout.ts'
import { isNotBuilt, knownKeys } from '../../src/playbook/keys.ts'
import { loadPlaybook } from '../../src/playbook/load.ts'
import type { Playbook } from '../../src/playbook/playbook.ts'
import * as schema from '../../src/playbook/schema.ts'
import { createScope, renderTemplate } from '../../src/playbook/template.ts'
import { blocksOf, code, readPage, readSource, rowsOf, sectionNamed } from './pages.ts'

const page = readPage('playbook.md')
const directory = mkdtempSync(join(tmpdir(), 'handover-docs-'))
mkdirSync(join(directory, 'vars'))
writeFileSync(join(directory, 'vars/edge.yml'), 'zone: fra\n')
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const minimal = {
  name: 'nginx',
  hosts: 'all',
  artifact: { src: 'nginx-new' },
  handover: { driver: 'nginx', binary: '/usr/sbin/nginx', pid_file: '/run/nginx.pid' },
}

function load(text: string): Playbook {
  const file = join(directory, 'playbook.yml')
  writeFileSync(file, text)
  return loadPlaybook(file, { extraVars: {} })
}

const blocks = blocksOf(page)

it('has examples that say what they are', () => {
  expect(blocks.filter(({ marks }) => marks.includes('playbook')).length).toBeGreaterThanOrEqual(2)
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['yaml']))
})

it.each(blocks)('the example of line $line is accepted', ({ marks, text }) => {
  const whole = marks.includes('playbook')
  // A part of a playbook is put into a small one.
  const playbook = load(whole ? text : stringify({ ...minimal, ...(parse(text) as object) }))
  expect(playbook.stages.length).toBeGreaterThan(0)
})

it('has an example with every key', () => {
  const every = blocks.filter(({ marks }) => marks.includes('playbook')).map(({ text }) => parse(text))
  const used = new Set(every.flatMap(data => keysIn(data, '')))
  const known = Object.entries(knownKeys).flatMap(([mapping, keys]) => keys.map(key => `${mapping}/${key}`))
  expect(known.filter(key => !used.has(key))).toEqual([])
})

function keysIn(data: unknown, mapping: string): string[] {
  if (Array.isArray(data)) return data.flatMap(item => keysIn(item, `${mapping}.*`))
  if (typeof data !== 'object' || data === null || mapping === 'vars') return []
  return Object.entries(data).flatMap(([key, value]) => [
    `${mapping}/${key}`,
    // Secrets are listed by name.
    ...keysIn(value, mapping === '' ? key : mapping === 'secrets' ? 'secrets.*' : `${mapping}.${key}`),
  ])
}

const titles: Readonly<Record<string, string>> = {
  '': 'Top level',
  'secrets.*': 'secrets',
  'health.*': 'health',
  'health.*.http': 'http',
  'health.*.tcp': 'tcp',
  'health.*.command': 'command',
  'stages.*': 'stages',
  'windows.*': 'windows',
}

describe.each(Object.keys(knownKeys))('the mapping "%s"', mapping => {
  const rows = rowsOf(sectionNamed(page, titles[mapping] ?? mapping))

  it('has every key in its table, and no other', () => {
    expect(rows.map(([key]) => code(key)).toSorted()).toEqual(knownKeys[mapping]?.toSorted())
  })

  it('has the real defaults', () => {
    for (const [keyCell, fallback] of rows) {
      const key = code(keyCell)
      if (fallback === 'required') {
        expect(check(mapping, key, undefined), key).toBeUndefined()
      } else if (fallback === '-') {
        expect(check(mapping, key, undefined), key).toBeDefined()
      } else {
        const written = parse(code(fallback)) as unknown
        const plain = check(mapping, key, undefined)
        expect(plain, key).toBeDefined()
        expect(check(mapping, key, written), key).toEqual(plain)
      }
    }
  })
})

/** A small valid playbook with one key set, or without it, as the format reads it; undefined when it is refused. */
function check(mapping: string, key: string, value: unknown): unknown {
  const probes: Record<string, object> = {
    http: { url: 'http://localhost/' },
    tcp: { address: 'localhost:80' },
    command: { run: ['true'] },
  }
  const probe = mapping.split('.')[2] ?? 'http'
  const entry: Record<string, unknown> = { name: 'one', [probe]: { ...probes[probe] } }
  const data: Record<string, unknown> = {
    ...minimal,
    artifact: { ...minimal.artifact },
    handover: { ...minimal.handover },
  }
  if (mapping.startsWith('health')) data.health = [entry]
  if (mapping.startsWith('stages')) data.stages = [{ name: 'all', hosts: 'rest' }]
  if (mapping === 'secrets.*') data.secrets = { 0: {} }
  if (mapping.startsWith('windows')) data.windows = [{ allow: '0 2 * * *', duration: '3h', time_zone: 'UTC' }]
  if (mapping === 'rollback') data.rollback = {}
  let owner: Record<string, unknown> = data
  for (const step of mapping.split('.').filter(Boolean)) {
    owner = (step === '*' ? owner['0'] : owner[step]) as Record<string, unknown>
  }
  if (value === undefined) delete owner[key]
  else owner[key] = value
  const result = schema.playbook.safeParse(data)
  return result.success ? result.data : undefined
}

it('does the arithmetic of stages as planned', () => {
  const rows = rowsOf(sectionNamed(page, 'stages').split('`rest` takes everybody')[1] ?? '')
  expect(rows.length).toBeGreaterThan(3)
  expect(rows).toContainEqual(['8', '`1`, `25%`, `rest`', '1, 2, 5'])
  for (const [size, stages, result] of rows) {
    const hosts = (stages ?? '').split(', ').map(each => parse(code(each)) as unknown)
    const playbook = load(
      stringify({ ...minimal, stages: hosts.map((of, at) => ({ name: `s${at}`, hosts: of })) }),
    )
    const names = Array.from({ length: Number(size) }, (_, index) => ({
      name: `h${index}`,
      address: `h${index}`,
      port: 22,
      user: 'ops',
      identityFiles: [],
      knownHostsFiles: [],
      vars: {},
    }))
    const artifact = { path: '/srv/artifacts/nginx', sha256: 'ab'.repeat(32), bytes: 1 }
    const plan = planRollout(playbook, names, () => [], artifact)
    expect(plan.stages.map(stage => stage.hosts.length).join(', ')).toBe(result)
  }
})

it('gives what the templates give', () => {
  const templates = sectionNamed(page, 'Templates')
  const [, setting = ''] = /With `([^`]+)`/.exec(templates) ?? []
  const rows = rowsOf(templates.slice(templates.indexOf(setting)))
  expect(rows.length).toBeGreaterThan(3)
  for (const [template, value] of rows) {
    const scope = createScope([parse(setting) as Record<string, unknown>])
    expect(String(renderTemplate(code(template), scope)), template).toBe(code(value))
  }
})

it('names every filter', () => {
  const names = /const filterNames = \[([^\]]+)\]/.exec(readSource('playbook/template-syntax.ts'))?.[1] ?? ''
  const filters = [...names.matchAll(/'(\w+)'/g)].map(match => match[1])
  const rows = rowsOf(sectionNamed(page, 'Templates'))
  expect(filters.length).toBeGreaterThan(3)
  expect(rows.map(([filter]) => code(filter).replace(/\(.*/, ''))).toEqual(filters)
})

it('lists every key that is not built, and only such', () => {
  const places: Readonly<Record<string, string>> = { 'top level': '', stages: 'stages.*' }
  const rows = rowsOf(sectionNamed(page, 'Not built yet'))
  for (const [where = '', key] of rows) expect(isNotBuilt(places[where] ?? where, code(key)), key).toBe(true)
  const table = /const notBuilt[^=]*= \{([\s\S]*?)\n\}/.exec(readSource('playbook/keys.ts'))?.[1] ?? ''
  const lists = [...table.matchAll(/\[([^\]]*)\]/g)].flatMap(match => match[1]?.split(',') ?? [])
  expect(rows.map(([, key]) => code(key)).toSorted()).toEqual(
    lists.map(each => each.replaceAll("'", '').trim()).toSorted(),
  )
})
