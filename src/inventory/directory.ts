/** Which entries of an inventory directory are sources. Rules: `inventory/manager.py` with Ansible's own defaults. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { kindOfPath } from './path-kind.ts'

const ignoredNames = /^\.|^(?:group_vars|host_vars|vars_plugins)$/

/** INVENTORY_IGNORE_EXTS: yes, `.ini` too. */
const ignoredEndings = /(?:~|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry))$/

/** Links that lead back must come to an end. */
const deepest = 16

/**
 * Every source in a directory and the directories in it, in order of names.
 * @throws HandoverError FILE_UNREADABLE, INVENTORY_TOO_LARGE; INVENTORY_NO_SOURCE when there is none.
 */
export function sourcesIn(directory: string): string[] {
  const ignored: string[] = []
  const found = list(directory, 0, ignored)
  const [first] = ignored
  if (found.length > 0) return found
  const message =
    first === undefined
      ? `the directory ${directory} holds no inventory`
      : `nothing in ${directory} is read: names such as ${first} are ignored, as by Ansible`
  const hint = 'give it a name without extension or with .yml, or name the file itself with -i'
  throw new HandoverError(fault('INVENTORY_NO_SOURCE', message, { place: { file: directory }, hint }))
}

function list(directory: string, depth: number, ignored: string[]): string[] {
  if (depth > deepest) {
    const message = `directories are nested deeper than ${deepest}`
    throw new HandoverError(fault('INVENTORY_TOO_LARGE', message, { place: { file: directory } }))
  }
  return namesIn(directory).flatMap(name => {
    const path = join(directory, name)
    if (ignoredNames.test(name)) return []
    if (!ignoredEndings.test(name))
      return kindOfPath(path) === 'directory' ? list(path, depth + 1, ignored) : [path]
    ignored.push(name)
    return []
  })
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    const message = `cannot read ${directory}: ${(error as NodeJS.ErrnoException).code}`
    throw new HandoverError(fault('FILE_UNREADABLE', message, { place: { file: directory } }))
  }
}
