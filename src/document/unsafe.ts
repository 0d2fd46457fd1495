/** What is valid YAML and still refused: keys that collide or reach a prototype, depths, aliases within themselves. */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  type Node,
  visit,
  type YAMLMap,
} from 'yaml'
import { type Fault, type FaultCode, fault, HandoverError } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { placeAt, placeOn, type SourceLines } from './place.ts'
import { bracesFault } from './syntax.ts'

const maxDepth = 64
/** Of brackets, also of those in texts and comments, where some may be open. */
const hopelessDepth = 500
/** After so many nobody reads on. */
const mostFaults = 50
const unsafeKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** The library takes minutes for what this finds at a glance; whatever is less deep is judged by what it means. */
export function refuseDepths(file: string, text: string): void {
  let depth = 0
  for (const { 0: mark, index } of text.matchAll(/[[{\]}]|(?:[-?] +){64}/g)) {
    depth += mark === ']' || mark === '}' ? -1 : mark.length > 1 ? hopelessDepth : 1
    if (depth < hopelessDepth) continue
    const before = text.slice(0, index).split('\n')
    const place = placeOn(file, text, before.length, (before.at(-1)?.length ?? 0) + 1)
    const hint = 'is it the right file?'
    throw new HandoverError(fault('YAML_UNSAFE', `nested deeper than ${maxDepth} levels`, { place, hint }))
  }
}

export function unsafeParts(source: SourceLines, document: Document.Parsed): Fault[] {
  const faults: Fault[] = []
  const anchors = new Set<string>()
  visit(document, {
    Node(_key, node, path) {
      if (faults.length >= mostFaults) return visit.BREAK
      if (isAlias(node)) return void faults.push(...unsafeAlias(source, node, anchors, path))
      if (node.anchor) anchors.add(node.anchor)
      if (path.length > maxDepth && path.filter(isCollection).length > maxDepth) {
        const place = placeAt(source, node.range?.[0] ?? 0)
        faults.push(
          fault('YAML_UNSAFE', `nested deeper than ${maxDepth} levels`, { place, hint: 'write it flatter' }),
        )
        return visit.BREAK
      }
      if (!isMap(node)) return undefined
      const isBraces = isTemplate(node)
      faults.push(...(isBraces ? [bracesFault(source, node)] : keyFaults(source, node)))
      return isBraces ? visit.SKIP : undefined
    },
  })
  return faults
}

/** `{{ name }}` is a mapping whose only key is a mapping. */
function isTemplate({ flow, items }: YAMLMap): boolean {
  const [only] = items
  return flow === true && items.length === 1 && isMap(only?.key) && only.key.flow === true
}

function keyFaults(source: SourceLines, { items }: YAMLMap): Fault[] {
  const seen = new Map<string, number>()
  const faults: Fault[] = []
  for (const { key } of items) {
    if (faults.length >= mostFaults) break
    const found = keyFault(source, key as Node | null, seen)
    if (found) faults.push(found)
  }
  return faults
}

/** @param seen where each key stood first; this one is added */
function keyFault(source: SourceLines, key: Node | null, seen: Map<string, number>): Fault | undefined {
  const offset = key?.range?.[0] ?? 0
  // Made only where there is something to tell: in a long file every place costs.
  const told = (code: FaultCode, message: string, hint: string) =>
    fault(code, message, { place: placeAt(source, offset), hint })
  // What an alias stands for is not looked at: the data has the key twice then, and the format complains.
  if (isAlias(key)) return undefined
  if (!isScalar(key) || key.value === null)
    return told('YAML_SYNTAX', 'a key must be a text, and not empty', keyHint)
  const name = String(key.value)
  if (unsafeKeys.has(name))
    return told('YAML_UNSAFE', `the key "${name}" is not allowed`, 'choose another name')
  const first = seen.get(name)
  if (first === undefined) {
    seen.set(name, offset)
    return undefined
  }
  const { line } = source.lines.linePos(first)
  const message = `the key "${clip(name, 80)}" stands here a second time, first in line ${line}`
  return told('YAML_SYNTAX', message, 'remove one of them')
}

const keyHint = 'write key: value; a key that begins with a bracket or "?" needs quotes'

/** What the library would only find while it makes data, without saying where. */
function unsafeAlias(
  source: SourceLines,
  { source: name, range }: Alias,
  anchors: ReadonlySet<string>,
  path: readonly unknown[],
): Fault[] {
  const inside = path.some(node => (node as { anchor?: string }).anchor === name)
  if (anchors.has(name) && !inside) return []
  const place = placeAt(source, range?.[0] ?? 0)
  if (!anchors.has(name))
    return [
      fault('YAML_SYNTAX', `nothing before this is anchored as &${name}`, {
        place,
        hint: `quote it if it is a text, such as a pattern: "*${name}"`,
      }),
    ]
  return [
    fault('YAML_UNSAFE', `*${name} stands inside of what it means`, {
      place,
      hint: 'write out what is meant',
    }),
  ]
}
