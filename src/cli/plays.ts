/**
 * Several plays of one playbook, each a transaction with a run and a journal of its own. The next one begins only behind one
 * that ended with 0: a later play may rest on every host of an earlier one. Whoever runs the playbook again passes over what
 * is done.
 */
import { type ExitCode, exitCode } from '../core/exit-code.ts'
import { faultsOf } from '../core/fault.ts'
import type { PlayInfo, RunOutcome } from '../journal/entry.ts'
import { newRunId } from '../journal/run-directory.ts'
import { jsonLine } from '../report/json.ts'
import { oneLine } from '../report/line.ts'
import { type CarryOutOptions, type Undertaking, undertake } from './carry-out.ts'
import { playHeading } from './meant-hosts.ts'
import { wantsColor } from './options.ts'
import { reportFaults } from './report-faults.ts'
import type { Signal } from './signals.ts'
import type { Terminal } from './terminal.ts'

export type PlayToRun = Undertaking & { readonly play: PlayInfo }

/** A play and what became of it; without a run where it was not begun. */
interface PlayEnd {
  readonly play: number
  readonly name: string
  readonly run: string | null
  readonly outcome: RunOutcome | null
  readonly exit: ExitCode | null
}

/** @returns the exit code of the play that stopped the others; 0 when all are done. */
export async function carryOutPlays(
  terminal: Terminal,
  plays: readonly PlayToRun[],
  options: CarryOutOptions,
): Promise<number> {
  const ends: PlayEnd[] = []
  const signals = heedSignals()
  const conclude = (exit: number) => {
    const code = stopExit(exit, ends.length < plays.length ? signals.heard() : undefined)
    const all = [...ends, ...plays.slice(ends.length).map(notBegun)]
    tellEnds(terminal, options, all, code, signals.heard() !== undefined)
    return code
  }
  try {
    for (const play of plays) {
      if (signals.heard()) break
      if (options.output !== 'json') {
        terminal.out(`${ends.length > 0 ? '\n' : ''}${playHeading(play)}\n`)
      }
      const run = newRunId(new Date())
      // Left at once it has no end of its own, and the others none at all.
      const leave = (exit: number) => {
        ends.push({ ...notBegun(play), run, exit: exit as ExitCode })
        terminal.exit(conclude(exit))
      }
      const within: Terminal = Object.create(terminal, { exit: { value: leave } })
      const end = await playOut(within, { ...play, run, heard: signals.heard }, options)
      ends.push(end)
      if (end.exit !== exitCode.done) break
    }
    return conclude(ends.at(-1)?.exit ?? exitCode.done)
  } finally {
    signals.stop()
  }
}

async function playOut(terminal: Terminal, play: PlayToRun, options: CarryOutOptions): Promise<PlayEnd> {
  try {
    const { run, exit, outcome = null } = await undertake(terminal, play, options)
    return { ...notBegun(play), run, outcome, exit }
  } catch (error) {
    const json = options.output === 'json'
    const exit = reportFaults(terminal, faultsOf(error), { json, color: wantsColor(options, terminal) })
    return { ...notBegun(play), exit: exit as ExitCode }
  }
}

function notBegun({ plan, play }: PlayToRun): PlayEnd {
  return { play: play.number, name: plan.name, run: null, outcome: null, exit: null }
}

/** Done, and yet somebody wanted it to stop: what is left is not begun, and nobody may take that for done. */
function stopExit(exit: number, signal: Signal | undefined): number {
  if (exit !== exitCode.done || signal === undefined) return exit
  return signal === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted
}

/** Between two plays nobody else listens, and in a play that is decided a signal is not obeyed: it holds for those after it. */
function heedSignals(): { heard(): Signal | undefined; stop(): void } {
  let heard: Signal | undefined
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
    const listener = () => {
      heard ??= signal
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  return {
    heard: () => heard,
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}

function tellEnds(
  terminal: Terminal,
  { output }: CarryOutOptions,
  ends: readonly PlayEnd[],
  exit: number,
  interrupted: boolean,
): void {
  const left = ends.filter(end => end.run === null).map(({ name }) => oneLine(name, 120))
  const summary =
    left.length === 0
      ? exit === exitCode.done
        ? `all ${ends.length} plays done`
        : 'the last play did not end with 0'
      : `not begun: ${left.join(', ')}`
  if (output === 'json') {
    terminal.out(`${jsonLine({ v: 1, type: 'plays.finished', exit, summary, plays: ends })}\n`)
    return
  }
  terminal.out(`\nplays, exit ${exit}:\n${ends.map(end => `  ${endLine(end)}\n`).join('')}`)
  if (left.length > 0) {
    terminal.out(
      `next: ${againText(exit, interrupted)}: what is done is passed over, then come ${left.join(', ')}\n`,
    )
  }
}

function againText(exit: number, interrupted: boolean): string {
  if (exit === exitCode.outsideWindow) return 'run the playbook again when the window is open, or with --wait'
  return interrupted && calledOff.has(exit)
    ? 'run the playbook again when you are ready'
    : 'when what stopped it is mended, run the playbook again'
}

/** What a run ends with that somebody has stopped, and that has left nothing to mend. */
const calledOff: ReadonlySet<number> = new Set([
  exitCode.rolledBack,
  exitCode.interrupted,
  exitCode.terminated,
])

function endLine({ play, name, run, outcome, exit }: PlayEnd): string {
  const what =
    exit === null ? 'not begun' : `${outcome ?? (run === null ? 'not begun' : 'left')}, exit ${exit}`
  return `${play}. ${oneLine(name, 120)}: ${what}${run === null ? '' : `, run ${run}`}`
}
