/** Numbers that lose what was written: `1.10` is read as 1.1 and `0755` as 755. */
import { type Fault, fault } from '../core/fault.ts'
import { type DocumentPath, nodeAt, placeOf, type SourceDocument } from '../document/document.ts'
import { keyName } from './keys.ts'

interface UnquotedNumber {
  readonly path: DocumentPath
  readonly fault: Fault
}

/** One fault a number, anywhere but under `x-` keys, which are free unless an anchor carries them elsewhere. */
export function findUnquotedNumbers(document: SourceDocument): UnquotedNumber[] {
  const found: UnquotedNumber[] = []
  visit(document.data, [], false)
  return found

  function visit(value: unknown, path: DocumentPath, isFree: boolean): void {
    const free = isFree && !hasAnchor(document, path)
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, [...path, index], free)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        visit(item, [...path, key], free || (key.startsWith('x-') && path[0] !== 'vars'))
      }
    } else if (typeof value === 'number' && !free) {
      const written = sourceText(document, path)
      if (written !== undefined && written !== String(value)) found.push(lossy(path, value, written))
    }
  }

  function lossy(path: DocumentPath, value: number, written: string): UnquotedNumber {
    const message = `${keyName(path)}: YAML reads ${written} as the number ${value}`
    const hint = `quote it if it is a text: "${written}"`
    return {
      path,
      fault: fault('PLAYBOOK_UNQUOTED_NUMBER', message, { place: placeOf(document, path), hint }),
    }
  }
}

function hasAnchor(document: SourceDocument, path: DocumentPath): boolean {
  const { node } = nodeAt(document, path)
  return node !== null && 'anchor' in node && node.anchor !== undefined
}

/** A scalar as it stands in the file; undefined behind an alias (whose `source` is the anchor's name). */
export function sourceText(document: SourceDocument, path: DocumentPath): string | undefined {
  const { node } = nodeAt(document, path)
  if (!node || !('value' in node) || !('source' in node)) return undefined
  return typeof node.source === 'string' ? node.source : undefined
}
