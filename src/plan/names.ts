/** Many host names in few words: neighbours that only count up or down become a range, as an inventory would write it. */

/** Fewer are as short written out. */
const leastInRange = 3

export interface Folded {
  /** `web1`, or `web[1:8]` and `web[8:1]`: from the first to the last, both included. */
  readonly text: string
  readonly hosts: number
}

/** Keeps the order: only names that follow each other are folded. Linear in the names. */
export function foldNames(names: readonly string[]): Folded[] {
  const folded: Folded[] = []
  let from = 0
  while (from < names.length) {
    const run = runFrom(names, from)
    if (run.length >= leastInRange) folded.push({ text: rangeText(run), hosts: run.length })
    else for (const { name } of run) folded.push({ text: name, hosts: 1 })
    from += run.length
  }
  return folded
}

/** At most `most` pieces, then how many hosts are not named: `web[1:40], db1 and 7 more`. */
export function namesText(names: readonly string[], most = 6): string {
  const folded = foldNames(names)
  const shown = folded.slice(0, most)
  const left = names.length - shown.reduce((sum, { hosts }) => sum + hosts, 0)
  return `${shown.map(({ text }) => text).join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

interface Split {
  readonly name: string
  /** Text and numbers in turn, text first. */
  readonly parts: readonly string[]
}

function runFrom(names: readonly string[], from: number): Split[] {
  const first = split(names[from] ?? '')
  const run = [first]
  let step: Step | undefined
  for (let at = from + 1; at < names.length; at++) {
    const next = split(names[at] ?? '')
    const found = stepBetween(run.at(-1) ?? first, next)
    if (!found || (step && (found.part !== step.part || found.by !== step.by))) break
    step = found
    run.push(next)
  }
  // A pair is no range, and its second name may begin one.
  return run.length >= leastInRange ? run : [first]
}

function split(name: string): Split {
  return { name, parts: name.split(/(\d+)/) }
}

interface Step {
  readonly part: number
  readonly by: 1 | -1
}

/** Undefined unless exactly one number differs, by one, and is written alike. */
function stepBetween(a: Split, b: Split): Step | undefined {
  if (a.parts.length !== b.parts.length) return undefined
  const different = a.parts.flatMap((part, at) => (part === b.parts[at] ? [] : [at]))
  const [part] = different
  if (part === undefined || different.length > 1 || part % 2 === 0) return undefined
  const [one = '', other = ''] = [a.parts[part], b.parts[part]]
  const isAlike = one.length === other.length || !(one.startsWith('0') || other.startsWith('0'))
  const by = Number(other) - Number(one)
  return isAlike && (by === 1 || by === -1) ? { part, by } : undefined
}

function rangeText(run: readonly Split[]): string {
  const [first, second, last] = [run[0], run[1], run.at(-1)]
  if (!first || !second || !last) return ''
  const part = stepBetween(first, second)?.part ?? 0
  return first.parts.map((text, at) => (at === part ? `[${text}:${last.parts[at] ?? ''}]` : text)).join('')
}
