/** `handover runs` and `handover show RUN`. */
import { exitCode } from '../core/exit-code.ts'
import { HandoverError } from '../core/fault.ts'
import { findRun, listRuns, readJournal } from '../journal/run-directory.ts'
import { jsonLine } from '../report/json.ts'
import { describeRun, formatRuns, type RunRow, runRow } from '../report/run-text.ts'
import { type OutputOptions, runDirectory, wantsColor } from './options.ts'
import { isAlive } from './past-run.ts'
import type { Terminal } from './terminal.ts'

export async function runsCommand(terminal: Terminal, options: OutputOptions): Promise<number> {
  const root = runDirectory(options, terminal)
  const rows = listRuns(root).map(run => rowOf(root, run))
  if (options.output === 'json') for (const row of rows) terminal.out(`${jsonLine(row)}\n`)
  else terminal.out(`${formatRuns(rows, { width: terminal.columns }).join('\n')}\n`)
  return exitCode.done
}

/** One journal that cannot be read must not hide the other runs. */
function rowOf(root: string, run: string): RunRow {
  try {
    const entries = readJournal(root, run)
    return { ...runRow(entries, { alive: isAlive(entries) }), id: run }
  } catch (error) {
    if (!(error instanceof HandoverError)) throw error
    return { id: run, started: '', name: '', hosts: 0, outcome: 'unreadable', undoes: null }
  }
}

export async function showCommand(
  terminal: Terminal,
  wanted: string,
  options: OutputOptions,
): Promise<number> {
  const root = runDirectory(options, terminal)
  const entries = readJournal(root, findRun(root, wanted))
  if (options.output === 'json') for (const entry of entries) terminal.out(`${jsonLine(entry)}\n`)
  else {
    const lines = describeRun(entries, {
      alive: isAlive(entries),
      color: wantsColor(options, terminal),
      width: terminal.columns,
    })
    terminal.out(`${lines.join('\n')}\n`)
  }
  return exitCode.done
}
