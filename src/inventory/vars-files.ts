/** group_vars/ and host_vars/: a file or a directory for each name. Rules: `plugins/vars/host_group_vars.py`. */
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { isMap, isScalar } from 'yaml'
import { createVarSet, type VarSet, type VarsLayer } from './inventory.ts'
import { assignVar, type Loading } from './loading.ts'
import { openFile, parseYaml } from './open-file.ts'
import { kindOfPath } from './path-kind.ts'
import { absorb, complain } from './spot.ts'
import { entriesOf, spotOf, yamlValue } from './yaml-value.ts'

const extensions = ['.yml', '.yaml', '.json']
const deepest = 16
/** Below one name: links into each other lead down in more ways than anybody could wait for. */
const mostFolders = 1000

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
  const listed = new Map(listFolder(loading, folder).map(entry => [entry.name, entry]))
  const names = new Set<string>()
  for (const entry of listed.keys()) {
    names.add(entry)
    const extension = extname(entry)
    if (extensions.includes(extension)) names.add(entry.slice(0, -extension.length))
  }
  for (const name of names) {
    if (!known.has(name)) continue
    // A name without extension hides the others, and only the first of the others counts.
    const entry = ['', ...extensions].map(extension => name + extension).find(one => listed.has(one))
    const found = entry === undefined ? undefined : listed.get(entry)
    const files = found ? filesOf(loading, join(folder, found.name), isDirectory(folder, found)) : []
    const set = createVarSet()
    for (const file of files) readVarsFile(loading, file, set)
    sets.set(name, set)
  }
  return sets
}

function listFolder(loading: Loading, folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    const message = code === 'ENOTDIR' ? `${folder} is not a directory` : `cannot read ${folder}: ${code}`
    complain(loading.faults, 'FILE_UNREADABLE', message, { source: { file: folder, text: '' }, offset: 0 })
    return []
  }
}

/** Only links cost a look of their own. */
function isDirectory(folder: string, entry: Dirent): boolean {
  return entry.isSymbolicLink() ? kindOfPath(join(folder, entry.name)) === 'directory' : entry.isDirectory()
}

function filesOf(loading: Loading, path: string, isFolder: boolean): string[] {
  if (!isFolder) return [path]
  const walk = { loading, folders: 0 }
  const files = filesUnder(walk, path, [])
  if (walk.folders <= mostFolders) return files
  const message = `${path} leads to more than ${mostFolders} directories`
  const hint = 'do its links lead into each other?'
  complain(
    loading.faults,
    'INVENTORY_TOO_LARGE',
    message,
    { source: { file: path, text: '' }, offset: 0 },
    hint,
  )
  return []
}

interface Walk {
  readonly loading: Loading
  /** Looked into so far. */
  folders: number
}

/** @param above the directories on the way down: a link back to one of them leads to nothing new */
function filesUnder(walk: Walk, path: string, above: readonly string[]): string[] {
  const { dev, ino } = statSync(path)
  const self = `${dev}:${ino}`
  if (above.length >= deepest || above.includes(self) || ++walk.folders > mostFolders) return []
  return listFolder(walk.loading, path).flatMap(entry => {
    const { name } = entry
    if (name.startsWith('.') || name.endsWith('~')) return []
    const extension = extname(name)
    const inner = join(path, name)
    if (isDirectory(path, entry)) return extension === '' ? filesUnder(walk, inner, [...above, self]) : []
    return extension === '' || extensions.includes(extension) ? [inner] : []
  })
}

function readVarsFile(loading: Loading, file: string, into: VarSet): void {
  try {
    const reading = parseYaml(loading, openFile(loading, file, 'regular file'))
    const { root } = reading.document
    if (root === null || (isScalar(root) && root.value === null)) return
    if (!isMap(root)) {
      complain(
        loading.faults,
        'INVENTORY_SYNTAX',
        'a vars file is a mapping of variables',
        spotOf(reading, root),
      )
      return
    }
    for (const { key, keyNode, value } of entriesOf(reading, root)) {
      assignVar(loading, into, key, yamlValue(reading, value), spotOf(reading, keyNode))
    }
  } catch (error) {
    absorb(loading.faults, error)
  }
}
