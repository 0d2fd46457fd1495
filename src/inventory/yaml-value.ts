/**
 * Values of YAML as Ansible sees them. Ansible reads YAML 1.1 (PyYAML): `yes` is true, 0644 is 420, `<<` merges.
 * The rules for plain words are PyYAML's `resolver.py`. Timestamps stay text.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, visit } from 'yaml'
import type { SourceDocument } from '../document/document.ts'
import type { Value } from './inventory.ts'
import { exact } from './python-number.ts'
import { complain, type FaultList, type Spot } from './spot.ts'

export interface YamlReading {
  readonly document: SourceDocument
  readonly faults: FaultList
  readonly anchors: ReadonlyMap<string, Node>
  /** One value a node: an alias shares it, so aliases cannot multiply. */
  readonly values: Map<Node, Value>
}

export function createYamlReading(document: SourceDocument, faults: FaultList): YamlReading {
  const anchors = new Map<string, Node>()
  if (document.root) {
    visit(document.root, {
      Node(_key, node) {
        if (!isAlias(node) && node.anchor) anchors.set(node.anchor, node as Node)
      },
    })
  }
  return { document, faults, anchors, values: new Map() }
}

export function spotOf(reading: YamlReading, node: Node | null | undefined): Spot {
  return { source: reading.document, offset: node?.range?.[0] ?? 0 }
}

/** What an alias stands for; any other node is itself. */
function followAlias(reading: YamlReading, node: unknown): Node | null {
  if (isAlias(node)) return reading.anchors.get(node.source) ?? null
  return (node as Node | null) ?? null
}

export interface Entry {
  readonly key: string
  readonly keyNode: Node
  readonly value: Node | null
}

/** The entries of a mapping with `<<` merged in: its own keys win, earlier merged mappings win over later ones. */
export function entriesOf(reading: YamlReading, map: Node | null): Entry[] {
  if (!isMap(map)) return []
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
    } else own.push({ key: keyText(keyNode), keyNode, value: node })
  }
  if (merged.length === 0) return own
  const seen = new Set(own.map(entry => entry.key))
  const added = merged.filter(entry => !seen.has(entry.key) && seen.add(entry.key))
  return [...added, ...own]
}

function keyText(node: Scalar): string {
  return node.source ?? String(node.value)
}

export function yamlValue(reading: YamlReading, node: Node | null): Value {
  const target = followAlias(reading, node)
  if (!target) return null
  const known = reading.values.get(target)
  if (known !== undefined) return known
  const value = readValue(reading, target)
  reading.values.set(target, value)
  return value
}

function readValue(reading: YamlReading, node: Node): Value {
  refuseTag(reading, node)
  if (isSeq(node)) return node.items.map(item => yamlValue(reading, item as Node | null))
  if (isMap(node)) {
    const object: { [key: string]: Value } = Object.create(null)
    for (const { key, value } of entriesOf(reading, node)) object[key] = yamlValue(reading, value)
    return object
  }
  return isScalar(node) ? scalarValue(node) : null
}

function refuseTag(reading: YamlReading, node: Node): void {
  const { tag } = node as { tag?: string }
  if (!tag || tag.startsWith('tag:yaml.org,2002:')) return
  const vault = tag.startsWith('!vault')
  const message = vault
    ? 'values encrypted with Ansible Vault are not read yet'
    : `the tag ${tag} is not read yet`
  const hint = vault ? 'give the value with -e @file, or leave the secret out of the inventory' : undefined
  complain(reading.faults, 'INVENTORY_NOT_BUILT', message, spotOf(reading, node), hint)
}

function scalarValue(node: Scalar): Value {
  if (node.type !== 'PLAIN' || node.tag === 'tag:yaml.org,2002:str')
    return node.value === null ? null : String(node.value)
  return plainValue(node.source ?? '')
}

const yes = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const no = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const decimal = /^[-+]?(?:0|[1-9][\d_]*)$/
const based = /^([-+]?)(?:0b([01_]+)|0x([\da-fA-F_]+)|0([0-7_]+))$/
const sexagesimal = /^[-+]?[1-9][\d_]*(?::[0-5]?\d)+$/
const float = /^[-+]?(?:\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?)$/

/** A word without quotes. Infinities and fractions of base 60 stay text: nobody means them. */
function plainValue(source: string): Value {
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
