/**
 * A YAML file that remembers where everything stands, so that every complaint can name line and column.
 * Reads YAML 1.2 core schema, one document, unique keys, no merge keys, bounded size, depth and aliases.
 */
import {
  type Alias,
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
} from 'yaml'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { placeAt } from './place.ts'
import { readText } from './text-file.ts'

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

const maxDepth = 64
const unsafeKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** @throws HandoverError FILE_UNREADABLE, FILE_TOO_LARGE, YAML_SYNTAX, YAML_UNSAFE. */
export function readDocument(file: string): SourceDocument {
  return parseDocument(file, readText(file))
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
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    schema: 'core',
    strict: true,
  })
  if (!Array.isArray(parsed) || parsed.length === 0) return { ...source, root: null, document: undefined }
  const faults: Fault[] = parsed.flatMap(document =>
    document.errors.map(error =>
      fault('YAML_SYNTAX', lowerFirst(error.message), { place: placeAt(source, offsetOf(error, text)) }),
    ),
  )
  if (parsed.length > 1) {
    faults.push(
      fault('YAML_SYNTAX', 'one document a file is expected, this one has several', {
        place: placeAt(source, parsed[1]?.range[0] ?? 0),
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

/** The library places a duplicate key at the end of what stands before it. */
function offsetOf(
  error: { readonly code: string; readonly pos: readonly [number, number] },
  text: string,
): number {
  if (error.code !== 'DUPLICATE_KEY') return error.pos[0]
  const between = /(?:\s+|#[^\n]*)*/y
  between.lastIndex = error.pos[0]
  return error.pos[0] + (between.exec(text)?.[0].length ?? 0)
}

function unsafeParts(
  source: Pick<SourceDocument, 'file' | 'text' | 'lines'>,
  document: Parameters<typeof visit>[0],
): Fault[] {
  const faults: Fault[] = []
  const anchors = new Set<string>()
  visit(document as never, {
    Node(_key, node, path) {
      if (isAlias(node)) faults.push(...unsafeAlias(source, node, anchors, path))
      else if (node.anchor) anchors.add(node.anchor)
      if (path.length > maxDepth * 2) {
        faults.push(
          fault('YAML_UNSAFE', `nested deeper than ${maxDepth} levels`, {
            place: placeAt(source, node.range?.[0] ?? 0),
          }),
        )
        return visit.BREAK
      }
      return undefined
    },
    Pair(_key, pair) {
      const key = pair.key
      if (isScalar(key) && unsafeKeys.has(String(key.value))) {
        faults.push(
          fault('YAML_UNSAFE', `the key "${String(key.value)}" is not allowed`, {
            place: placeAt(source, key.range?.[0] ?? 0),
          }),
        )
      }
    },
  })
  return faults
}

/** What the library would only find while it makes data, without saying where. */
function unsafeAlias(
  source: Pick<SourceDocument, 'file' | 'text' | 'lines'>,
  { source: name, range }: Alias,
  anchors: ReadonlySet<string>,
  path: readonly unknown[],
): Fault[] {
  const place = placeAt(source, range?.[0] ?? 0)
  if (!anchors.has(name))
    return [fault('YAML_SYNTAX', `nothing before this is anchored as &${name}`, { place })]
  const inside = path.some(node => (node as { anchor?: string }).anchor === name)
  return inside ? [fault('YAML_UNSAFE', `*${name} stands inside of what it means`, { place })] : []
}

function toData(
  source: Pick<SourceDocument, 'file' | 'text' | 'lines'>,
  root: Node | null,
  document: { toJS(options: { mapAsMap: boolean; maxAliasCount: number }): unknown },
): unknown {
  try {
    return plain(document.toJS({ mapAsMap: true, maxAliasCount: 100 }))
  } catch (error) {
    throw new HandoverError(
      fault('YAML_UNSAFE', lowerFirst(error instanceof Error ? error.message : String(error)), {
        place: placeAt(source, root?.range?.[0] ?? 0),
      }),
    )
  }
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!(value instanceof Map)) return value
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, item] of value) object[String(key)] = plain(item)
  return object
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
      const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === String(step)) as
        | Pair<Node, Node | null>
        | undefined
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

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
