/**
 * A YAML file that remembers where everything stands, so that every complaint can name line and column.
 * Reads YAML 1.2 core schema, one document, unique keys, no merge keys, bounded size, depth and aliases.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml'
import { fault, HandoverError } from '../core/fault.ts'
import { placeAt, placeOn, type SourceLines } from './place.ts'
import { syntaxFaults } from './syntax.ts'
import { type ReadableKind, readText } from './text-file.ts'
import { refuseDepths, unsafeParts } from './unsafe.ts'

const mostAliases = 1000

/** Nodes alone: whoever walks over them must not follow an alias more often than it is written. */
export interface SourceNodes {
  readonly file: string
  readonly text: string
  readonly root: Node | null
  readonly lines: LineCounter
}

export interface SourceDocument extends SourceNodes {
  /** Plain data: maps are null-prototype objects, so no key of a file can reach a prototype. */
  readonly data: unknown
}

/** Where in a document: keys and indexes from the root. `part: 'key'` points at the last key itself. */
export type DocumentPath = readonly (string | number)[]

/** @throws HandoverError FILE_UNREADABLE, FILE_TOO_LARGE, FILE_NOT_TEXT, YAML_SYNTAX, YAML_UNSAFE. */
export function readDocument(file: string, kind?: ReadableKind): SourceDocument {
  return parseDocument(file, readText(file, undefined, kind))
}

/** @throws HandoverError YAML_SYNTAX, YAML_UNSAFE. */
export function parseDocument(file: string, text: string): SourceDocument {
  const { document, ...nodes } = parseWhole(file, text)
  return { ...nodes, data: document ? toData(nodes, nodes.root, document) : null }
}

/** Half the work of parseDocument. @throws HandoverError YAML_SYNTAX, YAML_UNSAFE. */
export function parseNodes(file: string, text: string): SourceNodes {
  const { document: _, ...nodes } = parseWhole(file, text)
  return nodes
}

function parseWhole(file: string, text: string): SourceNodes & { readonly document: Document | undefined } {
  const lines = new LineCounter()
  const source = { file, text, lines }
  refuseOldLineEnds(file, text)
  refuseDepths(file, text)
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Looked at below, where the first of the two is known.
    uniqueKeys: false,
    schema: 'core',
    strict: true,
    logLevel: 'error',
  })
  if (!Array.isArray(parsed) || parsed.length === 0) return { ...source, root: null, document: undefined }
  const faults = parsed.flatMap(document => syntaxFaults(source, document))
  if (parsed.length > 1) {
    faults.push(
      fault('YAML_SYNTAX', 'one document a file is expected, this one has several', {
        place: placeAt(source, parsed[1]?.range[0] ?? 0),
        hint: 'each line "---" begins another one; several plays are entries of one list, each begun with "- "',
      }),
    )
  }
  const document = parsed[0]
  if (!document || faults.length > 0) throw new HandoverError(faults)
  const root = (document.contents as Node | null) ?? null
  faults.push(...unsafeParts(source, document))
  if (faults.length > 0) throw new HandoverError(faults)
  return { ...source, root, document }
}

/** Carriage returns alone end lines to YAML and to old editors, but not to the library. */
function refuseOldLineEnds(file: string, text: string): void {
  const at = /\r(?!\n)/.exec(text)?.index
  if (at === undefined) return
  const before = text.slice(0, at).split('\n')
  const place = placeOn(file, text, before.length, (before.at(-1)?.length ?? 0) + 1)
  const hint = 'save the file with Unix line ends (LF)'
  throw new HandoverError(fault('YAML_SYNTAX', 'a carriage return without a line feed', { place, hint }))
}

function toData(
  source: SourceLines,
  root: Node | null,
  document: { toJS(options: { mapAsMap: boolean; maxAliasCount: number }): unknown },
): unknown {
  refuseAliases(source, root)
  try {
    return plain(document.toJS({ mapAsMap: true, maxAliasCount: 100 }))
  } catch (error) {
    throw new HandoverError(
      fault('YAML_UNSAFE', tooMuch(error), {
        place: placeAt(source, root?.range?.[0] ?? 0),
        hint: 'write out what is meant, without so many aliases (*name)',
      }),
    )
  }
}

/** To make data of them the library looks at all before each. */
function refuseAliases(source: SourceLines, root: Node | null): void {
  let aliases = 0
  if (!root || !source.text.includes('*')) return
  visit(root, {
    Alias(_key, { range }) {
      if (++aliases <= mostAliases) return
      const place = placeAt(source, range?.[0] ?? 0)
      const hint = 'write out what is meant, or put it into vars and use {{ name }}'
      const message = `more than ${mostAliases} aliases (*name) in one file`
      throw new HandoverError(fault('YAML_UNSAFE', message, { place, hint }))
    },
  })
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Map)) return value
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, item] of value) object[String(key)] = plain(item)
  return object
}

type Pairs = ReadonlyMap<string, Pair<Node, Node | null>>

/** Nodes are never changed, and every value of a long mapping is looked for. */
const pairsKnown = new WeakMap<YAMLMap, Pairs>()

function pairsOf(map: YAMLMap): Pairs {
  const known = pairsKnown.get(map)
  if (known) return known
  const pairs = new Map<string, Pair<Node, Node | null>>()
  for (const pair of map.items as Pair<Node, Node | null>[]) {
    if (isScalar(pair.key) && !pairs.has(String(pair.key.value))) pairs.set(String(pair.key.value), pair)
  }
  pairsKnown.set(map, pairs)
  return pairs
}

/** The node at a path, with the key it hangs on; the nearest one that exists when the path leads nowhere. */
export function nodeAt(
  document: SourceDocument,
  path: DocumentPath,
): { node: Node | null; key: Node | null } {
  let node = document.root
  let key: Node | null = null
  for (const step of path) {
    if (isAlias(node)) break
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(step))
      if (!pair) break
      key = pair.key
      node = pair.value ?? pair.key
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step] as Node | undefined
      if (!item) break
      key = null
      node = item
    } else break
  }
  return { node, key }
}

/** File, line, column and caret of the value at a path, or of its key. */
export function placeOf(document: SourceDocument, path: DocumentPath, part: 'value' | 'key' = 'value') {
  const found = nodeAt(document, path)
  const node = part === 'key' ? (found.key ?? found.node) : found.node
  return placeAt(document, node?.range?.[0] ?? 0)
}

function tooMuch(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error)
  return why.includes('alias count') ? 'aliases repeat more than is read' : `cannot be read: ${why}`
}
