/** What the stories about a second controller of a run ask of a host. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'vitest'
import { type Answer, field } from '../../src/host/frame.ts'
import { signalProcess } from '../../src/lab/process.ts'
import { recordOf } from './deadman-world.ts'
import type { Shell } from './local-connection.ts'
import { type Program, shown, until, type World } from './world.ts'

export const verbs = ['renew', 'prepare', 'switch', 'precommit', 'decide', 'revert', 'break'] as const
export type Verb = (typeof verbs)[number]

export const fenced: Record<Verb, string> = {
  renew: 'failed FENCED',
  prepare: 'refused FENCED',
  switch: 'refused FENCED',
  precommit: 'refused FENCED',
  decide: 'refused FENCED',
  revert: 'refused FENCED',
  break: 'refused FENCED',
}

export const asking = (program: Program): Record<Verb, () => Promise<Answer>> => ({
  renew: program.renew,
  prepare: program.prepare,
  switch: program.switchOver,
  precommit: program.precommit,
  decide: program.decide,
  revert: program.revert,
  break: () => program.ask('break', 'force'),
})

export async function saidBy(
  program: Program,
  asked: readonly Verb[] = verbs,
): Promise<Record<string, string>> {
  const said: Record<string, string> = {}
  for (const verb of asked) said[verb] = shown(await asking(program)[verb]())
  return said
}

/** What a request could have changed: but for the heartbeat every file, and every process of the daemon. */
export function standing({ host, state, processes }: World): unknown {
  const kept = (name: string) => (existsSync(state(name)) ? readFileSync(state(name), 'utf8') : null)
  return {
    files: [state(''), dirname(host.binary)].map(dir => (existsSync(dir) ? readdirSync(dir).sort() : [])),
    texts: ['lock', 'lease', 'record', 'outcome'].map(kept),
    processes: processes().map(({ pid, title, startTime }) => [pid, title, startTime]),
  }
}

export const lockOf = (world: World) =>
  readFileSync(world.state('lock'), 'utf8').split(' ').slice(0, 2).join(' ')

export interface StandSaid {
  readonly stand: string
  readonly held: string
  readonly parked?: string
}

export async function standOf(program: Program): Promise<StandSaid> {
  const answer = await program.stand()
  expect(answer.status).toBe('ok')
  const parked = field(answer, 'parked')
  return { stand: field(answer, 'stand'), held: field(answer, 'held'), ...(parked ? { parked } : {}) }
}

export const at = (stand: string, parked?: string): StandSaid => ({
  stand,
  held: 'no',
  ...(parked ? { parked } : {}),
})

/** A controller that takes the run over: bound, and nothing else yet. */
export async function later(world: World, epoch = 2, shell: Shell = 'dash'): Promise<Program> {
  const program = await world.open('run1', { epoch, shell })
  expect(shown(await program.inspect())).toBe('ok')
  return program
}

/** A switch whose old master is stopped: it waits for the new one until somebody lets it go on. */
export async function reachWaiting(first: Program, world: World, limit = 1400) {
  await first.toPrepared()
  const old = world.master('old')
  signalProcess(old, 'SIGSTOP')
  const answer = first.switchOver(limit)
  answer.catch(() => {})
  // Noted before it is sent, and then waiting to be handled.
  const isPending = () => /^ShdPnd:.*[1-9a-f]/m.test(readFileSync(`/proc/${old.pid}/status`, 'utf8'))
  await until(() => recordOf(world).includes('usr2=sent') && isPending())
  return { answer, goOn: () => signalProcess(old, 'SIGCONT') }
}
