/** `vars_files`: variables of a play that stand in files of their own. */
import { dirname, resolve } from 'node:path'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { type DocumentPath, placeOf, readDocument, type SourceDocument } from '../document/document.ts'
import { keyName } from './keys.ts'
import type { Vars } from './playbook.ts'
import { createScope, faultsAt, renderTemplate } from './template.ts'
import { findTraps, vaultHint } from './traps.ts'
import { checkVars } from './variables.ts'

export interface VarsFiles {
  /** Of all files; of two that set the same name the later one wins. */
  readonly vars: Vars
  /** Absolute, in the order of the playbook. */
  readonly files: readonly string[]
  readonly faults: readonly Fault[]
}

/** @param own the `vars` of the play, which together with `extraVars` fill in templates of the paths */
export function readVarsFiles(document: SourceDocument, own: Vars, extraVars: Vars): VarsFiles {
  const { vars_files: listed } = document.data as { vars_files?: unknown }
  const vars: Record<string, unknown> = Object.create(null)
  const files: string[] = []
  const faults: Fault[] = []
  const scope = createScope([own, extraVars])
  // What is no list of texts is for the format itself to say.
  for (const [index, source] of (Array.isArray(listed) ? (listed as unknown[]) : []).entries()) {
    if (typeof source !== 'string' || source.trim() === '') continue
    const path = ['vars_files', index]
    try {
      const file = resolve(dirname(document.file), String(renderTemplate(source, scope)))
      files.push(file)
      Object.assign(vars, readOne(file))
    } catch (error) {
      faults.push(...faultsAt(error, {}).map(one => placed(one, document, path)))
    }
  }
  return { vars, files, faults }
}

function readOne(file: string): Vars {
  const document = readDocument(file, 'regular file')
  const { data } = document
  refuseVault(document)
  if (data === null) return {}
  if (typeof data !== 'object' || Array.isArray(data)) {
    const hint = 'write one variable a line: version: "1.26.3"'
    const message = 'a file of variables must be a mapping of names to values'
    throw new HandoverError(fault('PLAYBOOK_TYPE', message, { place: placeOf(document, []), hint }))
  }
  const faults = [...findTraps(document).map(one => one.fault), ...checkVars(document, data as Vars, [])]
  if (faults.length > 0) throw new HandoverError(faults)
  return data as Vars
}

/** @throws HandoverError PLAYBOOK_NOT_BUILT for a file that is encrypted as a whole. */
export function refuseVault({ file, data }: SourceDocument): void {
  if (typeof data !== 'string' || !data.startsWith('$ANSIBLE_VAULT')) return
  const message = 'this is encrypted with Ansible Vault, which is read in inventories only'
  throw new HandoverError(fault('PLAYBOOK_NOT_BUILT', message, { place: { file }, hint: vaultHint }))
}

/** A file that cannot be read is shown where the playbook names it; what is wrong inside of one, inside of it. */
function placed(one: Fault, document: SourceDocument, path: DocumentPath): Fault {
  const place = placeOf(document, path)
  if (one.code === 'FILE_UNREADABLE')
    return { ...one, place, hint: 'vars_files are relative to the playbook' }
  return one.place ? one : { ...one, place, message: `${keyName(path)}: ${one.message}` }
}
