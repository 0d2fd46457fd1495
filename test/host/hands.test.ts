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
run=r path=/usr/${basename(base)}-nginx uid=$(id -u) holding= spare=
name_state ${base} && [ -d "$state" ] || exit 9
${script}`

function argsOf(shell: string): [string, string[]] {
  const [file = shell, ...words] = shell.split(' ')
  return [file, [...words, '-s']]
}

describe.each(shells)('in %s', shell => {
  test('a holder that stood still before it had written its name does not act beside its successor', async () => {
    const log = join(base, 'log')
    const hand = (name: string, before: string) => {
      const [file, args] = argsOf(shell)
      const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'inherit'] })
      child.stdin.end(
        bound(`${before}
hold_effect 800 && echo "${name} holds" >>${log}
sleep 1.5
echo "${name} drops" >>${log}
drop_effect`),
      )
      return new Promise<number | null>(resolve => {
        child.on('close', resolve)
      })
    }
    const stands = `
create() {
  set -C
  { true >"$1"; } 2>/dev/null
  created=$?
  set +C
  [ "$created" -eq 0 ] || return 1
  until [ -z "$slow" ]; do
    sleep 0.1
    [ ! -s ${log} ] || slow=
  done
  { printf '%s\\n' "$2" >>"$1"; } 2>/dev/null
}
slow=yes`
    const ends = await Promise.all([
      hand('slow', stands),
      hand('quick', 'until [ -e "$effect_at" ]; do sleep 0.1; done'),
    ])
    expect(ends).toEqual([0, 0])
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'quick holds',
      'quick drops',
      'slow holds',
      'slow drops',
    ])
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
