/** nginx behind the host program: requests out, typed outcomes back. All waiting is done on the host. */
import { type Fault, fault, faultsOf } from '../core/fault.ts'
import { clip } from '../core/text.ts'
import { type Answer, field } from '../host/frame.ts'
import { type HostSession, openSession } from '../host/session.ts'
import type { Connection } from '../transport/connection.ts'
import { coded, readFound, readInspection, type Versions } from './found.ts'
import type {
  ArtifactRef,
  CommitOutcome,
  DaemonSpec,
  HostHands,
  LookOutcome,
  PrepareOutcome,
  RevertOutcome,
  SwitchOutcome,
} from './hands.ts'
import { failure, refusal } from './reasons.ts'

export interface NginxHost {
  readonly name: string
  readonly spec: DaemonSpec
  readonly artifact: ArtifactRef
  readonly become: boolean
  readonly run: { readonly id: string; readonly owner: string }
  /** Dials; called again after a lost connection. */
  connect(): Promise<Connection>
}

/** Slack on top of what the host itself bounds, in milliseconds: a starved host answers late. */
const slackMs = 30_000

export function nginxHands(host: NginxHost): HostHands {
  const { name, spec, artifact } = host
  let open: Promise<Bound> | undefined
  const versions: Versions = { old: '', oldSha: '', new: '', newSha: artifact.sha256 }

  /** The bound session; a lost one is replaced, and the first thing a new one does is look. */
  const bind = () => {
    open = renew(host, open)
    return open
  }

  const ask = async (verb: string, args: readonly string[], deadlineMs: number) => {
    const { session } = await bind()
    return session.request(verb, args, deadlineMs)
  }

  const unknown = (error: unknown) => ({ kind: 'unknown' as const, fault: named(name, error) })

  const look = async (verb: 'look' | 'precommit'): Promise<LookOutcome> => {
    try {
      const answer = await ask(verb, [], slackMs)
      if (answer.status === 'ok') return { kind: 'pass' }
      return { kind: 'failed', fault: failure('HOST_CHANGED', name, field(answer, 'code')) }
    } catch (error) {
      return unknown(error)
    }
  }

  const stage = async (): Promise<Answer> => {
    const { session, hello } = await bind()
    if (field(hello, 'have_artifact') !== 'yes')
      await session.upload(artifact.path, artifact.sha256, spec.stateDir)
    const answer = await session.request('prepare', [artifact.sha256], 60_000 + slackMs)
    if (field(answer, 'code') !== 'ARTIFACT_DAMAGED') return answer
    // A damaged upload is tried once more; the host has thrown the bad bytes away.
    await session.upload(artifact.path, artifact.sha256, spec.stateDir)
    return session.request('prepare', [artifact.sha256], 60_000 + slackMs)
  }

  return {
    name,

    async inspect() {
      try {
        const { hello } = await bind()
        versions.old = field(hello, 'version')
        versions.oldSha = field(hello, 'sha')
        const refused = coded(hello, 'refusal').map(([code, detail]) => refusal(name, code, detail))
        const arch = field(hello, 'arch')
        if (!artifact.runsOn(arch)) refused.push(refusal(name, 'WRONG_ARCHITECTURE', arch))
        const inspection = readInspection(hello, versions)
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
          return { kind: 'refused', faults: [refusal(name, field(answer, 'code'), field(answer, 'detail'))] }
        }
        versions.new = field(answer, 'version')
        return { kind: 'prepared', version: versions.new }
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
          spec.startTimeoutMs * 2 + slackMs * 2,
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

    look: () => look('look'),
    precommit: () => look('precommit'),

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
          spec.drainTimeoutMs + slackMs * 4,
        )
        if (answer.status === 'reverted' || ['untouched', 'reverted'].includes(field(answer, 'state'))) {
          return { kind: 'reverted', found: readFound(answer, versions) }
        }
        return { kind: 'stuck', fault: stuckFault(name, answer) }
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

interface Bound {
  readonly connection: Connection
  readonly session: HostSession
  readonly hello: Answer
}

async function renew(host: NginxHost, before: Promise<Bound> | undefined): Promise<Bound> {
  const known = await before?.catch(() => undefined)
  if (known?.session.isOpen()) return known
  await known?.connection.close()
  const connection = await host.connect()
  try {
    const session = await openSession(connection, host.become)
    const hello = await session.request('inspect', inspectArgs(host), slackMs)
    return { connection, session, hello }
  } catch (error) {
    await connection.close()
    throw error
  }
}

function inspectArgs({ run, spec, artifact }: NginxHost): string[] {
  const { binary, pidFile, stateDir, allow } = spec
  return [run.id, run.owner, binary, pidFile, stateDir ?? '', artifact.sha256, allow.join(',') || '-']
}

/** The host counts in hundredths of a second. */
function hundredths(ms: number): string {
  return String(Math.ceil(ms / 10))
}

function named(host: string, error: unknown): Fault {
  const first = faultsOf(error)[0] ?? fault('UNEXPECTED', String(error))
  return { ...first, host }
}

function switchFault(host: string, answer: Answer): Fault {
  const found = field(answer, 'found')
  const detail = found ? `${found} of ${field(answer, 'wanted')} workers` : field(answer, 'detail')
  return failure('SWITCH_FAILED', host, field(answer, 'code'), {
    detail,
    log: clip(field(answer, 'log').trim(), 600),
  })
}

function heldFault(host: string, answer: Answer): Fault {
  return failure('COMMIT_HELD', host, field(answer, 'code'), {
    detail: field(answer, 'detail'),
    hint: 'look at both masters on the host; QUIT the old one once the new one is seen to serve',
  })
}

function stuckFault(host: string, answer: Answer): Fault {
  const state = field(answer, 'state') === 'committed' ? 'COMMITTED' : answer.status
  return failure('REVERT_FAILED', host, field(answer, 'stuck') || field(answer, 'code') || state, {
    hint: 'look at the host with `handover status`; the old binary is kept under `backups` in its state directory',
  })
}
