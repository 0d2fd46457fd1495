/** The files a plan was made from, as they were then: whoever goes on with the run says which of them have changed. */
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  /** Absolute. */
  readonly path: string
  /** Lower case hex. */
  readonly sha256: string
}

/** Undefined when the file cannot be read. */
export async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

/** Those of them that can be read. */
export async function digestAll(paths: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  for (const path of new Set(paths)) {
    const sha256 = await digestOf(path)
    if (sha256 !== undefined) files.push({ path, sha256 })
  }
  return files
}

/** One sentence for each file that is not as it was; none where the list of them is lost. */
export async function changesSince(dir: string): Promise<string[]> {
  const notes: string[] = []
  for (const { path, sha256 } of readSources(dir)) {
    const now = await digestOf(path)
    if (now === undefined) notes.push(`${path} cannot be read any more; the run goes on with its frozen plan`)
    else if (now !== sha256)
      notes.push(`${path} was edited since the run began; the run goes on with its frozen plan`)
  }
  return notes
}

function readSources(dir: string): SourceFile[] {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dir, 'sources.json'), 'utf8'))
    return Array.isArray(value) ? value.filter(isSource) : []
  } catch {
    return []
  }
}

function isSource(value: unknown): value is SourceFile {
  const { path, sha256 } = (value ?? {}) as Partial<SourceFile>
  return typeof path === 'string' && typeof sha256 === 'string'
}
