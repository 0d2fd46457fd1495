/** What holds for the `vars` of a playbook and for -e alike. */
import { type Fault, fault } from '../core/fault.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { keyName } from './keys.ts'
import { faultsAt } from './template.ts'
import { parseTemplate } from './template-syntax.ts'

// Set from the inventory for every host: a value from elsewhere would be accepted and ignored.
const magic = new Set(['inventory_hostname', 'inventory_hostname_short'])

export function nameProblem(name: string): string | undefined {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${JSON.stringify(name)} is not a name a template could use`
  if (magic.has(name)) return `"${name}" is always the host's name in the inventory`
  return undefined
}

/**
 * Names and template grammar of variables; their values are filled in where they are used.
 * @param at where in the document they stand: under `vars`, or at its root in a file of variables
 */
export function checkVars(
  document: SourceDocument,
  vars: Readonly<Record<string, unknown>>,
  at: DocumentPath = ['vars'],
): Fault[] {
  const faults: Fault[] = []
  const where = at.length > 0 ? `${keyName(at)}: ` : ''
  for (const [name, value] of Object.entries(vars)) {
    const place = placeOf(document, [...at, name], 'key')
    const problem = nameProblem(name)
    if (problem) {
      faults.push(
        fault('PLAYBOOK_VALUE', `${where}${problem}`, { place, hint: 'use letters, digits and "_"' }),
      )
    } else if (name.startsWith('ansible_')) {
      const message = `${where}"${name}" in a playbook does not change how hosts are reached`
      faults.push(fault('PLAYBOOK_NOT_BUILT', message, { place, hint: 'set it in the inventory' }))
    }
    faults.push(...grammarFaults(document, value, [...at, name]))
  }
  return faults
}

function grammarFaults(document: SourceDocument, value: unknown, path: DocumentPath): Fault[] {
  if (typeof value === 'string') {
    try {
      parseTemplate(value)
      return []
    } catch (error) {
      const found = faultsAt(error, { place: placeOf(document, path) })
      return found.map(one => ({ ...one, message: `${keyName(path)}: ${one.message}` }))
    }
  }
  if (typeof value !== 'object' || value === null) return []
  const isList = Array.isArray(value)
  return Object.entries(value).flatMap(([key, item]) =>
    grammarFaults(document, item, [...path, isList ? Number(key) : key]),
  )
}
