/** What has a run come to on a host? Asked by a controller that has taken it over. */
import type { Fault } from '../core/fault.ts'
import type { RunStand } from '../core/run-stand.ts'
import type { StandOutcome } from '../driver/hands.ts'
import type { Stand } from './conduct.ts'
import { guarded } from './phases.ts'
import { patienceOf, patiently, unseen } from './settle.ts'

/** What a phase that is still at work there is about to change. */
const passing: ReadonlySet<RunStand> = new Set(['prepared', 'switching', 'reverting'])
const atWork = { kind: 'unknown' as const }

/** From then on the host obeys no older controller. */
export async function performLook(stand: Stand, host: string, begun: Promise<void>): Promise<void> {
  await begun.catch(() => {})
  const { state, vigil, record, leases } = stand
  const isVain = () => state.hosts.get(host)?.phase !== 'looking'
  // Where nothing was ever begun there is nothing to wait for, and no doubt.
  const isBegun = state.hosts.get(host)?.begun ?? true
  const lost = (found: Fault) =>
    record({
      type: isBegun ? 'host.in_doubt' : 'host.unreachable',
      host,
      fault: isBegun ? unseen(found) : found,
    })
  await guarded(host, lost, async () => {
    const { hands } = stand.participant(host)
    let last: StandOutcome | undefined
    const ask = async () => {
      // A look keeps nobody out, a renewal does: an older controller must not decide behind what is seen here.
      const kept = await leases.ask(host, ms => hands.renew(ms))
      last = kept.kind === 'unknown' ? kept : await hands.stand()
      return last.kind === 'stand' && last.held && passing.has(last.stand) ? atWork : last
    }
    await patiently(stand, isBegun ? patienceOf(stand, host) : 0, ask, isVain)
    if (isVain() || !last) return
    if (last.kind === 'unknown') return lost(last.fault)
    await record({ type: 'host.found', host, stand: last.stand, found: last.found })
    const phase = state.hosts.get(host)?.phase
    if (phase === 'prepared') vigil.keep(host)
    if (phase === 'switched') vigil.start(host)
  })
}
