/** The version of a binary that nobody has started yet, by the text that it would print. */
import { readFile, stat } from 'node:fs/promises'

/** Nothing that serves as a daemon here is larger; the file is read whole. */
const mostBytes = 256 * 1024 * 1024

/**
 * What `nginx -v` would say, read from the file: the controller may be unable to start it, and must not have to. Only for
 * people; a host that has the binary says it itself.
 * @returns undefined where the file does not say it, or cannot be read.
 */
export async function versionInFile(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > mostBytes) return undefined
    const text = await readFile(path, 'latin1')
    return /nginx version: nginx\/(\d+(?:\.\d+){1,3})/.exec(text)?.[1]
  } catch {
    return undefined
  }
}
