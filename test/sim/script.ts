/** Random scripts for a model and a real nginx: what is done next is drawn from what the model has by then. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Both, beginnings, type Dice, draw } from './actions.ts'
import { createCast } from './cast.ts'
import { modelNginx, type View } from './nginx-model.ts'
import { type RealNginx, workers } from './real-nginx.ts'
import type { Seen } from './real-processes.ts'

export interface Outcome {
  /** One line for each action. */
  readonly done: readonly string[]
  /** What the model was like after each of them. */
  readonly views: readonly View[]
  readonly mismatch?: { readonly model: View; readonly real: View }
}

const behaviours = {
  old: 'runs',
  new: 'runs',
  refuses: 'refuses',
  childless: 'no-workers',
  hangs: 'hangs',
  unbound: 'cannot-bind',
} as const

/** Plays one script of 3 to 8 actions on both sides, until they differ. */
export async function playScript(real: RealNginx, dice: Dice): Promise<Outcome> {
  const reactions: (() => void)[] = []
  const model = modelNginx({
    later: (_, run) => reactions.push(run),
    behaviourOf: binary => behaviours[binary as keyof typeof behaviours],
    workers,
    path: 'old',
  })
  // In any order: where nginx has none, all of them must come to the same end.
  const settle = () => {
    while (reactions.length > 0) reactions.splice(dice(reactions.length), 1)[0]?.()
  }
  const both: Both = {
    model,
    real,
    dice,
    seen: [],
    modelCast: createCast(),
    realCast: createCast(),
    clients: [],
  }
  const done: string[] = []
  const views: View[] = []
  try {
    await real.clear()
    real.forget()
    await real.place('old')
    await real.start()
    settle()
    const beginning = beginnings[dice(beginnings.length)] ?? []
    const length = Math.max(3 + dice(6), beginning.length + 2)
    for (let step = -1; step < length; step++) {
      if (step >= 0) done.push(await (beginning[step] ?? draw(dice))(both))
      settle()
      const mismatch = await compare(both)
      views.push(model.view())
      if (mismatch) return { done, views, mismatch }
    }
    return { done, views }
  } finally {
    for (const { socket } of both.clients) socket.destroy()
  }
}

async function compare(both: Both): Promise<Outcome['mismatch']> {
  const { model, real } = both
  both.seen = await real.becomeQuiet()
  let found = await real.view(both.seen)
  const expected = model.view()
  if (!isSame(expected, found, both.seen)) {
    // Once more: a starved machine may be slow to answer.
    await pause(300)
    both.seen = await real.becomeQuiet()
    found = await real.view(both.seen)
    if (!isSame(expected, found, both.seen)) return { model: expected, real: found }
  }
  both.realCast.note(both.seen.map(one => ({ ...one, parent: one.ppid })))
  both.modelCast.note(
    model.processes().map(one => {
      const isStarting = one.role === 'master' && one.phase === 'starting'
      return { ...one, role: isStarting ? 'starting' : one.role }
    }),
  )
  return undefined
}

/** A stopped worker is still woken for new connections, so that whether somebody answers is a matter of luck. */
function isSame(model: View, real: View, seen: readonly Seen[]): boolean {
  const isLuck = seen.some(one => one.isStopped && one.role === 'worker')
  const text = (view: View) => JSON.stringify(isLuck ? { ...view, front: 'luck' } : view, sorted)
  return text(model) === text(real)
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
