/** group_vars/ and host_vars/: a file or a directory for each name. Rules: `plugins/vars/host_group_vars.py`. */
import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { isMap } from 'yaml'
import { parseDocument } from '../document/document.ts'
import { readText } from '../document/text-file.ts'
import { createVarSet, setVar, type VarSet, type VarsLayer } from './inventory.ts'
import type { Loading } from './loading.ts'
import { kindOfPath } from './path-kind.ts'
import { absorb, complain, type SourceText } from './spot.ts'
import { refuseVault } from './vault.ts'
import { createYamlReading, entriesOf, spotOf, yamlValue } from './yaml-value.ts'

const extensions = ['.yml', '.yaml', '.json']
const deepest = 16

/** Reads what a directory holds for the hosts and groups that exist. Mistakes go to `loading.faults`. */
export function readVarsLayer(loading: Loading, directory: string, side: VarsLayer['side']): VarsLayer {
  return {
    directory,
    side,
    groups: readVarsFolder(loading, join(directory, 'group_vars'), loading.inventory.groups),
    hosts: readVarsFolder(loading, join(directory, 'host_vars'), loading.inventory.hosts),
  }
}

/** Listed once: ten thousand hosts must not cost forty thousand looks at the disk. */
function readVarsFolder(
  loading: Loading,
  folder: string,
  known: ReadonlyMap<string, unknown>,
): Map<string, VarSet> {
  const sets = new Map<string, VarSet>()
  const listed = new Set(listFolder(loading, folder))
  const names = new Set<string>()
  for (const entry of listed) {
    names.add(entry)
    const extension = extname(entry)
    if (extensions.includes(extension)) names.add(entry.slice(0, -extension.length))
  }
  for (const name of names) {
    if (!known.has(name)) continue
    // A name without extension hides the others, and only the first of the others counts.
    const entry = ['', ...extensions].map(extension => name + extension).find(one => listed.has(one))
    const files = entry === undefined ? [] : filesUnder(loading, join(folder, entry), 0)
    const set = createVarSet()
    for (const file of files) readVarsFile(loading, file, set)
    sets.set(name, set)
  }
  return sets
}

function listFolder(loading: Loading, folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    const message = code === 'ENOTDIR' ? `${folder} is not a directory` : `cannot read ${folder}: ${code}`
    complain(loading.faults, 'FILE_UNREADABLE', message, { source: { file: folder, text: '' }, offset: 0 })
    return []
  }
}

function filesUnder(loading: Loading, path: string, depth: number): string[] {
  if (kindOfPath(path) !== 'directory') return [path]
  if (depth >= deepest) return []
  return listFolder(loading, path).flatMap(entry => {
    if (entry.startsWith('.') || entry.endsWith('~')) return []
    const extension = extname(entry)
    const inner = join(path, entry)
    if (kindOfPath(inner) === 'directory') {
      return extension === '' ? filesUnder(loading, inner, depth + 1) : []
    }
    return extension === '' || extensions.includes(extension) ? [inner] : []
  })
}

function readVarsFile(loading: Loading, file: string, into: VarSet): void {
  try {
    const source: SourceText = { file, text: readText(file) }
    if (refuseVault(loading.faults, source)) return
    const document = parseDocument(file, source.text)
    const reading = createYamlReading(document, loading.faults)
    if (document.root === null || document.data === null) return
    if (!isMap(document.root)) {
      complain(
        loading.faults,
        'INVENTORY_SYNTAX',
        'a vars file is a mapping of variables',
        spotOf(reading, document.root),
      )
      return
    }
    for (const { key, keyNode, value } of entriesOf(reading, document.root)) {
      setVar(into, key, yamlValue(reading, value), spotOf(reading, keyNode))
    }
  } catch (error) {
    absorb(loading.faults, error)
  }
}
