/** `secrets` of a play: where their texts are, checked at load, and read when a run begins. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Fault, fault } from '../core/fault.ts'
import { Secret, shortestSecret } from '../core/secret.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { hasUnknownKey } from './keys.ts'
import type { SecretSource, Vars } from './playbook.ts'
import { hasTemplate } from './template-syntax.ts'
import { nameProblem } from './variables.ts'

type Written = Readonly<{ env?: string | undefined; file?: string | undefined }>

/** @param taken variables that a secret would be mistaken for */
export function checkSecrets(document: SourceDocument, secrets: Vars, taken: readonly Vars[]): Fault[] {
  return Object.entries(secrets).flatMap(([name, written]) => {
    const path = ['secrets', name]
    const place = placeOf(document, path, 'key')
    const problem = nameProblem(name)
    const faults = problem
      ? [fault('PLAYBOOK_VALUE', `secrets: ${problem}`, { place, hint: 'use letters, digits and "_"' })]
      : []
    if (taken.some(vars => Object.hasOwn(vars, name))) {
      const message = `secrets: "${name}" is also a variable, from vars, vars_files or -e`
      faults.push(fault('PLAYBOOK_SECRET', message, { place, hint: 'rename one of them' }))
    }
    return [...faults, ...checkSource(document, path, written)]
  })
}

function checkSource(document: SourceDocument, path: DocumentPath, written: unknown): Fault[] {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return []
  const { env, file } = written as { env?: unknown; file?: unknown }
  const name = path.join('.')
  if (env !== undefined && file !== undefined) {
    const place = placeOf(document, [...path, 'file'], 'key')
    const message = `${name} has both "env" and "file", and a secret is read from one place`
    return [fault('PLAYBOOK_VALUE', message, { place, hint: 'remove one of them' })]
  }
  if (env === undefined && file === undefined && !hasUnknownKey('secrets.*', written)) {
    const hint = 'write { env: NAME } or { file: /path }'
    const message = `${name} needs one of the keys "env" and "file"`
    return [fault('PLAYBOOK_MISSING_KEY', message, { place: placeOf(document, path), hint })]
  }
  if (typeof file !== 'string' || !hasTemplate(file)) return []
  const place = placeOf(document, [...path, 'file'])
  return [fault('PLAYBOOK_TEMPLATE', `${name}.file cannot hold templates`, { place })]
}

export function sourcesOf(
  written: Readonly<Record<string, Written>>,
  directory: string,
): Readonly<Record<string, SecretSource>> {
  const sources = Object.entries(written).map(([name, { env, file = '' }]): [string, SecretSource] => [
    name,
    env === undefined ? { file: resolve(directory, file) } : { env },
  ])
  return Object.fromEntries(sources)
}

/** @returns those that can be had, and SECRET_UNAVAILABLE for every other one. */
export function readSecrets(
  sources: Readonly<Record<string, SecretSource>>,
  env: Readonly<Record<string, string | undefined>>,
): { readonly secrets: ReadonlyMap<string, Secret>; readonly faults: readonly Fault[] } {
  const faults: Fault[] = []
  const secrets = new Map<string, Secret>()
  for (const [name, source] of Object.entries(sources)) {
    const found = 'env' in source ? fromEnvironment(source.env, env) : fromFile(source.file)
    if (typeof found === 'string') secrets.set(name, new Secret(found))
    else faults.push(fault('SECRET_UNAVAILABLE', `the secret "${name}" ${found.why}`, { hint: found.hint }))
  }
  return { secrets, faults }
}

interface Missing {
  readonly why: string
  readonly hint: string
}

function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): string | Missing {
  const text = env[name]
  const hint = `export ${name} before handover is started`
  if (text === undefined) return { why: `is not there: the environment variable ${name} is not set`, hint }
  return usable(text, `the environment variable ${name}`, hint)
}

const mostBytes = 16 * 1024
const readableByAll = 0o004
const writableByAll = 0o002

function fromFile(file: string): string | Missing {
  const hint = 'check the path and its permissions'
  try {
    // Not blocking: opening a FIFO that nobody writes to would hang.
    const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = fstatSync(handle)
      if (!stat.isFile()) return { why: `cannot be read: ${file} is not a regular file`, hint }
      if (stat.mode & (readableByAll | writableByAll)) {
        return {
          why: `is not kept: every user of this machine may read or write ${file}`,
          hint: `chmod 600 ${file}`,
        }
      }
      const buffer = Buffer.alloc(mostBytes + 1)
      const length = readSync(handle, buffer, 0, buffer.length, 0)
      if (length > mostBytes) return { why: `is longer than ${mostBytes} bytes: ${file}`, hint }
      return usable(buffer.toString('utf8', 0, length).replace(/\r?\n$/, ''), file, hint)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    return { why: `cannot be read: ${file}: ${(error as NodeJS.ErrnoException).code}`, hint }
  }
}

function usable(text: string, where: string, hint: string): string | Missing {
  if (text.trim() === '') return { why: `is empty: ${where}`, hint }
  if (text.includes('\0')) return { why: `has a NUL in it: ${where}`, hint }
  if (text.trim().length < shortestSecret) {
    const why = `is shorter than ${shortestSecret} characters: ${where}`
    return { why, hint: 'so short a text cannot be kept out of what is shown' }
  }
  return text
}
