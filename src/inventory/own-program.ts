/**
 * Runs a program of the user's own that says something: an inventory, a vault password. By argument list and without a
 * shell, in bounded time, with bounded output, and only when nobody else could have put something into it.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { clip } from '../core/text.ts'
import { refusalOfWriters } from './who-writes.ts'

export type Answer =
  | { readonly ok: true; readonly stdout: Buffer }
  | { readonly ok: false; readonly message: string; readonly hint?: string }

const mostBytes = 64 * 1024 * 1024
const mostErrorText = 2000

export function mayExecute(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Whether the system could start the file at all: a script with `#!`, or a binary. */
export function looksLikeProgram(file: string): boolean {
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    const head = Buffer.alloc(4)
    readSync(handle, head, 0, 4, 0)
    return head.toString('latin1').startsWith('#!') || head.toString('latin1') === '\x7fELF'
  } catch {
    return false
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

/** @param file absolute path. @param timeoutMs after it the program is killed. */
export function runProgram(file: string, args: readonly string[], timeoutMs: number): Answer {
  const refused = refusalOfWriters(file)
  if (refused) return { ok: false, ...refused }
  const what = [file, ...args].join(' ')
  const result = spawnSync(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: Math.max(1, Math.ceil(timeoutMs)),
    killSignal: 'SIGKILL',
    maxBuffer: mostBytes,
  })
  const said = clip(result.stderr?.toString('utf8').trim() ?? '', mostErrorText)
  const because = said === '' ? '' : `: ${said}`
  const code = (result.error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ETIMEDOUT')
    return { ok: false, message: `${what} did not end within ${seconds(timeoutMs)}${because}` }
  if (code === 'ENOBUFS') return { ok: false, message: `${what} printed more than ${mostBytes} bytes` }
  if (result.error) return { ok: false, message: `${what} cannot be started: ${code}` }
  if (result.signal) return { ok: false, message: `${what} was ended by ${result.signal}${because}` }
  if (result.status !== 0)
    return { ok: false, message: `${what} ended with exit code ${result.status}${because}` }
  return { ok: true, stdout: result.stdout }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
