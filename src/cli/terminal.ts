/** The one place where the command line touches the process: streams, environment, signals. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  readonly isTty: boolean
  readonly columns: number
  readonly rows: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends the process at once; only for a user who insists. */
  exit(code: number): void
}

export function processTerminal(exit: (code: number) => void): Terminal {
  return {
    out: text => void process.stdout.write(text),
    err: text => void process.stderr.write(text),
    isTty: process.stdout.isTTY === true,
    // Getters: a window may change its size while a run is shown.
    get columns() {
      // A file or a pipe has no width; a table in a log must not lose its last column.
      return process.stdout.columns ?? (Number(process.env.COLUMNS) || 160)
    },
    get rows() {
      return process.stdout.rows ?? 24
    },
    env: process.env,
    exit,
  }
}
