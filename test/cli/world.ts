/** The built program, run as a user runs it, in a directory of its own. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const program = resolve(import.meta.dirname, '../../dist/bin.js')

export interface Said {
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

export interface Desk {
  readonly dir: string
  write(file: string, text: string): void
  handover(...args: string[]): Said
  clear(): void
}

/** A directory with an artifact that is a real program, `artifacts/nginx-1.26.3`. */
export function openDesk(): Desk {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'handover-cli-')))
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  mkdirSync(join(dir, 'artifacts'))
  copyFileSync('/bin/true', join(dir, 'artifacts/nginx-1.26.3'))
  return {
    dir,
    write,
    handover(...args) {
      const env = { ...process.env, NO_COLOR: '1' }
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        cwd: dir,
        env,
        encoding: 'utf8',
      })
      return { exit: status, out: stdout, err: stderr }
    },
    clear: () => rmSync(dir, { recursive: true, force: true }),
  }
}
