/** nginx behind the host program: requests out, typed outcomes back. All waiting is done on the host. */
import { faultsOf } from '../core/fault.ts'
import { type Answer, field } from '../host/frame.ts'
import { misfits, unprepared } from './artifact.ts'
import { type Bound, bindAnew, type NginxHost, sayHello, slackMs, storeName } from './binding.ts'
import { heldFault, named, stuckFault, switchFault, unsettledFault } from './failed.ts'
import { coded, readFound, readInspection, readStand, versionsIn } from './found.ts'
import type {
  BreakOutcome,
  CommitOutcome,
  HostHands,
  LookOutcome,
  PrepareOutcome,
  RevertOutcome,
  StandOutcome,
  SwitchOutcome,
} from './hands.ts'
import { failure, refusal } from './reasons.ts'

export function nginxHands(host: NginxHost): HostHands {
  const { name, spec, artifact } = host
  let open: Promise<Bound> | undefined
  const versions = new Map<string, string>()

  /** The bound session; a lost one is replaced, and the first thing a new one does is look. */
  const bind = async () => {
    open = bindAnew(host, open)
    const bound = await open
    for (const [sha256, version] of versionsIn(bound.hello)) versions.set(sha256, version)
    return bound
  }

  const ask = async (verb: string, args: readonly string[], deadlineMs: number) => {
    const { session } = await bind()
    return session.request(verb, args, deadlineMs)
  }

  const unknown = (error: unknown) => ({ kind: 'unknown' as const, fault: named(name, error) })

  /** What a session was told when it was opened may be old: another controller's host was at work meanwhile. */
  const look = async (): Promise<Answer> => {
    const before = await open?.catch(() => undefined)
    const bound = await bind()
    if (bound.session !== before?.session) return bound.hello
    const hello = await sayHello(host, bound.session)
    open = Promise.resolve({ ...bound, hello })
    return hello
  }

  const hold = async (verb: 'renew' | 'precommit', leaseMs: number): Promise<LookOutcome> => {
    try {
      const answer = await ask(verb, [hundredths(leaseMs)], slackMs)
      if (answer.status === 'ok') return { kind: 'pass' }
      const reason = field(answer, 'code')
      const code = reason === 'LEASE_LOST' ? 'LEASE_LOST' : 'HOST_CHANGED'
      return { kind: 'failed', fault: failure(code, name, reason) }
    } catch (error) {
      return unknown(error)
    }
  }

  const stage = async (): Promise<Answer> => {
    const { session, hello } = await bind()
    const { path, sha256 } = artifact
    const lease = [hundredths(spec.leaseMs), hundredths(spec.drainTimeoutMs), spec.onDrainLimit]
    const prepare = () => session.request('prepare', [sha256, ...lease], 60_000 + slackMs)
    if (path === null) return prepare()
    if (field(hello, 'have_artifact') !== 'yes')
      await session.upload(path, storeName(artifact, spec), spec.stateDir)
    const answer = await prepare()
    if (field(answer, 'code') !== 'ARTIFACT_DAMAGED') return answer
    // A damaged upload is tried once more, a damaged backup replaced by an upload; the host has thrown the bad bytes away.
    await session.upload(path, storeName(artifact, spec), spec.stateDir)
    return prepare()
  }

  return {
    name,

    async inspect() {
      try {
        const hello = await look()
        const refused = coded(hello, 'refusal').map(([code, detail]) => refusal(name, code, detail))
        const inspection = readInspection(hello, artifact.sha256)
        refused.push(...misfits(name, artifact, hello, inspection))
        return refused.length > 0
          ? { kind: 'refused', faults: refused, inspection }
          : { kind: 'pass', inspection }
      } catch (error) {
        return { kind: 'unreachable', fault: named(name, error) }
      }
    },

    async prepare(): Promise<PrepareOutcome> {
      try {
        const answer = await stage()
        if (answer.status !== 'ok') {
          return { kind: 'refused', faults: [unprepared(name, artifact, answer)] }
        }
        const version = field(answer, 'version')
        versions.set(artifact.sha256, version)
        return { kind: 'prepared', version }
      } catch (error) {
        const faults = faultsOf(error)
        if (faults.some(each => each.code === 'UPLOAD_FAILED' || each.code === 'FILE_UNREADABLE'))
          return { kind: 'refused', faults }
        return unknown(error)
      }
    },

    async switchOver(): Promise<SwitchOutcome> {
      try {
        const answer = await ask(
          'switch',
          [hundredths(spec.startTimeoutMs)],
          // One that fails goes back before it answers.
          spec.startTimeoutMs * 2 + spec.drainTimeoutMs + slackMs * 2,
        )
        if (answer.status === 'ok') return { kind: 'switched' }
        const why = switchFault(name, answer)
        if (answer.status === 'reverted')
          return { kind: 'reverted', fault: why, found: readFound(answer, versions) }
        return { kind: 'failed', fault: why }
      } catch (error) {
        return unknown(error)
      }
    },

    renew: leaseMs => hold('renew', leaseMs),
    precommit: leaseMs => hold('precommit', leaseMs),

    async commit(): Promise<CommitOutcome> {
      try {
        const answer = await ask(
          'decide',
          [hundredths(spec.drainTimeoutMs), spec.onDrainLimit],
          spec.drainTimeoutMs + slackMs,
        )
        if (answer.status !== 'ok') return { kind: 'held', fault: heldFault(name, answer) }
        return {
          kind: 'committed',
          found: readFound(answer, versions),
          oldLeft: Number(field(answer, 'old_left') || 0),
          cut: Number(field(answer, 'cut') || 0),
        }
      } catch (error) {
        return unknown(error)
      }
    },

    async revert(): Promise<RevertOutcome> {
      try {
        const answer = await ask(
          'revert',
          [hundredths(spec.drainTimeoutMs)],
          // A reverse handover may have to wait for two sets of workers, one after the other.
          spec.drainTimeoutMs * 2 + slackMs * 4,
        )
        if (answer.status === 'reverted' || ['untouched', 'reverted'].includes(field(answer, 'state'))) {
          const how = field(answer, 'how') === 'reverse' ? 'reverse' : 'in-place'
          return { kind: 'reverted', found: readFound(answer, versions), how }
        }
        const isDecided = field(answer, 'stuck') === 'DECIDED' || field(answer, 'state') === 'committed'
        return { kind: isDecided ? 'decided' : 'stuck', fault: stuckFault(name, answer) }
      } catch (error) {
        return unknown(error)
      }
    },

    async stand(): Promise<StandOutcome> {
      try {
        const answer = await ask('stand', [], 10_000 + slackMs)
        const stand = readStand(answer)
        if (answer.status !== 'ok' || !stand)
          return {
            kind: 'unknown',
            fault: failure('HOST_CHANGED', name, field(answer, 'code') || answer.status),
          }
        return {
          kind: 'stand',
          stand,
          held: field(answer, 'held') === 'yes',
          found: readFound(answer, versions),
        }
      } catch (error) {
        return unknown(error)
      }
    },

    async breakLock(force): Promise<BreakOutcome> {
      try {
        const deadlineMs = spec.drainTimeoutMs + slackMs * 4
        const answer = await ask('break', [force ? 'force' : 'expired'], deadlineMs)
        if (answer.status === 'ok') return { kind: 'free', state: field(answer, 'state') }
        if (answer.status === 'failed') return { kind: 'refused', fault: unsettledFault(name, answer) }
        return { kind: 'refused', fault: refusal(name, field(answer, 'code'), field(answer, 'detail')) }
      } catch (error) {
        return unknown(error)
      }
    },

    async command(argv, timeoutMs) {
      const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)))
      const answer = await ask('check', [seconds, ...argv], timeoutMs + 5000)
      return { exitCode: Number(field(answer, 'exit') || 1), output: field(answer, 'output') }
    },

    async tunnel(address, port) {
      const { connection } = await bind()
      return connection.openTunnel(address, port)
    },

    async close() {
      const known = await open?.catch(() => undefined)
      await known?.session.close()
    },
  }
}

/** The host counts in hundredths of a second. */
function hundredths(ms: number): string {
  return String(Math.ceil(ms / 10))
}
