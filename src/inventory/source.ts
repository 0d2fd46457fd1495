/** `-i`: which kind of source each one is, and how several become one inventory. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { isMap } from 'yaml'
import { HandoverError } from '../core/fault.ts'
import { parseDocument, type SourceDocument } from '../document/document.ts'
import { readText } from '../document/text-file.ts'
import { settleHierarchy } from './hierarchy.ts'
import { readIniInventory } from './ini-file.ts'
import type { Group, Inventory } from './inventory.ts'
import { createLoading, type Loading, mentionHosts } from './loading.ts'
import { kindOfPath } from './path-kind.ts'
import { absorb, complain, type SourceText, throwFaults } from './spot.ts'
import { readVarsLayer } from './vars-files.ts'
import { refuseVault } from './vault.ts'
import { readYamlInventory } from './yaml-file.ts'

export interface LoadOptions {
  /** Directories whose group_vars/ and host_vars/ override those beside the inventory, usually the playbook's. */
  readonly playbookDirs?: readonly string[]
}

/**
 * Reads every source in order into one inventory: an INI or YAML file, or a comma list such as `a,b,`.
 * @throws HandoverError with every fault found: FILE_*, YAML_* and INVENTORY_* codes, each with its place.
 */
export function loadInventory(sources: readonly string[], options: LoadOptions = {}): Inventory {
  const loading = createLoading()
  for (const source of sources) {
    try {
      readSource(loading, source)
    } catch (error) {
      absorb(loading.faults, error)
    }
  }
  settleHierarchy(loading)
  const { inventory } = loading
  const beside = sources.filter(source => !isCommaList(source)).map(source => dirname(resolve(source)))
  for (const directory of lastOfEach(beside)) {
    inventory.layers.push(readVarsLayer(loading, directory, 'inventory'))
  }
  for (const directory of lastOfEach((options.playbookDirs ?? []).map(path => resolve(path)))) {
    inventory.layers.push(readVarsLayer(loading, directory, 'playbook'))
  }
  throwFaults(loading.faults)
  return inventory
}

function isCommaList(source: string): boolean {
  return source.includes(',') && !existsSync(source)
}

/** A directory named twice is merged where it comes last. */
function lastOfEach(directories: readonly string[]): string[] {
  return [...new Set(directories.toReversed())].reverse()
}

function readSource(loading: Loading, source: string): void {
  if (isCommaList(source)) {
    readCommaList(loading, source)
    return
  }
  const refused = refusalOfFile(source)
  if (refused) {
    const nowhere = { source: { file: source, text: '' }, offset: 0 }
    complain(loading.faults, 'INVENTORY_NOT_BUILT', `${source}: ${refused.message}`, nowhere, refused.hint)
    return
  }
  const text: SourceText = { file: source, text: readText(source) }
  if (refuseVault(loading.faults, text)) return
  const nul = text.text.indexOf('\0')
  if (nul >= 0) {
    complain(loading.faults, 'INVENTORY_SYNTAX', 'the file is not text: it holds a NUL', {
      source: text,
      offset: nul,
    })
    return
  }
  const document = asYaml(text)
  if (document) readYamlInventory(loading, document)
  else readIniInventory(loading, text)
}

function refusalOfFile(file: string): { message: string; hint: string } | undefined {
  const kind = kindOfPath(file)
  if (kind === 'directory') {
    return { message: 'inventory directories are not built yet', hint: 'name each file with its own -i' }
  }
  if (extname(file) === '.toml') {
    return { message: 'TOML inventories are not built yet', hint: 'write it as INI or YAML' }
  }
  // The mode alone does not count: on some mounts every file is executable. Ansible falls back to reading, too.
  if (kind === 'file' && isProgram(file)) {
    const hint = 'save what it returns: ansible-inventory --list --yaml --export > hosts.yml'
    return { message: 'executable inventories are not built yet', hint }
  }
  return undefined
}

function isProgram(file: string): boolean {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    const head = Buffer.alloc(4)
    readSync(handle, head, 0, 4, 0)
    return head.toString('latin1').startsWith('#!') || head.toString('latin1') === '\x7fELF'
  } catch {
    return false
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** The document when Ansible would read the file as YAML; undefined for INI. */
function asYaml(source: SourceText): SourceDocument | undefined {
  const extension = extname(source.file)
  const named = ['.yml', '.yaml', '.json'].includes(extension)
  if (named) return parseDocument(source.file, source.text)
  if (extension !== '') return undefined
  try {
    const document = parseDocument(source.file, source.text)
    return isMap(document.root) ? document : undefined
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
