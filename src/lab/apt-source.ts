/** Where this machine gets its packages from, read from its own apt configuration and never changed. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface AptSource {
  readonly uri: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

/** Every enabled binary source, in the order apt reads them. */
export async function readAptSources(etc = '/etc/apt'): Promise<AptSource[]> {
  const parts = (await readdir(join(etc, 'sources.list.d')).catch((): string[] => [])).sort()
  const files = ['sources.list', ...parts.map(name => join('sources.list.d', name))]
  const found: AptSource[] = []
  for (const file of files.filter(name => /\.(list|sources)$/.test(name))) {
    const text = await readFile(join(etc, file), 'utf8').catch(() => '')
    found.push(...(file.endsWith('.list') ? parseOneLine(text) : parseDeb822(text)))
  }
  return found
}

/** The `deb [options] uri suite component...` format of sources.list(5). */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap(line => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (!match?.[1] || !match[2]) return []
    return [{ uri: match[1], suites: [match[2]], components: words(match[3] ?? '') }]
  })
}

/** The stanza format of sources.list(5): continuation lines begin with a blank, comments with `#`. */
export function parseDeb822(text: string): AptSource[] {
  const lines = text.split('\n').filter(line => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap(stanza => {
      const field = new Map<string, string>()
      for (const match of stanza.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
        field.set((match[1] ?? '').toLowerCase(), match[2] ?? '')
      }
      const isOff = ['no', 'false', 'without', 'off', 'disable'].includes((field.get('enabled') ?? '').trim())
      if (isOff || !words(field.get('types') ?? '').includes('deb')) return []
      const suites = words(field.get('suites') ?? '')
      const components = words(field.get('components') ?? '')
      return words(field.get('uris') ?? '').map(uri => ({ uri, suites, components }))
    })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '')
}
