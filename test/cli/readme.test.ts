/** What the README shows is what a new user gets. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, openDesk } from './world.ts'

const root = resolve(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
let desk: Desk

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)?.[1]
  if (!found) throw new Error(`the README has no ${language} block`)
  return found
}

/** The lines shown under `$ command`. */
function shown(command: string): string {
  const found = readme.split(`$ ${command}\n`)[1]?.split('```')[0]
  if (!found) throw new Error(`the README does not show ${command}`)
  return found
}

/** Without what differs from machine to machine, and from terminal to terminal. */
function levelled(text: string): string {
  return text
    .replace(/plan [0-9a-f]{12}/, 'plan X')
    .replace(/artifact: .*/, 'artifact: X')
    .replace(/\s+/g, ' ')
    .trim()
}

beforeAll(() => {
  desk = openDesk()
  desk.write('hosts.ini', block('ini'))
  desk.write('upgrade.yml', block('yaml'))
})
afterAll(() => desk.clear())

test('the first playbook is valid, and its plan is the one that is shown', () => {
  expect(desk.handover('validate', 'upgrade.yml', '-i', 'hosts.ini')).toMatchObject({ exit: 0, err: '' })
  const { exit, out } = desk.handover('plan', 'upgrade.yml', '-i', 'hosts.ini')
  expect(exit).toBe(0)
  expect(levelled(out)).toBe(levelled(shown('handover plan upgrade.yml -i hosts.ini')))
})

test('the mistake that is shown gets the answer that is shown', () => {
  desk.write(
    'wrong/upgrade.yml',
    block('yaml').replace('health:', 'heatlh:').replace('artifacts/', '../artifacts/'),
  )
  const { exit, err } = desk.handover('validate', 'wrong/upgrade.yml', '-i', 'hosts.ini')
  expect(exit).toBe(4)
  const wanted = shown('handover validate upgrade.yml -i hosts.ini')
  expect(err.replace('wrong/upgrade.yml', 'upgrade.yml').trim()).toBe(wanted.trim())
})

test('every command it names exists and understands what is written behind it', () => {
  const commands = [...readme.matchAll(/^(?:\$ )?(?:handover|node dist\/bin\.js) ([a-z].*?)(?: +#.*)?$/gm)]
  expect(commands.length).toBeGreaterThan(7)
  for (const [, words = ''] of commands) {
    const { exit, err } = desk.handover(...words.split(/ +/), '--help')
    expect({ words, exit, err }).toEqual({ words, exit: 0, err: '' })
  }
})

function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('every npm script and file it names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name = ''] of readme.matchAll(/npm run ([a-z]+)/g)) expect(scripts).toHaveProperty(name)
  for (const [, file = '', anchor] of readme.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)) {
    expect(existsSync(join(root, file)), file).toBe(true)
    if (anchor)
      expect(anchorsOf(readFileSync(join(root, file), 'utf8')), `${file}#${anchor}`).toContain(anchor)
  }
})
