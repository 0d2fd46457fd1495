/** Texts of inventory and vars files, whole vaults opened. */
import { HandoverError } from '../core/fault.ts'
import { parseNodes, type SourceNodes } from '../document/document.ts'
import { type ReadableKind, readText } from '../document/text-file.ts'
import type { Loading } from './loading.ts'
import { type SourceText, withoutText } from './spot.ts'
import { isVaultText, openVault } from './vault.ts'
import { createYamlReading, type YamlReading } from './yaml-value.ts'

/** An inventory of ten thousand hosts is a megabyte or two. */
const mostBytes = 16 * 1024 * 1024

/** @throws HandoverError FILE_UNREADABLE, FILE_TOO_LARGE, INVENTORY_VAULT. */
export function openFile({ inventory }: Loading, file: string, kind?: ReadableKind): SourceText {
  const text = readText(file, mostBytes, kind)
  if (!isVaultText(text)) return { file, text }
  const opened = openVault(inventory.vault, text, { source: { file, text }, offset: 0 })
  return { file, text: opened, isSecret: true }
}

/** @throws HandoverError YAML_*, without the lines of a text that was encrypted. */
export function parseYaml(loading: Loading, source: SourceText): YamlReading {
  const document = source.isSecret ? parseSecret(source) : parseNodes(source.file, source.text)
  return createYamlReading(document, loading.faults, source.isSecret)
}

function parseSecret({ file, text }: SourceText): SourceNodes {
  try {
    return parseNodes(file, text)
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    throw new HandoverError(error.faults.map(withoutText))
  }
}
