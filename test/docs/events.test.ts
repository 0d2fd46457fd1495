/** docs/events.md against the types of the journal: every entry, every field, and examples that have exactly them. */
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../src/core/catalogue/index.ts'
import { runStands } from '../../src/core/run-stand.ts'
import { blocksOf, code, readPage, readSource, root, rowsOf, sectionNamed, sectionsOf } from './pages.ts'

const page = readPage('events.md')
const source = readSource('journal/entry.ts')
const envelope = ['v', 'seq', 'at', 'run', 'epoch', 'type']

interface EntryType {
  readonly type: string
  readonly fields: readonly string[]
  /** Those of them that an entry may lack. */
  readonly optional: readonly string[]
}

/** The members of the union EntryBody, read from the source: the compiler keeps no trace of them. */
function entryTypes(): EntryType[] {
  const union = /export type EntryBody =([\s\S]*?)\n\nexport /.exec(source)?.[1] ?? ''
  return union
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .split(/\n {2}\| /)
    .slice(1)
    .map(member => {
      const inner = member
        .trim()
        .slice(1, -1)
        .replace(/\{[^{}]*\}/g, '')
      const fields = [...inner.matchAll(/readonly (\w+)\??:/g)].map(match => match[1] ?? '')
      const optional = [...inner.matchAll(/readonly (\w+)\?:/g)].map(match => match[1] ?? '')
      return { type: /type: '([a-z._]+)'/.exec(inner)?.[1] ?? member, fields, optional }
    })
}

function interfaceFields(text: string, name: string): string[] {
  const body = new RegExp(`export interface ${name}(?: extends \\w+)? \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1]
  return [...(body ?? '').matchAll(/readonly (\w+)\??:/g)].map(match => match[1] ?? '')
}

function documented(text: string): string[] {
  return rowsOf(text).map(([field]) => code(field))
}

/** The words of a closed list, in their order. */
function valuesOf(name: string): string[] {
  const union = new RegExp(`export type ${name} =([\\s\\S]*?)\\n\\n`).exec(source)?.[1] ?? ''
  return [...union.matchAll(/'([^']+)'/g)].map(match => match[1] ?? '')
}

const entries = entryTypes()
const sections = sectionsOf(page, 4)
const shapes: Readonly<Record<string, readonly string[]>> = {
  Stage: interfaceFields(source, 'StageInfo'),
  Facts: interfaceFields(source, 'HostFacts'),
  Summary: interfaceFields(source, 'HostSummary'),
  Fault: interfaceFields(readSource('core/fault.ts'), 'Fault'),
}

it('reads the types of the journal', () => {
  expect(entries.length).toBeGreaterThanOrEqual(38)
  expect(new Set(entries.map(({ type }) => type)).size).toBe(entries.length)
})

it('documents every type of the journal, and no other', () => {
  const titles = sections.map(({ title }) => title)
  expect(titles.toSorted()).toEqual(entries.map(({ type }) => type).toSorted())
  for (const { type } of entries) expect(source).toContain(`'${type}'`)
})

it('documents what every entry has', () => {
  expect(documented(sectionNamed(page, 'In every entry'))).toEqual(envelope)
})

describe.each(entries)('$type', ({ type, fields, optional }) => {
  const own = fields.filter(field => !envelope.includes(field))
  const section = sections.find(({ title }) => title === type)?.text ?? ''

  it('has its fields documented', () => {
    expect(documented(section)).toEqual(own)
  })

  it('has examples with exactly these fields', () => {
    const examples = blocksOf(section)
    const shown = examples.flatMap(({ text }) => Object.keys(JSON.parse(text)))
    expect(examples.length).toBeGreaterThan(0)
    for (const field of optional) expect(shown).toContain(field)
    for (const { language, text } of examples) {
      expect(language).toBe('json')
      expect(text.trimEnd()).not.toContain('\n')
      const entry = JSON.parse(text) as Record<string, unknown>
      const meant = own.filter(field => !optional.includes(field) || field in entry)
      expect(Object.keys(entry)).toEqual([...envelope, ...meant])
      expect(entry).toMatchObject({ v: 1, type, seq: expect.any(Number), run: expect.any(String) })
      expect(new Date(String(entry.at)).toISOString()).toBe(entry.at)
      checkShapes(entry, type)
    }
  })
})

function checkShapes(entry: Readonly<Record<string, unknown>>, type: string): void {
  const { found, fault, faults, stages, hosts } = entry
  if (found) {
    expect(Object.keys(found)).toEqual(shapes.Facts)
  }
  for (const each of Array.isArray(stages) ? stages : []) expect(Object.keys(each)).toEqual(shapes.Stage)
  const all = [fault, ...(Array.isArray(faults) ? faults : [])]
  if (type === 'run.finished') {
    for (const summary of Object.values(hosts as Record<string, Record<string, unknown>>)) {
      expect(Object.keys(summary)).toEqual(shapes.Summary)
      all.push(summary.fault)
    }
  }
  for (const each of all.filter(Boolean) as Record<string, unknown>[]) {
    expect(catalogue).toHaveProperty(String(each.code))
    expect(shapes.Fault).toEqual(expect.arrayContaining(Object.keys(each)))
  }
}

it.each(Object.entries(shapes))('documents the shape %s', (name, fields) => {
  expect(fields.length).toBeGreaterThan(0)
  expect(documented(sectionNamed(page, name))).toEqual(fields)
})

it('names every intent with its ends', () => {
  const rows = rowsOf(sectionNamed(page, 'Intents and ends'))
  const types = entries.map(({ type }) => type)
  expect(rows.map(([intent]) => code(intent))).toEqual(types.filter(type => type.endsWith('.begun')))
  for (const [, ends] of rows) {
    for (const [, end] of ends?.matchAll(/`([^`]+)`/g) ?? []) expect(types).toContain(end)
  }
})

it('names every value of the closed lists', () => {
  const lists = ['HostEnd', 'RunOutcome', 'Interruption'].map(valuesOf)
  for (const values of [...lists, runStands]) {
    expect(values.length).toBeGreaterThanOrEqual(4)
    for (const value of values) expect(page).toContain(`\`${value}\``)
  }
})

it('says what follows from each value of a stand', () => {
  const rows = rowsOf(sectionNamed(page, 'Stand'))
  expect(documented(sectionNamed(page, 'Stand'))).toEqual(runStands)
  for (const [value, there, next] of rows) expect([value, there, next].every(Boolean)).toBe(true)
})

it('shows no path of the machine it was written on', () => {
  for (const path of page.matchAll(/"(\/[^"]*)"/g)) expect(path[1]).toMatch(/^\/srv\//)
  expect(page).not.toContain(root)
})
