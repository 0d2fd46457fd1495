import { statSync } from 'node:fs'

/** Follows links. Undefined when there is nothing, or nothing that may be looked at: reading it will say why. */
export function kindOfPath(path: string): 'file' | 'directory' | 'other' | undefined {
  try {
    const found = statSync(path)
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other'
  } catch {
    return undefined
  }
}
