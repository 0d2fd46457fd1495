/** The import law of src as a table, and what breaks it. Works on a list of files, so that it can be shown to fail. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export interface SourceFile {
  /** Relative to src, with slashes: `run/decide.ts`. */
  readonly path: string
  readonly text: string
}

/**
 * What each folder may import, besides itself. Two towers: what to do (document, inventory, playbook, plan, journal) and
 * how to touch a host (transport, host, driver, health). They meet only in `run`; `cli` ties everything together.
 */
const tower = ['core', 'document', 'inventory', 'playbook', 'plan', 'journal']
const bridge = [...tower, 'transport', 'host', 'driver', 'health']

export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  document: ['core'],
  inventory: ['core', 'document'],
  playbook: ['core', 'document'],
  plan: ['core', 'document', 'inventory', 'playbook'],
  journal: tower.filter(folder => folder !== 'journal'),
  transport: ['core'],
  host: ['core', 'transport'],
  driver: ['core', 'transport', 'host'],
  health: ['core', 'transport', 'host'],
  run: bridge,
  report: ['core', 'plan', 'journal'],
  lab: ['core', 'transport'],
  cli: [...bridge, 'run', 'report', 'lab'],
  // The entry files themselves: bin.ts, index.ts.
  '': [...bridge, 'run', 'report', 'lab', 'cli'],
}

/** Which folders may import a package; everything else in package.json is free. */
const packageHomes: Readonly<Record<string, readonly string[]>> = {
  ssh2: ['transport', 'lab'],
  listr2: ['report'],
  commander: ['cli', ''],
}

/** Built-in modules that reach the world. `core` and the deciding half of `run` have none of them. */
const worldly = /^node:(fs|net|tls|http|https|dns|child_process|os|timers|readline|worker_threads|dgram)\b/
const pure = (path: string) =>
  path.startsWith('core/') || /^run\/(decide|each|forward|state|apply|apply-resumed|ending)\.ts$/.test(path)
const clocks = /\b(Date\.now|new Date\(|performance\.|setTimeout|setInterval|Math\.random|process\.)/

const longest = 250

export function readSources(root: string): SourceFile[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && /\.(ts|sh)$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .map(file => ({ path: relative(root, file), text: readFileSync(file, 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** One sentence for each breach, with its place. */
export function breaches(files: readonly SourceFile[]): string[] {
  const found = files.flatMap(file => [...badImports(file), ...badLines(file), ...badLength(file)])
  return [...found, ...cycles(files)]
}

function badImports(file: SourceFile): string[] {
  const from = folderOf(file.path)
  const allowed = mayImport[from]
  if (!allowed) return [`${file.path}: the folder "${from}" has no place in the law`]
  return importsOf(file).flatMap(name => {
    const at = `${file.path} imports ${name}`
    if (name.startsWith('.')) {
      const target = join(dirname(file.path), name)
      const to = folderOf(target)
      if (target.startsWith('..')) return [`${at}, which is outside of src`]
      if (target === 'bin.ts') return [`${at}, which nothing imports`]
      return to === from || allowed.includes(to)
        ? []
        : [`${at}: ${from || 'an entry file'} must not import ${to}`]
    }
    if (pure(file.path) && worldly.test(name)) return [`${at}: it must not touch the world`]
    const homes = packageHomes[packageOf(name)]
    return homes && !homes.includes(from) ? [`${at}: only ${homes.filter(Boolean).join(', ')} may`] : []
  })
}

function badLines(file: SourceFile): string[] {
  return codeOf(file).flatMap((line, index) => {
    const at = `${file.path}:${index + 1}`
    if (file.path.endsWith('.sh')) return []
    if (/\bprocess\.exit\b(?!Code)/.test(line) && file.path !== 'bin.ts')
      return [`${at}: process.exit outside bin.ts`]
    if (/\bconsole\.\w+\(/.test(line)) return [`${at}: console is not for us`]
    if (pure(file.path) && clocks.test(line)) return [`${at}: it must not know the time or the process`]
    return []
  })
}

function badLength(file: SourceFile): string[] {
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0)
  return lines > longest ? [`${file.path}: ${lines} lines, ${longest} are the most`] : []
}

/** Every ring of folders once, from its first name in the alphabet. */
function cycles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, Set<string>>()
  for (const file of files) {
    const from = folderOf(file.path)
    for (const name of importsOf(file)) {
      const to = name.startsWith('.') ? folderOf(join(dirname(file.path), name)) : from
      if (to !== from) edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
  }
  const rings = new Set<string>()
  const walk = (trail: readonly string[]) => {
    for (const next of edges.get(trail.at(-1) ?? '') ?? []) {
      if (next === trail[0]) rings.add(`a ring of folders: ${[...trail, next].join(' > ')}`)
      else if (!trail.includes(next) && next > (trail[0] ?? '')) walk([...trail, next])
    }
  }
  for (const folder of edges.keys()) walk([folder])
  return [...rings]
}

/** `import ... from`, `export ... from`, bare imports, dynamic ones, also over several lines and types only. */
export function importsOf(file: SourceFile): string[] {
  if (!file.path.endsWith('.ts')) return []
  const text = codeOf(file).join('\n')
  const statements = text.matchAll(/^(?:import|export)\b[^'";]*?\bfrom\s*(['"])([^'"]+)\1/gm)
  const bare = text.matchAll(/^import\s*(['"])([^'"]+)\1/gm)
  const dynamic = text.matchAll(/\b(?:import|require)\(\s*(['"`])([^'"`]+)\1/g)
  return [...statements, ...bare, ...dynamic].map(match => match[2] ?? '')
}

/** The lines with whole-line comments blanked, so that numbers stay right. */
function codeOf(file: SourceFile): string[] {
  return file.text.split('\n').map(line => (/^\s*(\/\/|\/?\*)/.test(line) ? '' : line))
}

function folderOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : ''
}

function packageOf(name: string): string {
  const parts = name.split('/')
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
}
