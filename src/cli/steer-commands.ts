/** `handover abort`, `pause`, `approve`: a run that is led in another terminal. */
import { formatDuration } from '../core/duration.ts'
import { exitCode } from '../core/exit-code.ts'
import { jsonLine } from '../report/json.ts'
import { type OutputOptions, runDirectory } from './options.ts'
import { openRun, type PastRun } from './past-run.ts'
import { awaitEnd, demand, exitOfUndoing, refused } from './request.ts'
import type { Terminal } from './terminal.ts'

export async function abortCommand(
  terminal: Terminal,
  wanted: string,
  options: OutputOptions,
): Promise<number> {
  const past = openRun(runDirectory(options, terminal), wanted)
  return abort(terminal, past, options)
}

/** @returns 0 when every host is back, or none was changed. */
export async function abort(terminal: Terminal, past: PastRun, options: OutputOptions): Promise<number> {
  await demand(past, { verb: 'abort' })
  tell(terminal, options, past.run, 'run.abort_accepted', 'it starts nothing more, and goes back')
  const ended = await awaitEnd(past)
  const { finished } = ended.state
  // The decision may have been on its way to the disk already.
  if (ended.state.decided) throw refused(ended, `it was decided already, and has ended ${finished}`)
  const exit = exitOfUndoing(finished)
  tell(terminal, options, past.run, 'run.aborted', `ended ${finished}`, { outcome: finished, exit })
  return exit
}

export async function pauseCommand(
  terminal: Terminal,
  wanted: string,
  options: OutputOptions & { readonly for: number },
): Promise<number> {
  const past = openRun(runDirectory(options, terminal), wanted)
  await demand(past, { verb: 'pause', ms: options.for })
  const longest = formatDuration(options.for)
  const text = `paused: nothing more is switched until \`handover resume ${past.run}\`; after ${longest} it goes back`
  tell(terminal, options, past.run, 'run.pause_accepted', text)
  return exitCode.done
}

export async function approveCommand(
  terminal: Terminal,
  wanted: string,
  options: OutputOptions & { readonly stage?: string },
): Promise<number> {
  const past = openRun(runDirectory(options, terminal), wanted)
  const { stage } = options
  await demand(past, { verb: 'approve', ...(stage === undefined ? {} : { stage }) })
  const { pausedMs, window } = past.state
  const when = window === 'hold' ? ' when the maintenance window opens' : ''
  const text =
    pausedMs === undefined
      ? `approved: the stage that waited begins${when}`
      : `approved, and still paused: the stage begins after \`handover resume ${past.run}\``
  tell(terminal, options, past.run, 'run.approval_accepted', text)
  return exitCode.done
}

/** `resume` of a run that is paused and has its controller. */
export async function proceed(terminal: Terminal, past: PastRun, options: OutputOptions): Promise<number> {
  await demand(past, { verb: 'continue' })
  tell(terminal, options, past.run, 'run.continue_accepted', 'continued: its controller goes on with it')
  return exitCode.done
}

/** One line, for a person or for a program. */
export function tell(
  terminal: Terminal,
  { output }: OutputOptions,
  run: string | undefined,
  type: string,
  text: string,
  more: Record<string, unknown> = {},
): void {
  if (output === 'json')
    terminal.out(`${jsonLine({ v: 1, type, run, exit: exitCode.done, summary: text, ...more })}\n`)
  else terminal.out(`${run === undefined ? '' : `run ${run}: `}${text}\n`)
}
