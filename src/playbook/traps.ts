/** What YAML reads differently from what was most likely meant, wherever it stands. */
import { isScalar, type Node } from 'yaml'
import { type Fault, fault, type Place } from '../core/fault.ts'
import { type DocumentPath, nodeAt, placeOf, type SourceDocument } from '../document/document.ts'
import { placeAt } from '../document/place.ts'
import { keyName } from './keys.ts'

export interface Trap {
  readonly path: DocumentPath
  readonly fault: Fault
  /** What the format says about that very value is said better. */
  readonly yields: boolean
}

type Found = Omit<Fault, 'place'> & { readonly yields?: boolean }

/** One fault a value, anywhere but under `x-` keys, which are free unless an anchor carries them elsewhere. */
export function findTraps(document: SourceDocument): Trap[] {
  const traps: Trap[] = []
  visit(document.data, [], false)
  return traps

  function visit(value: unknown, path: DocumentPath, isFree: boolean): void {
    const free = isFree && !anchorAt(document, path)
    const found = free ? undefined : trapIn(document, path, value)
    if (found) {
      const { yields = false, ...one } = found
      const message = `${keyName(path)}: ${one.message}`
      traps.push({ path, yields, fault: { ...one, message, place: placeOfTrap(document, path) } })
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) visit(item, [...path, index], free)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        visit(item, [...path, key], free || (key.startsWith('x-') && path[0] !== 'vars'))
      }
    }
  }
}

/** A value begins behind its tag, which is what is complained about where there is one. */
function placeOfTrap(document: SourceDocument, path: DocumentPath): Place {
  const { node } = nodeAt(document, path)
  const tag = node ? writtenTag(node) : undefined
  const at = tag === undefined ? -1 : document.text.lastIndexOf(tag, node?.range?.[0])
  return at < 0 ? placeOf(document, path) : placeAt(document, at)
}

/** Of a tag that is refused. */
function writtenTag({ tag, range }: Node): string | undefined {
  if (!tag || tag === 'tag:yaml.org,2002:str' || !range) return undefined
  return tag.replace('tag:yaml.org,2002:', '!!')
}

/** A text that can be anything is left alone. */
function trapIn(document: SourceDocument, path: DocumentPath, value: unknown): Found | undefined {
  const { node } = nodeAt(document, path)
  const tag = node ? tagTrap(node) : undefined
  if (tag) return tag
  const written = sourceText(document, path)
  if (written === undefined) return undefined
  if (typeof value === 'number') return written === String(value) ? undefined : lossy(written, value)
  if (value === null && anchorAt(document, path)) {
    const name = anchorAt(document, path)
    return fault('YAML_UNSAFE', `"&${name}" names a place in the file, and nothing follows it`, {
      hint: `quote it if it is a text: "&${name}"`,
    })
  }
  const isPlain = isScalar(node) && node.type === 'PLAIN'
  return typeof value === 'string' && isPlain ? wordTrap(written) : undefined
}

export const vaultHint = 'decrypt it, or name what is secret under secrets: { env: NAME } or { file: /path }'

function tagTrap(node: Node): Found | undefined {
  const name = writtenTag(node)
  if (name === undefined) return undefined
  if (/^!vault(?:-encrypted)?$/.test(name)) {
    const message = 'this is encrypted with Ansible Vault, which is read in inventories only'
    return fault('YAML_UNSAFE', message, { hint: vaultHint })
  }
  const hint = name.startsWith('!!') ? 'write the value plainly' : `quote it if it is a text: "${name}"`
  return fault('YAML_UNSAFE', `${name} is a YAML tag, and none is read here`, { hint })
}

function lossy(written: string, value: number): Found {
  const message = `YAML reads ${written} as the number ${value}`
  const quoted = `quote it if it is a text: "${written}"`
  // A point, or a leading zero without a letter, most likely belongs to a version or a mode.
  const isText = !Number.isSafeInteger(value) || /^0\d|\d\.\d*[1-9]|\.\d+0$/.test(written)
  return fault('PLAYBOOK_UNQUOTED_NUMBER', message, {
    hint: isText ? quoted : `write ${value}, or ${quoted}`,
  })
}

function wordTrap(written: string): Found | undefined {
  if (/^(?:yes|no|on|off)$/i.test(written)) {
    const meant = /^(?:yes|on)$/i.test(written)
    const message = `${written} is ${meant} in older YAML, and in Ansible, but a text in YAML 1.2`
    return {
      ...fault('PLAYBOOK_UNQUOTED_WORD', message, { hint: `write ${meant}, or "${written}"` }),
      yields: true,
    }
  }
  if (!/^[“”‘’„«]/.test(written)) return undefined
  const hint = `write "${written.replaceAll(/[“”‘’„«»]/g, '')}"`
  return fault('PLAYBOOK_UNQUOTED_WORD', 'typographic quotes are part of the text, not around it', { hint })
}

function anchorAt(document: SourceDocument, path: DocumentPath): string | undefined {
  const { node } = nodeAt(document, path)
  return node !== null && 'anchor' in node ? node.anchor : undefined
}

/** A scalar as it stands in the file; undefined behind an alias (whose `source` is the anchor's name). */
export function sourceText(document: SourceDocument, path: DocumentPath): string | undefined {
  const { node } = nodeAt(document, path)
  if (!node || !('value' in node) || !('source' in node)) return undefined
  return typeof node.source === 'string' ? node.source : undefined
}
