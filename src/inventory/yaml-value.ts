/**
 * Values of YAML as Ansible sees them. Ansible reads YAML 1.1 (PyYAML): `yes` is true, 0644 is 420, `<<` merges.
 * The rules for plain words are PyYAML's `resolver.py`. Timestamps stay text.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, visit, type YAMLMap } from 'yaml'
import type { SourceNodes } from '../document/document.ts'
import type { Value } from './inventory.ts'
import { exact } from './python-number.ts'
import { complain, type FaultList, type SourceText, type Spot } from './spot.ts'
import { tagged } from './tagged.ts'

export interface YamlReading {
  readonly document: SourceNodes
  readonly faults: FaultList
  readonly anchors: ReadonlyMap<string, Node>
  /** One value a node: an alias shares it, so aliases cannot multiply. */
  readonly values: Map<Node, Value>
  /** The entries of a mapping, with others merged in; kept, so that mappings merged into each other cannot multiply. */
  readonly entries: Map<Node, readonly Entry[]>
  /** Ansible reads a file that is JSON as JSON, whatever its name. */
  readonly isJson: boolean
  /** The document, for spots. */
  readonly source: SourceText
}

/** @param isSecret whether the text was encrypted. */
export function createYamlReading(document: SourceNodes, faults: FaultList, isSecret = false): YamlReading {
  const anchors = new Map<string, Node>()
  if (document.root && document.text.includes('&')) {
    visit(document.root, {
      Node(_key, node) {
        if (!isAlias(node) && node.anchor) anchors.set(node.anchor, node as Node)
      },
    })
  }
  const source = { file: document.file, text: document.text, isSecret }
  return {
    document,
    faults,
    anchors,
    values: new Map(),
    entries: new Map(),
    isJson: isJson(document.text),
    source,
  }
}

export function spotOf(reading: YamlReading, node: Node | null | undefined): Spot {
  return { source: reading.source, offset: node?.range?.[0] ?? 0 }
}

function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What an alias stands for; any other node is itself. */
function followAlias(reading: YamlReading, node: unknown): Node | null {
  if (isAlias(node)) return reading.anchors.get(node.source) ?? null
  return (node as Node | null) ?? null
}

export interface Entry {
  /** As it is written in JSON: `yes` is "true". */
  readonly key: string
  /** False for a number, `yes` or `null` without quotes: Ansible takes none of these for the name of a host or group. */
  readonly isText: boolean
  readonly keyNode: Node
  readonly value: Node | null
}

/** The entries of a mapping with `<<` merged in: its own keys win, earlier merged mappings win over later ones. */
export function entriesOf(reading: YamlReading, map: Node | null): readonly Entry[] {
  if (!isMap(map)) return []
  const known = reading.entries.get(map)
  if (known) return known
  const entries = readEntries(reading, map)
  reading.entries.set(map, entries)
  return entries
}

function readEntries(reading: YamlReading, map: YAMLMap): Entry[] {
  const merged: Entry[] = []
  const own: Entry[] = []
  for (const { key, value } of map.items) {
    const keyNode = followAlias(reading, key)
    if (!isScalar(keyNode)) {
      complain(
        reading.faults,
        'INVENTORY_SYNTAX',
        'a key must be a single word',
        spotOf(reading, keyNode ?? map),
      )
      continue
    }
    const node = followAlias(reading, value)
    if (keyNode.value === '<<' && keyNode.type === 'PLAIN') {
      const parts = isSeq(node) ? node.items.map(item => followAlias(reading, item)) : [node]
      for (const part of parts) merged.push(...entriesOf(reading, part))
    } else own.push({ ...keyOf(reading, keyNode), keyNode, value: node })
  }
  if (merged.length === 0) return own
  const seen = new Set(own.map(entry => entry.key))
  const added = merged.filter(entry => !seen.has(entry.key) && seen.add(entry.key))
  return [...added, ...own]
}

function keyOf(reading: YamlReading, node: Scalar): { key: string; isText: boolean } {
  const value = scalarValue(reading, node)
  return { key: String(value), isText: typeof value === 'string' }
}

export function yamlValue(reading: YamlReading, node: Node | null): Value {
  const target = followAlias(reading, node)
  if (!target) return null
  const known = reading.values.get(target)
  if (known !== undefined) return known
  const value = readValue(reading, target, false)
  reading.values.set(target, value)
  return value
}

/** @param isUnsafe inside of a value that is tagged `!unsafe`. */
function readValue(reading: YamlReading, node: Node, isUnsafe: boolean): Value {
  const tag = tagOf(reading, node)
  if (tag === 'vault') return readVault(reading, node)
  const inner = (item: unknown): Value =>
    isUnsafe || tag === 'unsafe'
      ? readUnsafe(reading, followAlias(reading, item))
      : yamlValue(reading, item as Node | null)
  if (isSeq(node)) return node.items.map(inner)
  if (isMap(node)) {
    const entries = entriesOf(reading, node)
    const tagged = reading.isJson ? taggedObject(reading, entries) : undefined
    if (tagged) return tagged
    const object: { [key: string]: Value } = Object.create(null)
    for (const { key, value } of entries) object[key] = inner(value)
    return object
  }
  return tag === 'unsafe' ? readUnsafe(reading, node) : isScalar(node) ? scalarValue(reading, node) : null
}

function readUnsafe(reading: YamlReading, node: Node | null): Value {
  if (!isScalar(node)) return node ? readValue(reading, node, true) : null
  const value = scalarValue(reading, node)
  return typeof value === 'string' ? tagged('unsafe', value, spotOf(reading, node)) : value
}

function readVault(reading: YamlReading, node: Node): Value {
  if (isScalar(node) && typeof node.value === 'string')
    return tagged('vault', textOf(reading, node), spotOf(reading, node))
  complain(reading.faults, 'INVENTORY_SYNTAX', 'an encrypted value is a text', spotOf(reading, node))
  return null
}

/** What Ansible writes in JSON, and reads there: `{"__ansible_vault": "$ANSIBLE_VAULT;..."}`. */
function taggedObject(reading: YamlReading, [entry, ...more]: readonly Entry[]): Value | undefined {
  const kind =
    entry?.key === '__ansible_vault' ? 'vault' : entry?.key === '__ansible_unsafe' ? 'unsafe' : undefined
  if (!kind || more.length > 0 || !isScalar(entry?.value)) return undefined
  const { value } = entry.value
  return typeof value === 'string' ? tagged(kind, value, spotOf(reading, entry.value)) : undefined
}

function tagOf(reading: YamlReading, node: Node): 'vault' | 'unsafe' | undefined {
  const { tag } = node as { tag?: string }
  if (!tag || tag.startsWith('tag:yaml.org,2002:')) return undefined
  if (tag === '!vault' || tag === '!vault-encrypted') return 'vault'
  if (tag === '!unsafe') return 'unsafe'
  const spot = spotOf(reading, node)
  // The value begins behind it.
  const offset = Math.max(0, reading.document.text.lastIndexOf(tag, spot.offset))
  complain(reading.faults, 'INVENTORY_NOT_BUILT', `the tag ${tag} is not read yet`, { ...spot, offset })
  return undefined
}

function scalarValue(reading: YamlReading, node: Scalar): Value {
  if (node.type !== 'PLAIN' || node.tag === 'tag:yaml.org,2002:str')
    return node.value === null ? null : textOf(reading, node)
  const source = node.source ?? ''
  return reading.isJson ? jsonValue(source) : plainValue(source)
}

/** A block (`|`, `>`) has a line end for each of its lines; in a file that ends within the last one, PyYAML gives that none. */
function textOf({ document: { text } }: YamlReading, { value, type, range }: Scalar): string {
  const whole = String(value)
  const isBlock = type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED'
  const isCutOff = isBlock && (range?.[1] ?? 0) >= text.length && /\S[^\n]*$/.test(text)
  return isCutOff ? whole.replace(/\n$/, '') : whole
}

/** A word of JSON: true, false, null or a number. */
function jsonValue(source: string): Value {
  if (/^-?\d+$/.test(source)) return exact(source)
  const value = JSON.parse(source) as Value
  return typeof value === 'number' && !Number.isFinite(value) ? source : value
}

const yes = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const no = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const decimal = /^[-+]?(?:0|[1-9][\d_]*)$/
const based = /^([-+]?)(?:0b([01_]+)|0x([\da-fA-F_]+)|0([0-7_]+))$/
const sexagesimal = /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/
const float = /^[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?)$/

/** A word without quotes. Infinities and fractions of base 60 stay text: nobody means them. */
function plainValue(source: string): Value {
  // Most words: they begin as no number, null or truth value does.
  if (/^[a-eg-mp-su-xzA-EG-MP-SU-XZ_/{]/.test(source)) return source
  if (source === '' || /^(?:~|null|Null|NULL)$/.test(source)) return null
  if (yes.test(source)) return true
  if (no.test(source)) return false
  const digits = source.replaceAll('_', '')
  if (decimal.test(source)) return exact(digits)
  const base = based.exec(digits)
  if (base) return basedValue(source, base)
  if (sexagesimal.test(source)) {
    const parts = digits.replace(/^[-+]/, '').split(':')
    const total = parts.reduce((sum, part) => sum * 60 + Number(part), 0)
    return exact(`${digits.startsWith('-') ? '-' : ''}${total}`)
  }
  const value = float.test(source) ? Number(digits) : Number.NaN
  return Number.isFinite(value) ? value : source
}

function basedValue(source: string, [, sign = '', binary, hex, octal]: RegExpExecArray): Value {
  const value = binary ? Number(`0b${binary}`) : hex ? Number(`0x${hex}`) : Number(`0o${octal ?? ''}`)
  if (!Number.isSafeInteger(value)) return source
  return sign === '-' && value !== 0 ? -value : value
}
