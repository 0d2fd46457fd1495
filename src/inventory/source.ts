/** `-i`: which kind of source each one is, and how several become one inventory. */
import { existsSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { isMap } from 'yaml'
import { HandoverError } from '../core/fault.ts'
import type { ReadableKind } from '../document/text-file.ts'
import { sourcesIn } from './directory.ts'
import { settleHierarchy } from './hierarchy.ts'
import { readIniInventory } from './ini-file.ts'
import type { Group, Inventory } from './inventory.ts'
import { createLoading, type Loading, mentionHosts } from './loading.ts'
import { openFile, parseYaml } from './open-file.ts'
import { looksLikeProgram, mayExecute } from './own-program.ts'
import { kindOfPath } from './path-kind.ts'
import { readScript } from './script.ts'
import { absorb, complain, type SourceText, throwFaults } from './spot.ts'
import { readVarsLayer } from './vars-files.ts'
import { createVault, type VaultPassword } from './vault.ts'
import { readYamlInventory } from './yaml-file.ts'
import type { YamlReading } from './yaml-value.ts'

export interface LoadOptions {
  /** Directories whose group_vars/ and host_vars/ override those beside the inventory, usually the playbook's. */
  readonly playbookDirs?: readonly string[]
  /** For whole encrypted files at once, for single values when they are used; see readVaultPasswords. */
  readonly vaultPasswords?: readonly VaultPassword[]
}

/**
 * Reads every source in order into one inventory: an INI or YAML file, a directory of sources, a program, or a comma
 * list such as `a,b,`. Programs are run with `--list`.
 * @throws HandoverError with every fault found: FILE_*, YAML_* and INVENTORY_* codes, each with its place.
 */
export function loadInventory(sources: readonly string[], options: LoadOptions = {}): Inventory {
  const loading = createLoading(createVault(options.vaultPasswords))
  for (const source of sources) {
    if (isCommaList(source)) readCommaList(loading, source)
    else readPath(loading, source)
  }
  settleHierarchy(loading)
  const { inventory } = loading
  const beside = sources.filter(source => !isCommaList(source)).map(directoryOf)
  for (const directory of lastOfEach(beside)) {
    inventory.layers.push(readVarsLayer(loading, directory, 'inventory'))
  }
  for (const directory of lastOfEach((options.playbookDirs ?? []).map(path => resolve(path)))) {
    inventory.layers.push(readVarsLayer(loading, directory, 'playbook'))
  }
  throwFaults(loading.faults)
  return inventory
}

/** Plain texts of everything encrypted that was opened so far; grows as values are used. */
export function secretsOf({ vault }: Inventory): ReadonlySet<string> {
  return vault.plain
}

function isCommaList(source: string): boolean {
  return source.includes(',') && !existsSync(source)
}

/** Where group_vars/ and host_vars/ of a source lie; those of directories inside of it do not count. */
function directoryOf(source: string): string {
  const path = resolve(source)
  return kindOfPath(path) === 'directory' ? path : dirname(path)
}

/** A directory named twice is merged where it comes last. */
function lastOfEach(directories: readonly string[]): string[] {
  return [...new Set(directories.toReversed())].reverse()
}

/** A source that is at fault does not hide the faults of the others. */
function readPath(loading: Loading, source: string, kind: ReadableKind = 'anything'): void {
  try {
    if (kindOfPath(source) !== 'directory') readFile(loading, source, kind)
    else for (const inner of sourcesIn(source)) readPath(loading, inner, 'regular file')
  } catch (error) {
    absorb(loading.faults, error)
  }
}

function readFile(loading: Loading, file: string, kind: ReadableKind): void {
  const nowhere = { source: { file, text: '' }, offset: 0 }
  if (extname(file) === '.toml') {
    const message = `${file}: TOML inventories are not built yet`
    complain(loading.faults, 'INVENTORY_NOT_BUILT', message, nowhere, 'write it as INI or YAML')
    return
  }
  // The mode alone does not count: on some mounts every file is executable. Ansible falls back to reading, too.
  if (kindOfPath(file) === 'file' && looksLikeProgram(file)) {
    if (mayExecute(file)) readScript(loading, file)
    else {
      const message = `${file} is a program that may not be executed`
      complain(loading.faults, 'INVENTORY_SCRIPT', message, nowhere, `chmod +x ${file}`)
    }
    return
  }
  readText(loading, openFile(loading, file, kind))
}

function readText(loading: Loading, source: SourceText): void {
  const nul = source.text.indexOf('\0')
  if (nul >= 0) {
    const message = 'the file is not text: it holds a NUL'
    complain(loading.faults, 'INVENTORY_SYNTAX', message, { source, offset: nul })
    return
  }
  const reading = asYaml(loading, source)
  if (reading) readYamlInventory(loading, reading)
  else readIniInventory(loading, source)
}

/** The document when Ansible would read the file as YAML; undefined for INI. */
function asYaml(loading: Loading, source: SourceText): YamlReading | undefined {
  // Nothing but comments is an inventory without hosts in either format.
  if (/^(?:[ \t]*(?:#[^\n]*)?\r?(?:\n|$))*$/.test(source.text)) return undefined
  const extension = extname(source.file)
  if (['.yml', '.yaml', '.json'].includes(extension)) return parseYaml(loading, source)
  if (extension !== '') return undefined
  try {
    const reading = parseYaml(loading, source)
    return isMap(reading.document.root) ? reading : undefined
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    if (/^(?:\s*#.*\n|\s*\n)*(?:---|[\w.-]+:[ \t]*\r?\n[ \t]+\w)/.test(source.text)) throw error
    return undefined
  }
}

function readCommaList(loading: Loading, source: string): void {
  const ungrouped = loading.inventory.groups.get('ungrouped') as Group
  let offset = 0
  for (const part of source.split(',')) {
    const text = part.trim()
    const spot = { source: { file: '-i', text: source }, offset: offset + part.indexOf(text) }
    offset += part.length + 1
    if (text === '') continue
    if (text.includes('[') && !/^\[[^[\]]*\]:\d+$/.test(text)) {
      const message = `a comma list holds names, not the range "${text}"`
      complain(loading.faults, 'INVENTORY_BAD_RANGE', message, spot, 'put ranges in an inventory file')
    } else mentionHosts(loading, ungrouped, { text, spot, file: undefined, variables: 0 })
  }
}
