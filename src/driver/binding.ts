/** A connection whose host program is bound to one daemon; a lost one is replaced by one that looks first. */
import { createHash } from 'node:crypto'
import type { Answer } from '../host/frame.ts'
import { type HostSession, openSession } from '../host/session.ts'
import type { Connection } from '../transport/connection.ts'
import type { ArtifactRef, DaemonSpec } from './hands.ts'

export interface NginxHost {
  readonly name: string
  readonly spec: DaemonSpec
  readonly artifact: ArtifactRef
  readonly become: boolean
  /** `epoch`: which controller of this run this is, from 1; a later one has a higher one, and fences the others out. */
  readonly run: { readonly id: string; readonly owner: string; readonly epoch: number }
  /** Dials; called again after a lost connection. */
  connect(): Promise<Connection>
}

/** Slack on top of what the host itself bounds, in milliseconds: a starved host answers late. */
export const slackMs = 30_000

export interface Bound {
  readonly connection: Connection
  readonly session: HostSession
  readonly hello: Answer
}

export async function bindAnew(host: NginxHost, before: Promise<Bound> | undefined): Promise<Bound> {
  const known = await before?.catch(() => undefined)
  if (known?.session.isOpen()) return known
  await known?.connection.close()
  const connection = await host.connect()
  try {
    const session = await openSession(connection, host.become)
    return { connection, session, hello: await sayHello(host, session) }
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** What the host is now; the answer to the first request of a session, and to every later look. */
export function sayHello(host: NginxHost, session: HostSession): Promise<Answer> {
  return session.request('inspect', inspectArgs(host), slackMs)
}

/** Several daemons of one machine may get the same artifact at one time: each binary has one of its own. */
export function storeName({ sha256 }: ArtifactRef, { binary }: DaemonSpec): string {
  return `${sha256}.${createHash('sha256').update(binary).digest('hex').slice(0, 12)}`
}

function inspectArgs({ run, spec, artifact }: NginxHost): string[] {
  const { binary, pidFile, stateDir, allow } = spec
  const allowed = allow.join(',') || '-'
  return [
    run.id,
    run.owner,
    binary,
    pidFile,
    stateDir ?? '',
    artifact.sha256,
    allowed,
    storeName(artifact, spec),
    String(run.epoch),
  ]
}
