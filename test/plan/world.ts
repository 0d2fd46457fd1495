/** Hosts, playbooks and plans for tests. */
import type { Plan, PlanHost } from '../../src/plan/plan.ts'
import { type PlanOptions, planRollout } from '../../src/plan/rollout.ts'
import type { MatchHosts } from '../../src/plan/stages.ts'
import { load, minimal } from '../playbook/world.ts'

export { directory, faultsFrom, shown } from '../playbook/world.ts'

export const artifact = { path: '/artifacts/nginx-new', sha256: 'ab'.repeat(32), bytes: 1_300_000 }

export function hostNamed(name: string, more: Partial<PlanHost> = {}): PlanHost {
  return {
    name,
    address: `${name}.example`,
    port: 22,
    user: 'ops',
    identityFiles: ['~/.ssh/id'],
    knownHostsFiles: ['~/.ssh/known_hosts'],
    vars: {},
    ...more,
  }
}

/** web1, web2, ... */
export function webHosts(count: number): PlanHost[] {
  return Array.from({ length: count }, (_, index) => hostNamed(`web${index + 1}`))
}

/** A pattern is a comma list of names. */
export const byName: MatchHosts = pattern => pattern.split(',')

interface World {
  readonly hosts?: readonly PlanHost[]
  readonly options?: PlanOptions
  readonly match?: MatchHosts
  readonly extraVars?: Record<string, unknown>
}

/** A plan of the minimal playbook with more keys, over eight hosts unless told otherwise. */
export function planOf(more = '', world: World = {}): Plan {
  const { hosts = webHosts(8), match = byName, options = {}, extraVars = {} } = world
  return planRollout(load(`${minimal}${more}\n`, extraVars), hosts, match, artifact, options)
}
