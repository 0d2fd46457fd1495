/** docs/hosts.md against the words for what hosts report, the state machine of the host program, and the tools it calls. */
import { expect, it } from 'vitest'
import { failure, knownReasons, knownRemarks, refusal, remark } from '../../src/driver/reasons.ts'
import { hostProgram } from '../../src/host/program.ts'
import { code, readPage, readSource, rowsOf, sectionNamed } from './pages.ts'

const page = readPage('hosts.md')
const detail = '…'
const escaped = (text: string) => text.replaceAll('|', '\\|')

/** Only what has words of its own as a refusal or as a failure; a reason can be both. */
const failureOf = (reason: string) => failure('SWITCH_FAILED', 'web1', reason).message
const isFailure = (reason: string) => failureOf(reason) !== reason
const isRefusal = (reason: string) =>
  !isFailure(reason) || refusal('web1', reason, detail).message !== `${failureOf(reason)} (${detail})`

function refusalRow(reason: string): string {
  const { code, message, hint } = refusal('web1', reason, detail)
  return `| \`${reason}\` | \`${code}\` | ${escaped(message)} | ${escaped(hint ?? '-')} |`
}

/** The first cells of each row; what follows in a row is the page's own. */
function firstCells(title: string, count: number): string[] {
  return rowsOf(sectionNamed(page, title)).map(
    cells => `| ${cells.slice(0, count).map(escaped).join(' | ')} |`,
  )
}

it('says what is refused, and why', () => {
  const wanted = [...knownReasons].filter(isRefusal).map(refusalRow)
  const written = firstCells('What is refused', 4)
  if (written.join('\n') !== wanted.join('\n')) {
    expect.fail(`the rows of "What is refused" in docs/hosts.md must begin with:\n\n${wanted.join('\n')}\n`)
  }
  for (const row of rowsOf(sectionNamed(page, 'What is refused'))) expect(row[4], row[0]).toMatch(/\.$/)
})

it('says what fails later', () => {
  const wanted = [...knownReasons]
    .filter(isFailure)
    .map(reason => `| \`${reason}\` | ${escaped(failureOf(reason))} |`)
  const written = firstCells('What fails later', 2)
  if (written.join('\n') !== wanted.join('\n')) {
    expect.fail(`the rows of "What fails later" in docs/hosts.md must be:\n\n${wanted.join('\n')}\n`)
  }
})

it('says what is noted', () => {
  const wanted = [...knownRemarks].map(each => `| \`${each}\` | ${escaped(remark(each, detail))} |`)
  expect(firstCells('What is noted', 2)).toEqual(wanted)
})

it('covers every reason', () => {
  const rows = ['What is refused', 'What fails later'].flatMap(title => rowsOf(sectionNamed(page, title)))
  expect(new Set(rows.map(([reason]) => code(reason)))).toEqual(knownReasons)
})

it('names every state of a record', () => {
  const program = hostProgram().toString('utf8')
  const found = program.matchAll(/(?<![\w$])state=([a-z]+)|close_run ([a-z]+)/g)
  const states = Array.from(found, match => match[1] ?? match[2])
  expect(states.length).toBeGreaterThan(6)
  const text = sectionNamed(page, 'The state directory')
  for (const state of states) expect(text).toContain(`\`${state}\``)
})

it('names every tool the host program calls', () => {
  const text = sectionNamed(page, 'What a host needs')
  const sources = [hostProgram().toString('utf8'), readSource('host/program.ts')].join('\n')
  const known =
    'awk cat chmod chown cp date dd env grep id ln ls mkdir mv readlink rm sed sha256sum sleep stat sync tail'
  for (const tool of [
    ...known.split(' '),
    'timeout',
    'setsid',
    'lsattr',
    'setpriv',
    'exch',
    'perl',
    'python3',
  ]) {
    expect(sources, tool).toMatch(new RegExp(`\\b${tool}\\b`))
    expect(text).toContain(`\`${tool}\``)
  }
  // Tools a later change may bring in.
  for (const tool of ['flock', 'pgrep', 'pidof', 'ps', 'head', 'cut', 'tr', 'find', 'lsof', 'ss']) {
    expect(sources, tool).not.toMatch(new RegExp(`(?:^|[|;&(]|\\$\\()[ \\t]*${tool} `, 'm'))
  }
})

it('says what the dead-man does in every state of a record', () => {
  const table = sectionNamed(page, 'When nobody is heard from')
  const source = readSource('host/settle.sh')
  const states = /going_on\(\) \{ in_state ([a-z ]+);/.exec(source)?.[1]?.split(' ') ?? []
  expect(states.length).toBe(6)
  for (const state of states) expect(table).toMatch(new RegExp(`^\\| .*\`${state}\``, 'm'))
})
