/** Playbooks for tests: a small valid one, and texts whose `»` marks where a fault is expected. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { type Fault, HandoverError } from '../../src/core/fault.ts'
import { loadPlaybook } from '../../src/playbook/load.ts'
import type { Playbook, Vars } from '../../src/playbook/playbook.ts'

export const directory = mkdtempSync(join(tmpdir(), 'handover-playbook-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

export const head = `name: nginx
hosts: web
artifact: { src: nginx-new }
`
export const minimal = `${head}handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
`

let files = 0

export function write(text: string | Buffer, name = `playbook-${files++}.yml`): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

export function load(text: string, extraVars: Vars = {}): Playbook {
  return loadPlaybook(write(text), { extraVars })
}

export function faultsFrom(act: () => unknown): readonly Fault[] {
  try {
    act()
  } catch (error) {
    if (error instanceof HandoverError) return error.faults
    throw error
  }
  return []
}

/** The text without its marks, and the line and column of each. */
export function marked(text: string): { text: string; places: { line: number; column: number }[] } {
  const places: { line: number; column: number }[] = []
  const lines = text.split('\n').map((source, index) => {
    let line = source
    for (let at = line.indexOf('»'); at >= 0; at = line.indexOf('»')) {
      places.push({ line: index + 1, column: at + 1 })
      line = line.slice(0, at) + line.slice(at + 1)
    }
    return line
  })
  return { text: lines.join('\n'), places }
}

/** As the command line shows a fault, but without the directory of the test. */
export function shown(faults: readonly Fault[]): string {
  return faults
    .map(({ code, message, host, place, hint }) =>
      [
        `${code}: ${host ? `${host}: ` : ''}${message}`,
        place && `  at ${place.line}:${place.column}`,
        ...(place?.excerpt?.split('\n').map(line => `  | ${line}`) ?? []),
        hint && `  hint: ${hint}`,
      ]
        .filter(Boolean)
        .join('\n'),
    )
    .join('\n')
    .replaceAll(directory, '')
}
