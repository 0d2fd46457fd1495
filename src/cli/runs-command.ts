/** `handover runs` and `handover show RUN`. */
import { exitCode } from '../core/exit-code.ts'
import { listRuns } from '../journal/run-directory.ts'
import { jsonLine } from '../report/json.ts'
import { oneLine } from '../report/line.ts'
import { describeRun, formatRuns, type RunRow, runRow } from '../report/run-text.ts'
import { nextText, waysFrom } from './leftover-runs.ts'
import { type OutputOptions, runDirectory, wantsColor } from './options.ts'
import { livenessFrom, openRun, type PastRun } from './past-run.ts'
import type { Terminal } from './terminal.ts'

interface Row extends RunRow {
  /** Which controller leads or has led it: 1 for the first; 0 when it cannot be told. */
  readonly epoch: number
  /** What to do next with a run that nobody has led to its end; null when nothing is to be done. */
  readonly next: string | null
}

export async function runsCommand(terminal: Terminal, options: OutputOptions): Promise<number> {
  const root = runDirectory(options, terminal)
  const rows = listRuns(root).map(run => rowOf(root, run))
  if (options.output === 'json') {
    for (const row of rows) terminal.out(`${jsonLine(row)}\n`)
    return exitCode.done
  }
  terminal.out(`${formatRuns(rows, { width: terminal.columns }).join('\n')}\n`)
  for (const { id, next } of rows) {
    if (next !== null) terminal.out(`next, for ${oneLine(id, 80)}: ${next}\n`)
  }
  return exitCode.done
}

/** One journal that cannot be read must not hide the other runs. */
function rowOf(root: string, run: string): Row {
  try {
    const past = openRun(root, run)
    const row = runRow(past.entries, { alive: livenessFrom(past) })
    return { ...row, id: run, epoch: past.leader.epoch, next: nextText(past) }
  } catch {
    const outcome = 'unreadable'
    return { id: run, started: '', name: '', hosts: 0, outcome, undoes: null, epoch: 0, next: null }
  }
}

export async function showCommand(
  terminal: Terminal,
  wanted: string,
  options: OutputOptions,
): Promise<number> {
  const root = runDirectory(options, terminal)
  const past = openRun(root, wanted)
  const { entries } = past
  if (options.output === 'json') for (const entry of entries) terminal.out(`${jsonLine(entry)}\n`)
  else {
    const lines = describeRun(entries, {
      alive: livenessFrom(past),
      color: wantsColor(options, terminal),
      width: terminal.columns,
    })
    terminal.out(`${[...lines, ...leadership(past), ...undoings(past)].join('\n')}\n`)
  }
  return exitCode.done
}

/** What else than going on can be done, where nobody leads, right behind what is next; and who leads. */
function leadership(past: PastRun): string[] {
  const { epoch, who, from, pid, liveness } = past.leader
  const verbs = { alive: 'leads', gone: 'led', unknown: 'leads or has led' }
  const verb = past.state.finished === undefined ? verbs[liveness] : 'led'
  const { on, back } = waysFrom(past) ?? {}
  return [
    // Of one that was cut off the way on has been told already, with the hosts it begins with.
    ...(on === undefined || livenessFrom(past) !== null ? [] : [`next: ${on}`]),
    ...(back === undefined ? [] : [`or: ${back}`]),
    ...(epoch > 0
      ? [`controller ${epoch} ${verb} it: process ${pid} of ${oneLine(who, 80)} on ${oneLine(from, 80)}`]
      : []),
  ]
}

/** Runs that were to bring back what this one has committed. */
function undoings({ root, run }: PastRun): string[] {
  return listRuns(root).flatMap(later => {
    const row = later > run ? rowOf(root, later) : undefined
    return row?.undoes === run ? [`rollback of it: run ${oneLine(later, 80)}, ${row.outcome}`] : []
  })
}
