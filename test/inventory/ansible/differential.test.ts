/** handover and the real Ansible, asked the same: where they differ, it is meant, and listed here with the reason. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HandoverError } from '../../../src/core/fault.ts'
import { drawGraph } from '../../../src/inventory/graph.ts'
import type { Inventory } from '../../../src/inventory/inventory.ts'
import { listInventory, listingText } from '../../../src/inventory/listing.ts'
import { limitHosts, matchHosts } from '../../../src/inventory/pattern.ts'
import { loadInventory } from '../../../src/inventory/source.ts'
import { type Case, cases, fleet, patterns } from './cases.ts'
import { deviations, hasNoOrder, patternDeviations } from './deviations.ts'

interface Answer {
  readonly list: unknown
  readonly graph: string | null
  readonly vars: string | null
  readonly hosts: Readonly<Record<string, readonly string[] | null>>
}

const whole: Case = { name: 'the fleet of the patterns', files: { hosts: fleet } }
const all = [...cases, whole]
const root = realpathSync(mkdtempSync(join(tmpdir(), 'handover-ansible-')))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Nothing of how Ansible is set up on this machine. */
const ownEnvironment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ANSIBLE_'))),
  ANSIBLE_CONFIG: join(root, 'ansible.cfg'),
  ANSIBLE_HOME: join(root, 'home'),
  ANSIBLE_NOCOLOR: '1',
  ANSIBLE_DEPRECATION_WARNINGS: '0',
}

const python = '/usr/bin/python3'
const version = spawnSync(python, ['-c', 'from ansible.release import __version__ as v; print(v)'], {
  encoding: 'utf8',
}).stdout.trim()
/** 2.19 has made values anew and prints them differently; what is asked here is what the answers were known for. */
const isKnown = /^2\.1[4-8]\./.test(version)

let answers: readonly Answer[]

beforeAll(() => {
  if (!isKnown) return
  writeFileSync(ownEnvironment.ANSIBLE_CONFIG, '')
  const asked = all.map((one, index) => {
    writeCase(one, index)
    const sources = sourcesOf(one).flatMap(source => ['-i', source])
    const playbook = one.playbookDir === undefined ? [] : ['--playbook-dir', one.playbookDir]
    return {
      directory: directoryOf(index),
      arguments: [...sources, ...playbook],
      patterns: one === whole ? patterns : [],
    }
  })
  const output = execFileSync(python, [resolve(import.meta.dirname, 'answers.py')], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: ownEnvironment,
  })
  answers = JSON.parse(output) as Answer[]
})

function directoryOf(index: number): string {
  return join(root, String(index))
}

function writeCase({ files }: Case, index: number): void {
  mkdirSync(directoryOf(index))
  for (const [path, text] of Object.entries(files)) {
    const file = join(directoryOf(index), path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (text.startsWith('#!')) chmodSync(file, 0o755)
  }
}

function sourcesOf({ sources }: Case): readonly string[] {
  return sources ?? ['hosts']
}

function load(one: Case, index: number): Inventory {
  const directory = directoryOf(index)
  return loadInventory(
    sourcesOf(one).map(source => (source.includes(',') ? source : join(directory, source))),
    { playbookDirs: [join(directory, one.playbookDir ?? '.')] },
  )
}

/** Undefined when it is refused. */
function orRefused<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof HandoverError) return undefined
    throw error
  }
}

function told(one: Case, index: number) {
  const inventory = orRefused(() => load(one, index))
  if (!inventory) return { list: null, graph: null, vars: null }
  return {
    list: JSON.parse(listingText(listInventory(inventory))) as unknown,
    graph: drawGraph(inventory, 'all')?.join('\n') ?? null,
    vars:
      drawGraph(inventory, 'all', { vars: true, playbookSide: one.playbookDir !== undefined })?.join('\n') ??
      null,
  }
}

test('an Ansible is there', () => {
  expect(version).toMatch(/^2\./)
})

describe.skipIf(!isKnown)('--list, --graph and --graph --vars', () => {
  test.each(all.map((one, index) => [one.name, one, index] as const))('%s', (name, one, index) => {
    const { hosts: _, ...theirs } = answers[index] as Answer
    const ours = told(one, index)
    const deviation = deviations[name]
    if (!deviation) expect(ours).toEqual(theirs)
    else {
      // A deviation that is gone must be taken off the list.
      expect(ours).not.toEqual(theirs)
      const { vars } = deviation.ours
      const shown = vars instanceof RegExp ? { vars: expect.stringMatching(vars) } : {}
      expect(ours).toEqual({ ...theirs, ...deviation.ours, ...shown })
    }
  })

  test('the list of deviations holds nothing else', () => {
    const names = new Set(all.map(one => one.name))
    expect(Object.keys(deviations).filter(name => !names.has(name))).toEqual([])
  })
})

describe.skipIf(!isKnown)('which hosts a pattern means', () => {
  let inventory: Inventory
  beforeAll(() => {
    inventory = load(whole, all.indexOf(whole))
  })

  test.each(patterns.map(one => [JSON.stringify(one), one] as const))('%s', (key, one) => {
    const theirs = answers[all.indexOf(whole)]?.hosts[key]
    const [pattern, limit] = typeof one === 'string' ? [one, undefined] : one
    const ours = orRefused(() => {
      const hosts = matchHosts(inventory, pattern)
      return limit === undefined ? hosts : limitHosts(inventory, hosts, limit)
    })
    const deviation = patternDeviations[key]
    const ordered = (hosts: readonly string[] | null | undefined) =>
      hosts && hasNoOrder.test(key) ? hosts.toSorted() : (hosts ?? null)
    if (deviation === undefined) expect(ordered(ours)).toEqual(ordered(theirs))
    else {
      expect(ours ?? null).not.toEqual(theirs)
      expect(ours).toEqual(deviation.ours)
    }
  })
})

/** Asking many in one process must not have changed the answers. */
describe.skipIf(!isKnown)('the commands themselves', () => {
  const ask = (index: number, program: string, ...args: string[]) =>
    spawnSync(program, args, {
      cwd: directoryOf(index),
      encoding: 'utf8',
      env: ownEnvironment,
    }).stdout.trimEnd()

  test('ansible-inventory --list and --graph', () => {
    const index = all.findIndex(one => one.name === 'a directory of directories')
    expect(JSON.parse(ask(index, 'ansible-inventory', '-i', 'inv', '--list'))).toEqual(answers[index]?.list)
    expect(ask(index, 'ansible-inventory', '-i', 'inv', '--graph')).toBe(answers[index]?.graph)
  })

  test('ansible --list-hosts', () => {
    const index = all.indexOf(whole)
    const output = ask(index, 'ansible', 'eu:!mixed', '-i', 'hosts', '--list-hosts')
    const [, ...hosts] = output.split('\n').map(line => line.trim())
    expect(hosts).toEqual(answers[index]?.hosts['"eu:!mixed"'])
  })
})
