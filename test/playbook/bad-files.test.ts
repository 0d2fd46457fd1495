/**
 * What a new user is told about a bad file, whole: bad-files.txt has every one of them with its message. After a change that is
 * meant, `npx vitest run test/playbook/bad-files.test.ts -u` writes that page anew; read it as a new user would.
 */
import { describe, expect, it } from 'vitest'
import { loadPlays } from '../../src/playbook/load.ts'
import { badFiles } from './bad-files.ts'
import { faultsFrom, shown, write } from './world.ts'

const told = badFiles.map(({ title, text }) => {
  const file = write(text)
  const began = performance.now()
  const faults = faultsFrom(() => loadPlays(file, { extraVars: {} }))
  const tookMs = performance.now() - began
  return {
    title,
    text,
    faults,
    tookMs,
    message: shown(faults)
      .replaceAll(file, '')
      .replaceAll(/\/playbook-\d+\.yml/g, 'playbook.yml'),
  }
})

it('every message is the one that was read and found good', async () => {
  const page = told.map(
    ({ title, text, message }) => `## ${title}\n\n${fenced('yaml', source(text))}\n${fenced('', message)}`,
  )
  await expect(`# Bad files, and what is told about them\n\n${page.join('\n')}`).toMatchFileSnapshot(
    'bad-files.txt',
  )
})

it('there are many', () => expect(badFiles.length).toBeGreaterThanOrEqual(100))

describe.each(told)('$title', ({ faults, tookMs }) => {
  it('is refused with a place and a next step, quickly', () => {
    expect(faults.length).toBeGreaterThan(0)
    for (const { code, message, place, hint = '' } of faults) {
      expect(code).toMatch(/^(PLAYBOOK|YAML|FILE|SECRET)_/)
      expect(message).toMatch(/^[^A-Z].*[^.]$/s)
      expect(place?.file).toBeTruthy()
      // A bound is a next step by itself.
      if (!/must be (?:at (?:least|most)|longer)/.test(message))
        expect(hint, `${code}: ${message}`).toMatch(/[^.]$/)
    }
    expect(tookMs).toBeLessThan(1000)
  })
})

function fenced(language: string, text: string): string {
  return `\`\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\`\n`
}

/** As far as it can be shown: the rest of a long file is more of the same. */
function source(text: string | Buffer): string {
  const visible = JSON.stringify(text.toString('utf8')).slice(1, -1)
  const lines = visible.replaceAll('\\n', '\n').replaceAll('\\"', '"').replaceAll('\\\\', '\\')
  return lines.length > 600 ? `${lines.slice(0, 300)} ... (${text.length} in all)` : lines
}
