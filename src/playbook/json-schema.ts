/**
 * The format as JSON Schema, for editors and for other programs: generated from what the loader itself checks with. What holds
 * between keys, and what needs files or hosts, only `handover validate` can tell.
 */
import * as z from 'zod'
import { descriptions } from './descriptions.ts'
import { patternOf } from './keys.ts'
import { playbook } from './schema.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = Record<string, unknown>

/** Draft 2020-12. One play, or a list of plays. */
export function playbookSchema(): JsonSchema {
  const { $schema, ...generated } = z.toJSONSchema(playbook, {
    io: 'input',
    target: 'draft-2020-12',
  }) as JsonSchema
  const play = completed(generated, [])
  return {
    $schema,
    title: 'Playbook of handover',
    description: 'What is upgraded, on which hosts, in which steps.',
    oneOf: [{ $ref: '#/$defs/play' }, { type: 'array', items: { $ref: '#/$defs/play' }, minItems: 1 }],
    $defs: { play },
  }
}

/** What zod does not say: free keys, templates, sentences, and what must not stand side by side. */
function completed(part: JsonSchema, path: readonly (string | number)[]): JsonSchema {
  const { properties, items, additionalProperties, propertyNames: _, ...rest } = part
  if (properties) {
    const entries = Object.entries(properties as Record<string, JsonSchema>).map(([key, value]) => [
      key,
      { ...described(path, key), ...completed(value, [...path, key]) },
    ])
    const closed = additionalProperties === false ? { additionalProperties, patternProperties: free } : {}
    return { ...rest, properties: Object.fromEntries(entries) as JsonSchema, ...closed, ...oneOf(path) }
  }
  if (items) return { ...rest, items: completed(items as JsonSchema, [...path, 0]) }
  if (additionalProperties && Object.keys(additionalProperties).length > 0)
    return { ...rest, additionalProperties: completed(additionalProperties as JsonSchema, [...path, 'name']) }
  return orTemplate(rest)
}

const free = { '^x-': {} }

function described(path: readonly (string | number)[], key: string): JsonSchema {
  const description = descriptions[patternOf(path)]?.[key]
  return description === undefined ? {} : { description }
}

/** A single value may be a template instead, whatever else it must be. */
function orTemplate(leaf: JsonSchema): JsonSchema {
  const { default: fallback, enum: words, const: word, pattern, type } = leaf
  const given = fallback === undefined ? {} : { default: fallback }
  const choices = words ?? (word === undefined ? undefined : [word])
  if (choices) return { ...given, anyOf: [{ enum: choices }, template] }
  if (pattern !== undefined) return { ...leaf, pattern: `${pattern}|\\{\\{` }
  return isFlag(type)
    ? { ...given, anyOf: [{ type: 'boolean' }, { enum: ['true', 'false'] }, template] }
    : leaf
}

const template = { type: 'string', pattern: '\\{\\{' }

function isFlag(type: unknown): boolean {
  return Array.isArray(type) && type.includes('boolean')
}

function oneOf(path: readonly (string | number)[]): JsonSchema {
  const keys = exclusive[patternOf(path)]
  return keys ? { oneOf: keys.map(key => ({ required: [key] })) } : {}
}

const exclusive: Readonly<Record<string, readonly string[]>> = {
  'health.*': ['http', 'tcp', 'command'],
  'secrets.*': ['env', 'file'],
  'windows.*': ['allow', 'deny'],
}
