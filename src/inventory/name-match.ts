/** Which names a glob or a `~regex` selects. Both are made of what the user wrote, so both are bounded. */
import { createContext, Script } from 'node:vm'

const longestExpression = 1000
const mostTimeMs = 500

export type Selection =
  | { readonly ok: true; readonly names: readonly string[] }
  | { readonly ok: false; readonly message: string }

export function isWildcard(text: string): boolean {
  return text.startsWith('~') || /[*?[]/.test(text)
}

/** Names in their own order. A plain word selects itself. */
export function selectNames(names: Iterable<string>, text: string): Selection {
  if (text.length > longestExpression) {
    return { ok: false, message: `a pattern has at most ${longestExpression} characters` }
  }
  return text.startsWith('~') ? selectByRegex(names, text.slice(1)) : selectByGlob(names, text)
}

/** Python's re.match: anchored at the start only. A leading `(?i)` ignores case. */
function selectByRegex(names: Iterable<string>, written: string): Selection {
  const ignoreCase = written.startsWith('(?i)')
  const source = (ignoreCase ? written.slice(4) : written).replaceAll('(?P<', '(?<')
  if (/\\[AZ]/.test(source)) return { ok: false, message: 'use ^ and $ in place of \\A and \\Z' }
  try {
    new RegExp(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : ''
    return { ok: false, message: `the regular expression is invalid: ${reason}` }
  }
  return runBounded(`^(?:${source})`, ignoreCase ? 'i' : '', [...names])
}

const selecting = new Script(
  '{ const e = new RegExp(source, flags); JSON.stringify(names.filter(n => e.test(n))) }',
)

/** An expression such as `(a+)+$` can run for ever; a script with a time limit can be stopped, a function cannot. */
function runBounded(source: string, flags: string, names: readonly string[]): Selection {
  try {
    const context = createContext({ source, flags, names })
    const found: unknown = selecting.runInContext(context, { timeout: mostTimeMs })
    return { ok: true, names: JSON.parse(String(found)) as string[] }
  } catch {
    return { ok: false, message: `the regular expression takes longer than ${mostTimeMs} ms` }
  }
}

/** fnmatch: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`; case counts. */
function selectByGlob(names: Iterable<string>, glob: string): Selection {
  const tokens = readGlob(glob)
  return { ok: true, names: [...names].filter(name => matchesGlob(tokens, name)) }
}

type Token = '*' | ((char: string) => boolean)

function readGlob(glob: string): Token[] {
  const tokens: Token[] = []
  const parts = /\*+|\?|\[(!?)(\]?[^\]]*)\]|([\s\S])/g
  for (const [whole, negated, set, char] of glob.matchAll(parts)) {
    if (whole.startsWith('*')) tokens.push('*')
    else if (whole === '?') tokens.push(() => true)
    else if (set === undefined) tokens.push(one => one === char)
    else {
      const members = readSet(set)
      tokens.push(one => members(one) !== (negated === '!'))
    }
  }
  return tokens
}

function readSet(set: string): (char: string) => boolean {
  const singles = new Set<string>()
  const ranges: [string, string][] = []
  for (let index = 0; index < set.length; index++) {
    const end = set.charAt(index + 2)
    if (set.charAt(index + 1) === '-' && end !== '') {
      ranges.push([set.charAt(index), end])
      index += 2
    } else singles.add(set.charAt(index))
  }
  return char => singles.has(char) || ranges.some(([low, high]) => low <= char && char <= high)
}

/** Goes back to the last star only, which is enough for globs and keeps the work at length times length. */
function matchesGlob(tokens: readonly Token[], name: string): boolean {
  let at = 0
  let token = 0
  let star = -1
  let starAt = 0
  while (at < name.length) {
    const here = tokens[token]
    if (here === '*') {
      star = token++
      starAt = at
    } else if (here?.(name.charAt(at))) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (tokens[token] === '*') token++
  return token === tokens.length
}
