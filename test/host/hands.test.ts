/** One hand a host, in the moments that no daemon can be brought to: the effect lock driven directly. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostProgram } from '../../src/host/program.ts'
import { readProcess } from '../../src/lab/process.ts'
import { shells } from './local-connection.ts'

const text = hostProgram().toString()
const program = text.slice(0, text.lastIndexOf('\nbegin "$@"'))
const isRoot = process.getuid?.() === 0
let base = ''
let state = ''

beforeEach(() => {
  base = mkdtempSync('/tmp/handover-hands-')
  // A target of its own, because of the lock in /run.
  const target = `${basename(base)}-nginx`.replaceAll('-', '%2d')
  state = join(base, `usr-${target}`)
  mkdirSync(state)
})
afterEach(() => rmSync(base, { recursive: true }))

/** The program without its main loop, bound to a state directory. */
const bound = (script: string) => `${program}
run=r epoch=1 path=/usr/${basename(base)}-nginx uid=$(id -u) holding= spare=
name_state ${base} && [ -d "$state" ] || exit 9
${script}`

function argsOf(shell: string): [string, string[]] {
  const [file = shell, ...words] = shell.split(' ')
  return [file, [...words, '-s']]
}

describe.each(shells)('in %s', shell => {
  /** Runs a script in a hand of its own. What `create` makes first has no text until somebody has written to `log`. */
  const hand = (before: string, script: string) => {
    const [file, args] = argsOf(shell)
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdin.end(bound(`log=${base}/log\n${before}\n${script}`))
    let said = ''
    child.stdout.on('data', chunk => {
      said += chunk
    })
    return new Promise<string>(resolve => {
      child.on('close', code => resolve(`${code} ${said}`.trim()))
    })
  }
  const standsStill = `name=slow
create() {
  set -C
  { true >"$1"; } 2>/dev/null
  created=$?
  set +C
  [ "$created" -eq 0 ] || return 1
  until [ -s "$log" ]; do sleep 0.1; done
  { printf '%s\n' "$2" >>"$1"; } 2>/dev/null
}`
  const comesAfter = (made: string) => `name=quick\nuntil [ -e "$state/${made}" ]; do sleep 0.1; done`
  const logged = () => readFileSync(join(base, 'log'), 'utf8').trim().split('\n')

  test('a holder that stood still before it had written its name does not act beside its successor', async () => {
    const script = `hold_effect 800 && echo "$name holds" >>"$log"
sleep 1.5
echo "$name drops" >>"$log"
drop_effect`
    const ends = await Promise.all([hand(standsStill, script), hand(comesAfter('effect'), script)])
    expect(ends).toEqual(['0', '0'])
    expect(logged()).toEqual(['quick holds', 'quick drops', 'slow holds', 'slow drops'])
  })

  test('a run that stood still before its lock had a text does not go on beside the one that passed it over', async () => {
    const script = `nonce=n fields= run=$name owner="$name user" cancel=$state/cancel.$name sib=${base}/$name sent=${base}/sent
find_old() { echo "$name goes on" >>"$log"; sleep 1.5; return 1; }
prepare sha 6000 500 terminate`
    const ends = await Promise.all([hand(standsStill, script), hand(comesAfter('lock'), script)])
    expect(ends).toEqual(['0 @n refused detail= code=LOCKED', '0 @n refused code=CHANGED_SINCE_INSPECT'])
    expect(logged()).toEqual(['quick goes on'])
  })

  test.skipIf(!isRoot)('a dead-man that has the lock in /run lives, though its heart cannot be seen', () => {
    const self = readProcess(process.pid)
    writeFileSync(join(state, 'beat'), `${process.pid} ${self?.startTime} 1 end\n`)
    const lock = `/run/handover-effect-${basename(state)}`
    const [file, args] = argsOf(shell)
    const look = () => spawnSync(file, args, { input: bound('dead_man_lives; exit $?') }).status
    expect(look()).toBe(1)
    const boot = spawnSync(file, args, { input: bound('echo "$boot"'), encoding: 'utf8' }).stdout.trim()
    writeFileSync(lock, `${process.pid}:${self?.startTime}:${boot}\n`)
    try {
      expect(look()).toBe(0)
    } finally {
      rmSync(lock)
    }
  })
})
