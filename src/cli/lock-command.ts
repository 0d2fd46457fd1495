/** `handover lock show` and `handover lock break`: who has the hosts, and how a lock that nobody gives back is ended. */
import { exitCode, exitCodeOf } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { BreakOutcome, HostLock } from '../driver/hands.ts'
import type { PlayInfo } from '../journal/entry.ts'
import { formatFaults } from '../report/fault-text.ts'
import { jsonLine } from '../report/json.ts'
import { oneLine } from '../report/line.ts'
import { formatLocks } from '../report/lock-text.ts'
import type { Participant } from '../run/conduct.ts'
import { askAtTerminal } from './agree.ts'
import { type EachHost, withFleet } from './fleet.ts'
import { listHosts, plansToLookAt, playHeading, playNumber } from './meant-hosts.ts'
import { type TargetOptions, wantsColor } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface BreakOptions extends TargetOptions {
  readonly force?: boolean
  readonly yes?: boolean
}

interface Seen {
  readonly host: string
  readonly lock: HostLock | null
  readonly fault: Fault | undefined
}

export async function lockShowCommand(
  terminal: Terminal,
  playbook: string | undefined,
  options: TargetOptions,
): Promise<number> {
  return onLocks(terminal, playbook, options, async () => [])
}

export async function lockBreakCommand(
  terminal: Terminal,
  playbook: string | undefined,
  options: BreakOptions,
): Promise<number> {
  return onLocks(terminal, playbook, options, async (seen, each) => {
    const locked = new Set(seen.flatMap(({ host, lock }) => (lock ? [host] : [])))
    const question = `End what this has begun on ${plural(locked.size, 'host')}, and free it?`
    if (locked.size > 0 && !options.yes && !(await askAtTerminal(terminal, options, question))) {
      return undefined
    }
    const faults = await each(async (host, { hands }) => {
      if (!locked.has(host)) return []
      const outcome = await hands.breakLock(options.force ?? false)
      tell(terminal, options, host, outcome)
      return outcome.kind === 'free' ? [] : [outcome.fault]
    })
    complain(terminal, options, faults.flat())
    return faults.flat()
  })
}

/** Shows the locks of the fleet, then does what is asked with them. */
async function onLocks(
  terminal: Terminal,
  playbook: string | undefined,
  options: TargetOptions,
  work: (seen: readonly Seen[], each: EachHost) => Promise<readonly Fault[] | undefined>,
): Promise<number> {
  const plays = await plansToLookAt(terminal, playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plays)
    return exitCode.done
  }
  const faults: Fault[] = []
  for (const play of plays) {
    if (play.play.of > 1 && options.output !== 'json') terminal.out(`${playHeading(play)}\n`)
    const found = await withFleet(play.plan, play.machine, options, async each => {
      const seen = await each(lookAtLock)
      show(terminal, options, seen, play.play)
      const left = await work(seen, each)
      return left && [...seen.flatMap(({ fault }) => fault ?? []), ...left]
    })
    if (!found) return exitCode.interrupted
    faults.push(...found)
  }
  return endOf(faults)
}

async function lookAtLock(host: string, { hands }: Participant): Promise<Seen> {
  const outcome = await hands.inspect()
  if (outcome.kind === 'unreachable') return { host, lock: null, fault: outcome.fault }
  // Whatever else speaks against an upgrade is not the question here.
  return { host, lock: outcome.inspection.lock, fault: undefined }
}

function show(terminal: Terminal, options: TargetOptions, seen: readonly Seen[], play: PlayInfo): void {
  if (options.output === 'json') {
    for (const { host, lock, fault } of seen) {
      terminal.out(
        `${jsonLine({ v: 1, type: 'host.lock', host, ...playNumber(play), lock, fault: fault ?? null })}\n`,
      )
    }
    return
  }
  const rows = seen.flatMap(({ host, lock }) => (lock ? [{ host, lock }] : []))
  const style = { color: wantsColor(options, terminal), width: terminal.columns }
  for (const line of formatLocks(rows, seen.length, style)) terminal.out(`${line}\n`)
  complain(
    terminal,
    options,
    seen.flatMap(({ fault }) => fault ?? []),
  )
}

function tell(terminal: Terminal, options: TargetOptions, host: string, outcome: BreakOutcome): void {
  if (options.output === 'json') {
    const state = outcome.kind === 'free' ? outcome.state : null
    const fault = outcome.kind === 'free' ? null : outcome.fault
    terminal.out(`${jsonLine({ v: 1, type: 'host.lock_broken', host, state, fault })}\n`)
  } else if (outcome.kind === 'free') {
    terminal.out(
      `${host}: free${outcome.state === 'none' ? '' : `, its run is ${oneLine(outcome.state, 20)}`}\n`,
    )
  }
}

function complain(terminal: Terminal, options: TargetOptions, faults: readonly Fault[]): void {
  if (options.output === 'json') return
  for (const line of formatFaults(faults, { color: wantsColor(options, terminal) })) terminal.err(`${line}\n`)
}

function endOf(faults: readonly Fault[]): number {
  return faults.length === 0 ? exitCode.done : exitCodeOf(faults)
}
