/** From files to plans, one a play: playbook, inventory, limit, variables and artifact. Nothing is contacted. */
import { randomInt } from 'node:crypto'
import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
import { type Fault, fault, HandoverError, type Place } from '../core/fault.ts'
import { hideIn, hider, Secret } from '../core/secret.ts'
import { plural } from '../core/text.ts'
import { placeOn } from '../document/place.ts'
import { hostVars } from '../inventory/host-vars.ts'
import type { Inventory, Vars } from '../inventory/inventory.ts'
import { limitHosts, matchHosts } from '../inventory/pattern.ts'
import { loadInventory, secretsOf } from '../inventory/source.ts'
import { connectionsOf } from '../inventory/targets.ts'
import { readVaultPasswords } from '../inventory/vault-passwords.ts'
import type { PlayInfo } from '../journal/entry.ts'
import type { Plan, PlanHost } from '../plan/plan.ts'
import { planRollout } from '../plan/rollout.ts'
import type { MatchHosts } from '../plan/stages.ts'
import { readArtifact } from '../playbook/artifact.ts'
import { parseExtraVars } from '../playbook/extra-vars.ts'
import { loadPlays } from '../playbook/load.ts'
import type { Playbook } from '../playbook/playbook.ts'
import { readMachine } from '../playbook/program-file.ts'
import type { TargetOptions } from './options.ts'

export interface Resolved {
  readonly plan: Plan
  readonly playbook: Playbook
  /** What the artifact is built for, in the words of `uname -m`. */
  readonly machine: string
  readonly play: PlayInfo
}

/**
 * Every play of a playbook, in its order. Those that --limit leaves no host are passed over, unless that would be all.
 * @param drawnSeed where --seed is not given; whoever only looks is better served with the same one every time.
 * @throws HandoverError with every fault of every play; exit code 4, or 5 without an inventory.
 */
export async function resolvePlays(
  file: string,
  options: TargetOptions,
  drawnSeed = randomInt(largestDrawn),
): Promise<[Resolved, ...Resolved[]]> {
  const playbooks = loadPlays(file, { extraVars: parseExtraVars(options.extraVars) })
  const inventory = inventoryOf(file, options)
  const seed = seedFor(playbooks, options) ?? drawnSeed
  const faults: Fault[] = []
  const resolved: Resolved[] = []
  for (const [index, playbook] of playbooks.entries()) {
    try {
      const selected = selectHosts(inventory, playbook, options)
      if (selected.hosts.length === 0 && options.limit !== undefined) {
        if (playbooks.length > 1) continue
        if (selected.meant > 0)
          throw noneLeft(
            `${JSON.stringify(playbook.hosts)} has ${plural(selected.meant, 'host')}, and`,
            options.limit,
            'leaves none',
          )
      }
      const { plan, machine } = await planPlay(playbook, selected, { ...options, seed })
      resolved.push({ plan, playbook, machine, play: { number: index + 1, of: playbooks.length, later: [] } })
    } catch (error) {
      if (!(error instanceof HandoverError)) throw error
      faults.push(...error.faults)
    }
  }
  if (faults.length > 0) throw new HandoverError(withoutDecrypted(faults, inventory))
  const [first, ...others] = resolved.map((one, index) => ({
    ...one,
    play: { ...one.play, later: resolved.slice(index + 1).map(({ plan }) => plan.name) },
  }))
  if (first) return [first, ...others]
  throw noneLeft(`no play of ${file} has a host that`, options.limit ?? '', 'leaves')
}

function noneLeft(before: string, limit: string, after: string): HandoverError {
  const place = placeOn('--limit', limit, 1, 1)
  const message = `${before} --limit ${JSON.stringify(limit)} ${after}`
  return new HandoverError(
    fault('PLAN_NO_HOSTS', message, { place, hint: 'widen --limit, or leave it away' }),
  )
}

/** A value that is wrong is told with its text, but not when the inventory had it encrypted. */
function withoutDecrypted(faults: readonly Fault[], inventory: Inventory): readonly Fault[] {
  const decrypted = [...secretsOf(inventory)].map(text => new Secret(text))
  return decrypted.length === 0 ? faults : hideIn(faults, hider(decrypted))
}

/** What its window is judged by, and how it is told. */
export function gatedOf({ plan, play, playbook }: Resolved): Pick<Resolved, 'plan' | 'play'> & {
  readonly place: Place
} {
  return { plan, play, place: playbook.windowsPlace }
}

type Selected = ReturnType<typeof selectHosts>

async function planPlay(playbook: Playbook, { hosts, match }: Selected, options: TargetOptions) {
  const artifact = await readArtifact(playbook)
  const machine = await readMachine(playbook)
  const plan = planRollout(playbook, hosts, match, artifact, {
    concurrencyCap: options.concurrency,
    become: options.become,
    dropEmptyStages: options.limit !== undefined,
    step: options.step,
    seed: options.seed,
  })
  return { plan, machine }
}

/** Easy to type again; one for all plays of the playbook. */
const largestDrawn = 1_000_000

/** @throws HandoverError USAGE for a seed that nothing would be shuffled with. */
function seedFor(playbooks: readonly Playbook[], { seed }: TargetOptions): number | undefined {
  if (seed !== undefined && playbooks.every(({ order }) => order !== 'shuffle')) {
    throw new HandoverError(
      fault('USAGE', '--seed means nothing here: no play has "order: shuffle"', {
        hint: 'remove --seed, or write order: shuffle into the playbook',
      }),
    )
  }
  return seed
}

function inventoryOf(file: string, options: TargetOptions): Inventory {
  const { inventory } = options
  if (inventory.length === 0) {
    throw new HandoverError(
      fault('USAGE', 'no inventory was given', {
        hint: 'name one with -i: a file, or a list such as "web1,web2,"',
      }),
    )
  }
  return loadInventory(inventory, {
    playbookDirs: [dirname(resolve(file))],
    vaultPasswords: readVaultPasswords(options, process.env),
  })
}

/** The hosts the playbook and --limit mean, in inventory order, with how to reach each. */
function selectHosts(
  inventory: Inventory,
  playbook: Playbook,
  options: TargetOptions,
): {
  readonly hosts: readonly PlanHost[]
  /** How many the playbook means without --limit. */
  readonly meant: number
  readonly match: MatchHosts
} {
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
        decrypted: secretsOf(inventory),
      },
    ]
  })
  return { hosts, meant: meant.length, match: (pattern, place) => matchHosts(inventory, pattern, place) }
}
