/** What a host answers when a phase did not do what was asked, in words. */
import { type Fault, fault, faultsOf } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { type Answer, field } from '../host/frame.ts'
import { lastWord } from './last-word.ts'
import { failure } from './reasons.ts'

/** The first fault in what was thrown, as this host's. */
export function named(host: string, error: unknown): Fault {
  const first = faultsOf(error)[0] ?? fault('UNEXPECTED', String(error))
  return { ...first, host }
}

export function switchFault(host: string, answer: Answer): Fault {
  const found = field(answer, 'found')
  const detail = found ? `${found} of ${field(answer, 'wanted')} workers` : field(answer, 'detail')
  return failure('SWITCH_FAILED', host, field(answer, 'code'), {
    detail,
    log: clip(field(answer, 'log').trim(), 600),
  })
}

/** The host has not recorded the decision: its old master is the one that serves, or is about to. */
const notDecided: ReadonlySet<string> = new Set(['REVERT_CLAIMED', 'WRONG_PHASE', 'REBOOTED', 'FENCED'])

export function heldFault(host: string, answer: Answer): Fault {
  return failure('COMMIT_HELD', host, field(answer, 'code'), {
    detail: field(answer, 'detail'),
    hint: notDecided.has(field(answer, 'code'))
      ? 'it goes back by itself, or has: QUIT nothing there; see `handover status`, then run again to bring it forward'
      : 'look at both masters on the host; QUIT the old one once the new one is seen to serve',
  })
}

export function stuckFault(host: string, answer: Answer): Fault {
  const state = field(answer, 'state') === 'committed' ? 'COMMITTED' : answer.status
  const start = field(answer, 'start')
  return failure('REVERT_FAILED', host, field(answer, 'stuck') || field(answer, 'code') || state, {
    detail: start ? `it was started with: ${start}` : '',
    log: clip(field(answer, 'log').trim(), 600),
    hint: 'look at the host with `handover status`; the old binary is kept under `backups` in its state directory',
  })
}

/** Whoever breaks a lock has begun something there, so this is no refusal. */
export function unsettledFault(host: string, answer: Answer): Fault {
  const message = lastWord(answer) ?? `run ${field(answer, 'last_run')} did not come to its end`
  return fault('REVERT_FAILED', message, {
    host,
    hint: 'look at it with `handover status`; docs/hosts.md, "By hand", tells what to do',
  })
}
