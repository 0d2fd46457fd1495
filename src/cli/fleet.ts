/** The real fleet of a plan: for every host its hands over SSH and its health checks. */
import { hostname, userInfo } from 'node:os'
import pLimit from 'p-limit'
import type { ArtifactRef, HostHands } from '../driver/hands.ts'
import { nginxHands } from '../driver/nginx.ts'
import { probe } from '../health/probe.ts'
import type { Plan, PlannedHost } from '../plan/plan.ts'
import { canRun } from '../playbook/program-file.ts'
import type { Participant } from '../run/conduct.ts'
import { createPool } from '../transport/pool.ts'
import type { ReachOptions } from './options.ts'
import { noSecrets, type Secrets } from './secrets.ts'

export interface FleetOptions {
  readonly run: string
  /** Which controller of that run this is; default: the first. */
  readonly epoch?: number | undefined
  readonly machine: string
  readonly forks: number
  readonly connectTimeoutMs: number
  /** A host may fail its checks before its switch; what counts then is only whether it is healthy after it. */
  readonly allowUnhealthy?: boolean | undefined
  /** Of the plan; without them no check that names one can be looked at. */
  readonly secrets?: Secrets
}

/** A silent peer is found within 15 s. */
const keepaliveMs = 4000

export function realFleet(plan: Plan, options: FleetOptions): Map<string, Participant> {
  const pool = createPool({ dials: options.forks })
  const owner = `${userInfo().username}@${hostname()} run ${options.run} since ${new Date().toISOString()}`
  const participants = new Map<string, Participant>()
  for (const host of plan.hosts) {
    const hands = nginxHands({
      name: host.name,
      spec: { ...host.handover, onDrainLimit: plan.onDrainLimit, leaseMs: plan.leaseMs },
      artifact: artifactFor(host, plan, options.machine),
      become: host.become,
      run: { id: options.run, owner, epoch: options.epoch ?? 1 },
      connect: () => pool.connect(endpointOf(host, options)),
    })
    const checks = checksOf(host, hands, options.secrets ?? noSecrets)
    participants.set(host.name, { hands, checks, baseline: options.allowUnhealthy ? [] : checks })
  }
  return participants
}

/** What a host has run before runs on its machine. */
function artifactFor({ name, restore }: PlannedHost, { artifact }: Plan, machine: string): ArtifactRef {
  if (restore) {
    const { wanted, replaces } = restore
    return { path: null, sha256: wanted.sha256, replaces: replaces.sha256, runsOn: () => true }
  }
  if (!artifact) throw new Error(`the plan has nothing for ${name}`)
  return { ...artifact, runsOn: of => canRun(of, machine) }
}

function endpointOf(host: PlannedHost, { connectTimeoutMs }: FleetOptions) {
  const { name, address, port, user, identityFiles, knownHostsFiles } = host
  const hostKeyChecking = 'strict' as const
  return {
    name,
    address,
    port,
    user,
    identityFiles,
    knownHostsFiles,
    hostKeyChecking,
    connectTimeoutMs: host.connectTimeoutMs ?? connectTimeoutMs,
    keepaliveMs,
  }
}

function checksOf(host: PlannedHost, hands: HostHands, { reveal, hideCut }: Secrets): Participant['checks'] {
  return host.health.map(check => ({
    check,
    async look() {
      const spec = reveal(check.probe)
      if (!spec) return { pass: false, detail: 'not looked at: a secret of it cannot be had' }
      return probe(spec, check.timeoutMs, hands, hideCut)
    },
  }))
}

export async function closeFleet(participants: ReadonlyMap<string, Participant>): Promise<void> {
  await Promise.allSettled([...participants.values()].map(({ hands }) => hands.close()))
}

/** Does something with every host, as many at one time as --forks says. */
export type EachHost = <T>(work: (host: string, participant: Participant) => Promise<T>) => Promise<T[]>

/** The fleet of a plan for those who only look, or settle what others have left; closed afterwards. */
export async function withFleet<T>(
  plan: Plan,
  machine: string,
  { forks, timeout, secrets }: Pick<ReachOptions, 'forks' | 'timeout'> & Pick<FleetOptions, 'secrets'>,
  use: (each: EachHost) => Promise<T>,
): Promise<T> {
  const participants = realFleet(plan, {
    run: 'look',
    machine,
    forks,
    connectTimeoutMs: timeout * 1000,
    ...(secrets && { secrets }),
  })
  const limited = pLimit(forks)
  try {
    return await use(work =>
      Promise.all([...participants].map(([host, participant]) => limited(() => work(host, participant)))),
    )
  } finally {
    await closeFleet(participants)
  }
}
