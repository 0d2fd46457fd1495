/** The hosts that a command which only looks is about: those of a playbook, or those of the last run. */
import { fault, HandoverError } from '../core/fault.ts'
import { placeOn } from '../document/place.ts'
import { limitNames } from '../inventory/pattern.ts'
import type { PlayInfo } from '../journal/entry.ts'
import { findRun, listRuns } from '../journal/run-directory.ts'
import type { Plan } from '../plan/plan.ts'
import { oneLine } from '../report/line.ts'
import { runDirectory, type TargetOptions } from './options.ts'
import { type Resolved, resolvePlays } from './resolve.ts'
import { storedPlan } from './stored-plan.ts'
import type { Terminal } from './terminal.ts'

/**
 * The hosts of a playbook, play by play; without one, those of the last run, as --limit leaves them.
 * @throws HandoverError USAGE for options that only a playbook gives a meaning: passed over they would mean other hosts.
 */
export async function plansToLookAt(
  terminal: Terminal,
  playbook: string | undefined,
  options: TargetOptions,
): Promise<readonly Pick<Resolved, 'plan' | 'machine' | 'play'>[]> {
  if (playbook) return resolvePlays(playbook, options, 0)
  refuseWithoutPlaybook(options)
  const root = runDirectory(options, terminal)
  if (listRuns(root).length === 0) {
    throw new HandoverError(
      fault('RUN_NOT_FOUND', `there is no run in ${root} whose hosts could be looked at`, {
        hint: 'name a playbook and an inventory: handover status PLAYBOOK -i INVENTORY',
      }),
    )
  }
  const plan = storedPlan(root, findRun(root, 'last'))
  const play = { number: 1, of: 1, later: [] }
  return [{ plan: limited(plan, options), machine: plan.machine, play }]
}

function refuseWithoutPlaybook(options: TargetOptions): void {
  const given = playbookOptions(options)
  if (given.length === 0) return
  throw new HandoverError(
    fault('USAGE', `${given.join(' and ')} mean nothing for the last run, whose hosts are known`, {
      hint: 'name the playbook, too',
    }),
  )
}

/** What was given of those that only a playbook gives a meaning. */
export function playbookOptions(options: TargetOptions): string[] {
  return [
    ...(options.inventory.length > 0 ? ['-i'] : []),
    ...(options.extraVars.length > 0 ? ['-e'] : []),
    ...(options.user === undefined ? [] : ['-u']),
    ...(options.privateKey === undefined ? [] : ['--private-key']),
    ...(options.become ? ['-b'] : []),
    ...(options.seed === undefined ? [] : ['--seed']),
  ]
}

function limited(plan: Plan, { limit }: TargetOptions): Plan {
  if (limit === undefined) return plan
  const names = new Set(
    limitNames(
      plan.hosts.map(host => host.name),
      limit,
    ),
  )
  const hosts = plan.hosts.filter(host => names.has(host.name))
  if (hosts.length > 0) return { ...plan, hosts }
  throw new HandoverError(
    fault('PLAN_NO_HOSTS', '--limit leaves no host of the last run', {
      place: placeOn('--limit', limit, 1, 1),
    }),
  )
}

/** As Ansible lists them, by play where there are several. */
export function listHosts(terminal: Terminal, plays: readonly Pick<Resolved, 'plan' | 'play'>[]): void {
  for (const { plan, play } of plays) {
    const { hosts, name } = plan
    if (play.of > 1) terminal.out(`  play #${play.number}: ${oneLine(name)}\n`)
    terminal.out(`  hosts (${hosts.length}):\n${hosts.map(host => `    ${host.name}\n`).join('')}`)
  }
}

/** What stands above the part of a play where there are several. */
export function playHeading({ plan, play }: Pick<Resolved, 'plan' | 'play'>): string {
  return `play ${play.number} of ${play.of}: ${oneLine(plan.name, 120)}`
}

/** In a line of JSON about one host: in several plays the same host may stand twice. */
export function playNumber({ number, of }: PlayInfo): { readonly play?: number } {
  return of > 1 ? { play: number } : {}
}
