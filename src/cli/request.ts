/** Asking the controller of a run for something, and waiting for its answer, or for the end of the run. */
import { setTimeout as pause } from 'node:timers/promises'
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import type { RunOutcome } from '../journal/entry.ts'
import { awaitReply, postRequest, type RequestBody } from '../journal/requests.ts'
import { waysOn } from '../report/steering-text.ts'
import { asker } from './lead.ts'
import { isAlive, livenessFrom, openRun, type PastRun } from './past-run.ts'
import { storedPlan } from './stored-plan.ts'

const answerMs = 10_000
/** For one that its controller has taken: it waits for its disk then. */
const receivedMs = 60_000
const lookEveryMs = 300
const shortestSilenceMs = 60_000
const silenceSpareMs = 10_000

/** @returns why it was not done; undefined when it was. @throws HandoverError RUN_NOT_ACTIVE, RUN_SILENT. */
export async function ask(past: PastRun, body: RequestBody): Promise<string | undefined> {
  const { dir, state, leader } = past
  if (state.finished !== undefined || leader.liveness === 'gone') throw notActive(past)
  const name = await postRequest(dir, { ...body, by: asker(), at: new Date().toISOString() })
  const reply = await awaitReply(dir, name, answerMs, receivedMs)
  if (typeof reply !== 'string') return reply.ok ? undefined : reply.why
  const now = openRun(past.root, past.run)
  throw now.state.finished === undefined ? silent(now, reply === 'taken back') : notActive(now)
}

function silent(past: PastRun, isTakenBack: boolean): HandoverError {
  const { run } = past
  const [what, hint] = isTakenBack
    ? [
        `has not answered within ${answerMs / 1000} s`,
        `what was asked for was taken back; if it does not come back, \`handover resume ${run} --takeover\` leads the run from here`,
      ]
    : [
        'has received it, and has not said that it is written down',
        `it may or may not be done: \`handover show ${run}\` tells; look at the disk of the run directory, and at whether somebody else leads the run now`,
      ]
  return new HandoverError(
    fault('RUN_SILENT', `the controller of run ${run} ${what}: ${place(past)}`, { hint }),
  )
}

/** @throws HandoverError RUN_REQUEST_REFUSED, too. */
export async function demand(past: PastRun, body: RequestBody): Promise<void> {
  const why = await ask(past, body)
  if (why !== undefined) throw refused(past, why)
}

export function refused({ run }: PastRun, why: string): HandoverError {
  return new HandoverError(
    fault('RUN_REQUEST_REFUSED', `run ${run} does not do that: ${why}`, {
      hint: `\`handover show ${run}\` tells how it stands`,
    }),
  )
}

/**
 * Follows a run that somebody else leads until it has finished.
 * @throws HandoverError RUN_UNSETTLED when it is cut off, RUN_SILENT when its controller cannot be seen and writes nothing.
 */
export async function awaitEnd(
  { root, run }: PastRun,
  longestSilenceMs = silenceOf(root, run),
): Promise<PastRun> {
  let written = -1
  let grownAt = performance.now()
  for (;;) {
    const past = openRun(root, run)
    if (past.state.finished !== undefined) return past
    if (past.leader.liveness === 'gone') {
      // Its last entry may have come between our two looks.
      const last = openRun(root, run)
      if (last.state.finished !== undefined) return last
      throw unsettled(last, 'was cut off before its end')
    }
    if (past.entries.length !== written) {
      written = past.entries.length
      grownAt = performance.now()
    }
    const silentMs = performance.now() - grownAt
    if (past.leader.liveness === 'unknown' && silentMs > longestSilenceMs) throw fellSilent(past, silentMs)
    await pause(lookEveryMs)
  }
}

/** A controller that lives writes something before the lease of a host, or what a host may take to drain, has passed. */
export function silenceOf(root: string, run: string): number {
  return Math.max(shortestSilenceMs, ...longWaits(root, run)) + silenceSpareMs
}

function longWaits(root: string, run: string): number[] {
  try {
    const { leaseMs, hosts } = storedPlan(root, run)
    return [leaseMs, ...hosts.map(({ handover }) => handover.drainTimeoutMs)].filter(Number.isFinite)
  } catch {
    // Waiting needs no plan; whoever leads the run on will say what is wrong with it.
    return []
  }
}

function fellSilent(past: PastRun, silentMs: number): HandoverError {
  const { run } = past
  return new HandoverError(
    fault(
      'RUN_SILENT',
      `run ${run} has written nothing for ${Math.round(silentMs / 1000)} s, and its controller cannot be seen from here: ${place(past)}`,
      {
        hint: `\`handover show ${run}\` tells how it stands; when that process is known to be gone, \`handover resume ${run} --takeover\` leads the run from here`,
      },
    ),
  )
}

/** What `abort` and `rollback` end with: 0 when every host is back or none was changed. */
export function exitOfUndoing(outcome: RunOutcome | undefined): number {
  switch (outcome) {
    case 'rolled-back':
    case 'interrupted':
    case 'refused':
    case 'nothing-to-do':
      return exitCode.done
    default:
      return exitCode.needsHuman
  }
}

export function place({ leader: { who, from, pid } }: PastRun): string {
  return `process ${pid} of ${who} on ${from}`
}

function notActive(past: PastRun): HandoverError {
  const { run, state } = past
  if (state.finished === undefined) {
    const hint = Object.values(waysOn(run, state.decided)).join(', ')
    return new HandoverError(
      fault('RUN_NOT_ACTIVE', `run ${run} was cut off: its controller is gone`, { hint }),
    )
  }
  return new HandoverError(
    fault('RUN_NOT_ACTIVE', `run ${run} has ended: ${state.finished}`, {
      hint: `\`handover show ${run}\` tells what became of each host`,
    }),
  )
}

/** The run cannot be undone before it has been brought to its end. */
export function unsettled(past: PastRun, why: string): HandoverError {
  const { run, state } = past
  const { on, back = `\`handover rollback ${run}\` takes them back after that` } = waysOn(
    run,
    state.decided,
    livenessFrom(past) === null,
  )
  const hint = `${on}, ${back}`
  return new HandoverError(fault('RUN_UNSETTLED', `run ${run} ${why}`, { hint }))
}

/** @throws HandoverError RUN_ACTIVE unless nobody leads the run any more, or it is taken from whoever does. */
export function requireFree(past: PastRun, takeover: boolean): void {
  const { run, state, leader } = past
  if (state.finished !== undefined || leader.liveness === 'gone' || takeover) return
  const what = isAlive(past) ? 'is led by' : 'may still be led by'
  throw new HandoverError(
    fault('RUN_ACTIVE', `run ${run} ${what} ${place(past)}`, {
      hint: 'steer it with `handover abort`, `pause` or `approve`; or, with --takeover, lead it from here: from then on the hosts refuse the other one',
    }),
  )
}
