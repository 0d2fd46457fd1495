/** Filling in the templates of everything that is the same for every host, so that zod sees final values. */
import type { Fault } from '../core/fault.ts'
import { type DocumentPath, placeOf, type SourceDocument } from '../document/document.ts'
import { isPerHost, knownKeys, patternOf } from './keys.ts'
import { faultsAt, renderTemplate, type Scope } from './template.ts'
import { hasTemplate } from './template-syntax.ts'

export interface KnownAtLoad {
  /** The document's data without `x-` keys, templates filled in where they could be. */
  readonly data: unknown
  readonly failed: readonly { readonly path: DocumentPath; readonly fault: Fault }[]
}

/** Filled in where they are used, by less than everything else is, or never. */
const dataKeys = new Set(['vars', 'vars_files', 'secrets'])

const onlyHere =
  'names here come from the vars of the playbook and from -e; variables of hosts are not known yet'

/** Looks only where the format has a value: what stands under an unknown key is not worth a second complaint. */
export function fillKnown(document: SourceDocument, scope: Scope): KnownAtLoad {
  const failed: { path: DocumentPath; fault: Fault }[] = []
  return { data: fill(document.data, []), failed }

  function fill(value: unknown, path: DocumentPath): unknown {
    if (typeof value === 'string') return hasTemplate(value) && !isPerHost(path) ? filled(value, path) : value
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    const known = knownKeys[patternOf(path)]
    const copy: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) {
      if (key.startsWith('x-')) continue
      const isData = path.length === 0 && dataKeys.has(key)
      copy[key] = known?.includes(key) && !isData ? fill(item, [...path, key]) : item
    }
    return copy
  }

  function filled(source: string, path: DocumentPath): unknown {
    try {
      return renderTemplate(source, scope)
    } catch (error) {
      for (const one of faultsAt(error, { place: placeOf(document, path) })) {
        const hint = one.hint ?? (one.code === 'PLAYBOOK_UNDEFINED_VARIABLE' ? onlyHere : undefined)
        failed.push({ path, fault: hint === undefined ? one : { ...one, hint } })
      }
      return source
    }
  }
}
