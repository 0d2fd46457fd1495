/** docs/errors.md is the catalogue in words: nothing missing, nothing extra, nothing worded differently. */
import { expect, it } from 'vitest'
import type { CatalogueEntry } from '../../src/core/catalogue/entry.ts'
import { hostCodes } from '../../src/core/catalogue/host.ts'
import { catalogue } from '../../src/core/catalogue/index.ts'
import { inventoryCodes } from '../../src/core/catalogue/inventory.ts'
import { labCodes } from '../../src/core/catalogue/lab.ts'
import { playbookCodes } from '../../src/core/catalogue/playbook.ts'
import { runCodes } from '../../src/core/catalogue/run.ts'
import { sshCodes } from '../../src/core/catalogue/ssh.ts'
import { readPage } from './pages.ts'

const areas: readonly (readonly [string, Readonly<Record<string, CatalogueEntry>>])[] = [
  ['Files, playbook, artifact, plan', playbookCodes],
  ['Inventory', inventoryCodes],
  ['SSH', sshCodes],
  ['Hosts', hostCodes],
  ['Runs and the command line', runCodes],
  ['Lab', labCodes],
]

function expected(): string {
  const parts = areas.map(([title, codes]) => {
    const entries = Object.entries(codes).map(
      ([code, { exit, about }]) => `### ${code}\n\nExit code ${exit}.\n\n${plain(about)}\n`,
    )
    return `## ${title}\n\n${entries.join('\n')}`
  })
  return parts.join('\n')
}

/** Markdown would take `__proto__` for bold type. */
function plain(text: string): string {
  return text.replaceAll('__', '\\_\\_')
}

it('has every area of the catalogue', () => {
  const listed = areas.flatMap(([, codes]) => Object.keys(codes))
  expect(listed.sort()).toEqual(Object.keys(catalogue).sort())
})

it('says what the catalogue says', () => {
  const page = readPage('errors.md')
  const written = page.slice(page.indexOf('\n## ') + 1)
  const wanted = expected()
  if (written === wanted) return
  expect.fail(`docs/errors.md, from its first "## " on, must be:\n\n${wanted}`)
})
