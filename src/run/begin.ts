/** From a decision to work under way: the intent first (invariant 9), then the phase. */
import type { EntryBody } from '../journal/entry.ts'
import type { Stand, Starter } from './conduct.ts'
import type { Decision } from './decide.ts'
import { performLook } from './look.ts'
import { performInspect, performPrecommit, performPrepare, performSwitch } from './phases.ts'
import { performCommit, performRevert } from './settle.ts'
import { stepEntry } from './steps.ts'
import { bake, waitAtGate } from './waits.ts'
import { lookAgain } from './wake.ts'

/** Every decision changes the state before this returns, so the next `decide` does not give it again. */
export function begin(
  decision: Exclude<Decision, { do: 'decide' }>,
  stand: Stand,
  start: Starter,
  limited: (work: () => Promise<void>) => Promise<void>,
): void {
  const { record } = stand
  const intent = (body: EntryBody) => {
    const begun = record(body)
    // It may fail while its phase still waits for its turn; the phase hears of it then.
    begun.catch(() => {})
    return begun
  }
  switch (decision.do) {
    case 'inspect': {
      const begun = intent({ type: 'host.inspect.begun', host: decision.host })
      return start(() => limited(() => performInspect(stand, decision.host, begun)))
    }
    case 'prepare': {
      const begun = intent({ type: 'host.prepare.begun', host: decision.host })
      return start(() => limited(() => performPrepare(stand, decision.host, begun)))
    }
    case 'switch': {
      const begun = intent({ type: 'host.switch.begun', host: decision.host })
      return start(() => performSwitch(stand, decision.host, begun))
    }
    case 'precommit': {
      const begun = intent({ type: 'host.precommit.begun', host: decision.host })
      return start(() => performPrecommit(stand, decision.host, begun))
    }
    case 'commit': {
      const begun = intent({ type: 'host.commit.begun', host: decision.host })
      return start(() => performCommit(stand, decision.host, begun))
    }
    case 'revert': {
      const begun = intent({ type: 'host.revert.begun', host: decision.host })
      return start(() => performRevert(stand, decision.host, begun))
    }
    case 'look': {
      const begun = intent({ type: 'host.look.begun', host: decision.host })
      return start(() => performLook(stand, decision.host, begun))
    }
    case 'bake':
      return start(() => bake(stand))
    case 'wait-at-gate':
      return start(() => waitAtGate(stand))
    case 'look-again':
      return start(() => lookAgain(stand))
    default:
      return start(() => record(stepEntry(decision, stand.state)))
  }
}
