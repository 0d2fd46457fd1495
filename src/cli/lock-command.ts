/** `handover lock show` and `handover lock break`: who has the hosts, and how a lock that nobody gives back is ended. */
import pLimit from 'p-limit'
import { exitCode, exitCodeOf } from '../core/exit-code.ts'
import type { Fault } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import type { BreakOutcome, HostLock } from '../driver/hands.ts'
import { formatFaults } from '../report/fault-text.ts'
import { jsonLine } from '../report/json.ts'
import { oneLine } from '../report/line.ts'
import { formatLocks } from '../report/lock-text.ts'
import type { Participant } from '../run/conduct.ts'
import { askAtTerminal } from './agree.ts'
import { closeFleet, realFleet } from './fleet.ts'
import { type TargetOptions, wantsColor } from './options.ts'
import { listHosts, planToLookAt } from './past-run.ts'
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
  return onFleet(terminal, playbook, options, async participants => {
    const seen = await lookAtLocks(participants, options)
    show(terminal, options, seen)
    return endOf(seen.flatMap(({ fault }) => fault ?? []))
  })
}

export async function lockBreakCommand(
  terminal: Terminal,
  playbook: string | undefined,
  options: BreakOptions,
): Promise<number> {
  return onFleet(terminal, playbook, options, async participants => {
    const seen = await lookAtLocks(participants, options)
    const locked = seen.filter(({ lock }) => lock !== null)
    show(terminal, options, seen)
    const question = `End what this has begun on ${plural(locked.length, 'host')}, and free it?`
    if (locked.length > 0 && !options.yes && !(await askAtTerminal(terminal, options, question))) {
      return exitCode.interrupted
    }
    const limited = pLimit(options.forks)
    const faults = await Promise.all(
      locked.map(({ host }) =>
        limited(async () => {
          const outcome = await participants.get(host)?.hands.breakLock(options.force ?? false)
          if (outcome) tell(terminal, options, host, outcome)
          return outcome && outcome.kind !== 'free' ? [outcome.fault] : []
        }),
      ),
    )
    const all = [...seen.flatMap(({ fault }) => fault ?? []), ...faults.flat()]
    complain(terminal, options, faults.flat())
    return endOf(all)
  })
}

async function onFleet(
  terminal: Terminal,
  playbook: string | undefined,
  options: TargetOptions,
  work: (participants: ReadonlyMap<string, Participant>) => Promise<number>,
): Promise<number> {
  const { plan, machine } = await planToLookAt(terminal, playbook, options)
  if (options.listHosts) {
    listHosts(terminal, plan)
    return exitCode.done
  }
  const { forks, timeout } = options
  const participants = realFleet(plan, { run: 'look', machine, forks, connectTimeoutMs: timeout * 1000 })
  try {
    return await work(participants)
  } finally {
    await closeFleet(participants)
  }
}

async function lookAtLocks(
  participants: ReadonlyMap<string, Participant>,
  { forks }: TargetOptions,
): Promise<Seen[]> {
  const limited = pLimit(forks)
  const look = async ([host, { hands }]: [string, Participant]): Promise<Seen> => {
    const outcome = await hands.inspect()
    if (outcome.kind === 'unreachable') return { host, lock: null, fault: outcome.fault }
    // Whatever else speaks against an upgrade is not the question here.
    return { host, lock: outcome.inspection.lock, fault: undefined }
  }
  return Promise.all([...participants].map(one => limited(() => look(one))))
}

function show(terminal: Terminal, options: TargetOptions, seen: readonly Seen[]): void {
  if (options.output === 'json') {
    for (const { host, lock, fault } of seen) {
      terminal.out(`${jsonLine({ v: 1, type: 'host.lock', host, lock, fault: fault ?? null })}\n`)
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
