import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { knownReasons, knownRemarks } from '../../src/driver/reasons.ts'
import { hostProgram } from '../../src/host/program.ts'
import { shells } from './local-connection.ts'

const folder = new URL('../../src/host/', import.meta.url)
const names = readdirSync(folder).filter(name => name.endsWith('.sh'))
const source = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const program = hostProgram().toString()

const scratch = mkdtempSync('/tmp/handover-shell-')
afterAll(() => rmSync(scratch, { recursive: true }))

describe('the host program', () => {
  test('has every shell file in it, once, and nothing is cut by leaving out comments and indentation', () => {
    for (const name of names) {
      for (const [, definition] of source(name).matchAll(/^([a-z_]+)\(\) \{/gm)) {
        expect(program.split(`\n${definition}() {`).length, `${definition} of ${name}`).toBe(2)
      }
    }
    expect(program.length % 4096).toBe(0)
  })

  test.each(shells)('is read by %s', shell => {
    const [file = shell, ...words] = shell.split(' ')
    const ran = spawnSync(file, [...words, '-n'], { input: program })
    expect([ran.status, ran.stderr.toString()]).toEqual([0, ''])
  })

  test('is clean for shellcheck', () => {
    const excluded = [
      'SC1007', // `a= b=` empties several variables; that is meant.
      'SC2086', // Lists of PID:START:PPID are split where they are used; globbing is off.
      'SC2046', // The same, of what a command prints.
      'SC3013', // -ef is in every shell of this house, and compares inodes without a fork.
      'SC2034', // `read` needs names for fields nobody wants.
      'SC2015', // A && B || C is used where C is right after both.
      'SC2209', // link, exch, perl are words here, no commands.
      'SC2012', // Names in /proc/PID/fd are numbers; `find` cannot say what they link to.
      'SC2017', // Overflow on 32 bits is worse than a lost KiB.
    ]
    const file = join(scratch, 'program.sh')
    writeFileSync(file, `#!/bin/sh\n${program}`)
    const ran = spawnSync('shellcheck', ['-s', 'sh', '-e', excluded.join(','), '-f', 'gcc', file])
    expect(ran.stdout.toString()).toBe('')
    expect(ran.status).toBe(0)
  })

  test('no special builtin writes to a file: in dash a redirection that fails would end the program', () => {
    const special = /(?:^|[;&|({\s])(?::|\.|eval|exec|export|readonly|set|shift|trap|unset)\s[^;#|]*[^2&\s$]>/
    const lines = program.split('\n').filter(line => special.test(line) && !line.includes('exec timeout'))
    expect(lines).toEqual([])
  })
})

describe('codes', () => {
  // Where a code is written down: as the argument of these, or in one of these variables.
  const spoken =
    /(?:\b(?:refuse|fail_prepare|held|stuck|give_up) |\bsay (?:code|stuck) |\b(?:failed|refused|why_code)=)([A-Z][A-Z_]+)\b/g
  const used = new Set([...program.matchAll(spoken)].map(match => match[1] ?? ''))
  /** The program on a host has no part in these. */
  const own = {
    driver: ['WRONG_ARCHITECTURE', 'CHANGED_SINCE_RUN', 'BACKUP_MISSING', 'BACKUP_DAMAGED', 'COMMITTED'],
    unspoken: [] as string[],
  }

  test('every one that the program can answer with has words', () => {
    expect(used.size).toBeGreaterThan(40)
    expect([...used].filter(code => !knownReasons.has(code) && !own.unspoken.includes(code))).toEqual([])
  })

  test('and there are no words for one that it never uses', () => {
    expect([...knownReasons].filter(code => !used.has(code) && !own.driver.includes(code))).toEqual([])
  })

  test('notes: the same', () => {
    const noted = Array.from(program.matchAll(/\bremark ([A-Z][A-Z_]+)\b/g), ([, code = '']) => code)
    expect(new Set(noted)).toEqual(knownRemarks)
  })
})

test('2,000 processes of others are looked at in well under a second', () => {
  // The scan itself, over a /proc of our own making would need another program; so it is timed for each process.
  const count = Number(execFileSync('sh', ['-c', 'ls -d /proc/[0-9]* | wc -l'], { encoding: 'utf8' }))
  const rounds = 20
  const script = `${program.slice(0, program.lastIndexOf('\nbegin "$@"'))}
old_file=/bin/true new_file=/bin/false om=1
i=0; while [ $i -lt ${rounds} ]; do scan; i=$((i + 1)); done`
  const began = performance.now()
  const ran = spawnSync('dash', ['-s'], { input: script })
  expect([ran.status, ran.stderr.toString()]).toEqual([0, ''])
  const eachMs = (performance.now() - began) / rounds / count
  expect(eachMs * 2000).toBeLessThan(500)
})
