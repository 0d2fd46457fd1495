/** Programs run to their end, with bounded output. */
import { execFile } from 'node:child_process'

export interface CommandResult {
  /** Undefined when the program could not be started or was ended by a signal. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Never throws: a program that is missing has no code and says why in `stderr`. */
export function runCommand(
  file: string,
  args: readonly string[],
  more: { readonly cwd?: string; readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  const options = {
    timeout: more.timeoutMs ?? 10_000,
    killSignal: 'SIGKILL' as const,
    maxBuffer: 1024 * 1024,
    ...(more.cwd === undefined ? {} : { cwd: more.cwd }),
    ...(more.env === undefined ? {} : { env: more.env }),
  }
  return new Promise(resolve => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined
      resolve({ code, stdout, stderr: stderr === '' && code === undefined ? String(error) : stderr })
    }).stdin?.end()
  })
}
