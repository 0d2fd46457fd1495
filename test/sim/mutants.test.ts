/** Each mutant is a copy of the sources with one mistake in it; the simulation must find it. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Mutant, type Patch, runMutants } from './mutants.ts'
import { hostMutants } from './mutants-host.ts'
import { takenOverMutants } from './mutants-taken-over.ts'
import { takenUpMutants } from './mutants-taken-up.ts'
import { windowMutants } from './mutants-window.ts'
import { storyOf } from './random-story.ts'
import type { Story } from './story.ts'

const root = join(import.meta.dirname, '../..')
/** Inside of the repository, so that the sources there are taken as these are; git does not see it. */
const copies = join(root, '.mutants')
const mostStories = 1500

afterAll(() => rmSync(copies, { recursive: true, force: true }))

it.each([...runMutants, ...takenOverMutants, ...takenUpMutants, ...windowMutants, ...hostMutants])(
  'catches: $name',
  async mutant => {
    const { play } = (await import(join(copyOf(mutant), 'test/sim/play.ts'))) as typeof import('./play.ts')
    const seen = new Set<string>()
    for (const story of storiesFor(mutant)) {
      const { violations } = await play(story, 100_000)
      const hit = violations.find(one => mutant.caught.some(start => one.startsWith(start)))
      if (hit) {
        console.log(`${mutant.name}: seed ${story.seed}, ${hit}`)
        return
      }
      for (const one of violations) seen.add(one)
    }
    expect.fail(
      `nothing like "${mutant.caught.join('" or "')}" was found, only: ${[...seen].slice(0, 5).join('; ')}`,
    )
  },
  300_000,
)

/** Those that are made for it, then any. */
function* storiesFor(mutant: Mutant): Generator<Story> {
  for (let seed = 1; seed <= mostStories; seed++) {
    const story = storyOf(seed)
    yield mutant.strikes || mutant.more
      ? { ...story, strikes: mutant.strikes ?? story.strikes, ...mutant.more }
      : story
  }
}

function copyOf(mutant: Mutant): string {
  const at = join(copies, mutant.name.replaceAll(/\W+/g, '-'))
  rmSync(at, { recursive: true, force: true })
  mkdirSync(join(at, 'test'), { recursive: true })
  for (const folder of ['core', 'driver', 'health', 'journal', 'plan', 'playbook', 'run'])
    cpSync(join(root, 'src', folder), join(at, 'src', folder), { recursive: true })
  cpSync(join(root, 'test/sim'), join(at, 'test/sim'), {
    recursive: true,
    filter: source => !source.endsWith('.test.ts'),
  })
  symlinkSync(join(root, 'package.json'), join(at, 'package.json'))
  for (const patch of [mutant, ...(mutant.also ?? [])]) apply(at, patch)
  return at
}

function apply(at: string, { file, from, to }: Patch): void {
  const parts = readFileSync(join(at, file), 'utf8').split(from)
  expect(parts.length - 1, `"${from}" in ${file}`).toBe(1)
  writeFileSync(join(at, file), parts.join(to))
}
