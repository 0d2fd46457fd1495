/** What may happen to a host, done to a model and to a real nginx at one time. */
import type { Socket } from 'node:net'
import type { Cast, Who } from './cast.ts'
import type { NginxModel } from './nginx-model.ts'
import type { Signal } from './nginx-process.ts'
import type { RealNginx } from './real-nginx.ts'
import type { Seen } from './real-processes.ts'

/** At least 0, less than `below`. */
export type Dice = (below: number) => number

export interface Both {
  readonly model: NginxModel
  readonly real: RealNginx
  readonly dice: Dice
  readonly modelCast: Cast
  readonly realCast: Cast
  readonly clients: { socket: Socket; worker: number }[]
  /** The real processes at the last look. */
  seen: readonly Seen[]
}

/** @returns what was done, for people */
export type Action = (both: Both) => Promise<string>

const place =
  (binary?: string): Action =>
  async ({ model, real }) => {
    model.exchange(binary)
    await real.place(binary)
    return `place ${binary ?? 'nothing'}`
  }

const send =
  (pick: (both: Both) => readonly Who[], signals: readonly Signal[]): Action =>
  async both => {
    const there = pick(both)
    const who = there[both.dice(there.length)]
    const signal = signals[both.dice(signals.length)]
    if (who === undefined || signal === undefined || !isFit(both, who, signal)) return 'nothing'
    both.model.signal(both.modelCast.find(who).pid, signal)
    process.kill(both.realCast.find(who).pid, `SIG${signal}`)
    return `${signal} to ${JSON.stringify(who)}`
  }

const everybody = ({ modelCast }: Both) => modelCast.everybody()
const masters = (both: Both) => everybody(both).filter(who => typeof who === 'object' && 'master' in who)
const oldest = (both: Both) => masters(both).slice(0, 1)
const newest = (both: Both) => masters(both).slice(-1)
const children = (both: Both) => everybody(both).filter(who => typeof who === 'object' && 'owner' in who)
const starting = (both: Both) => everybody(both).filter(who => who === 'starting')
const stopped = (both: Both) => everybody(both).filter(who => both.modelCast.find(who).isStopped)

/** What would take seconds: a master that was told to end waits that long for a worker that does not hear. */
function isFit({ seen }: Both, who: Who, signal: Signal): boolean {
  const isAnyStopped = seen.some(one => one.isStopped)
  if (signal === 'TERM' && typeof who === 'object' && 'master' in who) return !isAnyStopped
  return signal !== 'STOP' || !isAnyStopped
}

const open: Action = async both => {
  const { model, real, seen, clients } = both
  if (model.view().front !== 'answers' || seen.some(one => one.isStopped)) return 'nothing'
  const { socket, worker } = await real.connect(seen)
  const who = both.realCast.whoIs(worker)
  const { pid } = both.modelCast.find(who)
  clients.push({ socket, worker: pid })
  if (!model.connect(pid)) throw new Error('the worker of the model does not accept')
  return `connect to ${JSON.stringify(who)}`
}

const close: Action = async ({ model, clients, dice, seen }) => {
  // nginx may look at a stopped worker's connections in another order than the signals that wait for it.
  if (clients.length === 0 || seen.some(one => one.isStopped)) return 'nothing'
  const [{ socket, worker } = { socket: undefined, worker: 0 }] = clients.splice(dice(clients.length), 1)
  socket?.destroy()
  model.disconnect(worker)
  return 'disconnect'
}

const losePidFile: Action = async ({ model, real }) => {
  model.losePidFile()
  await real.losePidFile()
  return 'lose pid file'
}

const check: Action = async ({ model, real }) => {
  if (model.disk.path === 'hangs') return 'nothing'
  model.check()
  await real.run('-t')
  return 'nginx -t'
}

const command: Action = async ({ model, real, dice, seen }) => {
  const name = (['reload', 'reopen', 'quit', 'stop'] as const)[dice(4)] ?? 'reopen'
  // It is the file at the path that sends the signal; and see isFit.
  const isRunnable = ['old', 'new', 'childless', 'unbound'].includes(model.disk.path ?? '')
  if (!isRunnable || seen.some(one => one.isStopped)) return 'nothing'
  model.command(name)
  await real.run('-s', name)
  return `nginx -s ${name}`
}

const start: Action = async ({ model, real }) => {
  // A start in vain takes 2.5 s; a binary that hangs never lets its starter go.
  if (model.view().front !== 'refused' || model.disk.path === 'hangs') return 'nothing'
  model.start()
  await real.start()
  return 'start'
}

const reboot: Action = async ({ model, real, clients }) => {
  if (model.disk.path === 'hangs') return 'nothing'
  for (const { socket } of clients.splice(0)) socket.destroy()
  model.reboot()
  await real.clear()
  await real.start()
  return 'reboot'
}

const usr2 = send(newest, ['USR2'])
const winch = send(oldest, ['WINCH'])
export const beginnings: readonly (readonly Action[])[] = [
  [],
  [place('new'), usr2],
  [place('new'), usr2, winch],
  [place('new'), usr2, place('old'), winch, send(oldest, ['HUP'])],
  [open, place('new'), usr2, winch],
  [place('new'), usr2, send(oldest, ['KILL', 'QUIT']), place('old'), usr2],
  [place('childless'), usr2],
  [place('hangs'), usr2],
  [send(oldest, ['STOP']), send(oldest, ['USR2'])],
]

const weighted: readonly (readonly [weight: number, action: Action])[] = [
  [14, usr2],
  [8, send(masters, ['USR2'])],
  [12, winch],
  [12, send(oldest, ['HUP'])],
  [30, send(masters, ['WINCH', 'HUP', 'QUIT', 'QUIT', 'KILL', 'TERM', 'USR1'])],
  [9, send(masters, ['STOP'])],
  [16, send(stopped, ['CONT', 'CONT', 'CONT', 'QUIT', 'WINCH', 'HUP', 'USR2'])],
  [12, send(children, ['KILL', 'TERM', 'QUIT', 'WINCH', 'HUP', 'USR2', 'USR1', 'STOP'])],
  [6, send(starting, ['KILL', 'KILL', 'TERM'])],
  [10, place('new')],
  [6, place('old')],
  [4, place('refuses')],
  [4, place('childless')],
  [3, place('hangs')],
  [1, place('unbound')],
  [2, place()],
  [10, open],
  [10, close],
  [3, losePidFile],
  [2, check],
  [5, command],
  [4, start],
  [3, reboot],
]

export function draw(dice: Dice): Action {
  let left = dice(weighted.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, action] of weighted) {
    if (left < weight) return action
    left -= weight
  }
  return open
}
