import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Fault, HandoverError } from '../../src/core/fault.ts'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { type LoadOptions, loadInventory } from '../../src/inventory/source.ts'

/** A directory with these files, by relative path; gone after the test. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'handover-inventory-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  return directory
}

export function loadIni(text: string): Inventory {
  return loadInventory([join(directoryWith({ 'hosts.ini': text }), 'hosts.ini')])
}

export function loadYaml(text: string): Inventory {
  return loadInventory([join(directoryWith({ 'hosts.yml': text }), 'hosts.yml')])
}

/** Writes the files, and loads `hosts` or what is named. */
export function loadFiles(
  files: Readonly<Record<string, string>>,
  sources: readonly string[] = ['hosts'],
  options: LoadOptions = {},
): Inventory {
  const directory = directoryWith(files)
  return loadInventory(
    sources.map(source => join(directory, source)),
    { playbookDirs: (options.playbookDirs ?? []).map(path => join(directory, path)) },
  )
}

/** The faults of something that must throw them. */
export function faultsOfCall(call: () => unknown): readonly Fault[] {
  try {
    call()
  } catch (error) {
    if (error instanceof HandoverError) return error.faults
    throw error
  }
  return []
}

/** `CODE line:column message`, which is what most tables compare. */
export function brief(faults: readonly Fault[]): string[] {
  return faults.map(({ code, message, place }) => `${code} ${place?.line}:${place?.column} ${message}`)
}
