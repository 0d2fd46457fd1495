/** From files to a plan: playbook, inventory, limit, variables and artifact. Nothing is contacted. */

import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { hostVars } from '../inventory/host-vars.ts'
import type { Vars } from '../inventory/inventory.ts'
import { limitHosts, matchHosts } from '../inventory/pattern.ts'
import { loadInventory } from '../inventory/source.ts'
import { connectionsOf } from '../inventory/targets.ts'
import { readVaultPasswords } from '../inventory/vault-passwords.ts'
import type { Plan, PlanHost } from '../plan/plan.ts'
import { planRollout } from '../plan/rollout.ts'
import { readArtifact } from '../playbook/artifact.ts'
import { parseExtraVars } from '../playbook/extra-vars.ts'
import { loadPlaybook } from '../playbook/load.ts'
import type { Playbook } from '../playbook/playbook.ts'
import { readMachine } from '../playbook/program-file.ts'
import type { TargetOptions } from './options.ts'

export interface Resolved {
  readonly plan: Plan
  readonly playbook: Playbook
  /** What the artifact is built for, in the words of `uname -m`. */
  readonly machine: string
}

/** @throws HandoverError with every fault of the stage that failed; exit code 4, or 5 without an inventory. */
export async function resolvePlan(playbookFile: string, options: TargetOptions): Promise<Resolved> {
  const playbook = loadPlaybook(playbookFile, { extraVars: parseExtraVars(options.extraVars) })
  const { hosts, match } = selectHosts(playbook, options)
  const artifact = await readArtifact(playbook)
  const machine = await readMachine(playbook)
  const plan = planRollout(playbook, hosts, match, artifact, {
    concurrencyCap: options.concurrency,
    become: options.become,
    dropEmptyStages: options.limit !== undefined,
    step: options.step,
  })
  return { plan, playbook, machine }
}

/** The hosts the playbook and --limit mean, in inventory order, with how to reach each. */
export function selectHosts(
  playbook: Playbook,
  options: TargetOptions,
): { readonly hosts: readonly PlanHost[]; readonly match: (pattern: string) => readonly string[] } {
  if (options.inventory.length === 0) {
    throw new HandoverError(
      fault('USAGE', 'no inventory was given', {
        hint: 'name one with -i: a file, or a list such as "web1,web2,"',
      }),
    )
  }
  const inventory = loadInventory(options.inventory, {
    playbookDirs: [dirname(resolve(playbook.file))],
    vaultPasswords: readVaultPasswords(options, process.env),
  })
  const meant = matchHosts(inventory, playbook.hosts, playbook.hostsPlace)
  const names = options.limit === undefined ? meant : limitHosts(inventory, meant, options.limit)
  const defaults = {
    user: options.user ?? userInfo().username,
    ...(options.privateKey ? { identityFiles: [resolve(options.privateKey)] } : {}),
  }
  // -e wins over all, also over how a host is reached.
  const connections = connectionsOf(inventory, names, defaults, playbook.extraVars as Vars)
  const hosts = names.flatMap(name => {
    const connection = connections.get(name)
    if (!connection) return []
    const { address, port, user, identityFiles, knownHostsFiles, become, connectTimeoutMs } = connection
    return [
      {
        name,
        address,
        port,
        user: user ?? userInfo().username,
        identityFiles,
        knownHostsFiles,
        become,
        connectTimeoutMs,
        vars: hostVars(inventory, name),
      },
    ]
  })
  return { hosts, match: pattern => matchHosts(inventory, pattern) }
}
