/** Is a host as it was before a run? Its own word that it went back proves nothing once somebody else has had it. */
import { type Fault, fault } from '../core/fault.ts'
import type { HostFacts } from './entry.ts'

export function isAsBefore(found: HostFacts, before: HostFacts): boolean {
  return found.sha256 === before.sha256 && found.runsPath && found.masters === before.masters
}

export function notAsBefore(host: string, { version, sha256 }: HostFacts): Fault {
  const what = sha256
    ? `${version || 'another version'} (${sha256.slice(0, 12)})`
    : 'something that it cannot say'
  return fault(
    'REVERT_FAILED',
    `nothing of this run is left there, but the host is not as before: it has ${what}`,
    {
      host,
      hint: 'another run or a human has changed it meanwhile, or its state directory was changed; look at it with `handover status`',
    },
  )
}
