/** Which files a plan is made from: the playbook, inventories, variables. The artifact is pinned in the plan itself. */
import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Playbook } from '../playbook/playbook.ts'
import type { TargetOptions } from './options.ts'

/** Thousands of files of variables are not worth the time it would take to read them. */
const most = 2000

/** Absolute paths. */
export function sourceFiles(
  { file: playbook, varsFiles }: Pick<Playbook, 'file' | 'varsFiles'>,
  { inventory, extraVars }: TargetOptions,
): string[] {
  const inventories = inventory.flatMap(source => (isFile(source) ? [source] : filesUnder(source)))
  const variables = extraVars.flatMap(given => (given.trim().startsWith('@') ? [given.trim().slice(1)] : []))
  const named = [playbook, ...inventories, ...variables, ...varsFiles].map(file => resolve(file))
  const beside = new Set([playbook, ...inventories].map(file => dirname(resolve(file))))
  const found = [...beside].flatMap(dir =>
    ['group_vars', 'host_vars'].flatMap(name => filesUnder(join(dir, name))),
  )
  return [...new Set([...named, ...found])].slice(0, most)
}

function filesUnder(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true, recursive: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  } catch {
    return []
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
