/** Between controllers and a simulated host: what is sent may be late, lost, doubled, or cut off on the way. */
import type { Dice } from './dice.ts'
import type { Hand } from './host-lock.ts'
import type { Machine, Steps } from './host-machine.ts'
import type { Life } from './life.ts'
import type { VirtualTime } from './virtual-clock.ts'

export interface Link {
  readonly host: Machine
  /** How many partitions lie between; nothing gets through while there is one. */
  partitions: number
  /** Of the next requests or answers so many are lost, or late. */
  loseRequests: number
  loseAnswers: number
  doubled: number
  late: { count: number; ms: number }
  /** Every open connection. */
  readonly cuts: Set<() => void>
}

export function linkTo(host: Machine): Link {
  return {
    host,
    partitions: 0,
    loseRequests: 0,
    loseAnswers: 0,
    doubled: 0,
    late: { count: 0, ms: 0 },
    cuts: new Set(),
  }
}

/** The connection was reset: whoever waits on it hears that soon; what was begun on the host goes on. */
export function cut(link: Link): void {
  for (const call of [...link.cuts]) call()
}

export interface Line {
  /** Undefined: the connection was lost, and nobody knows what became of the request. */
  ask<T>(begin: (hand: Hand) => Steps<T>, what: string, deadlineMs: number): Promise<T | undefined>
  close(): void
}

const keepaliveMs = 15_000

export function lineOf(link: Link, life: Life, time: VirtualTime, dice: Dice): Line {
  const { host } = link
  let session = 0
  const isOpen = () => !life.isDead() && host.isUp && link.partitions === 0
  const travelMs = () => {
    const late = link.late.count > 0 ? link.late.ms : 0
    if (late > 0) link.late.count--
    return dice.between(0.3, 12) + late
  }
  const drop = () => {
    if (session !== 0) leave(host, session)
    session = 0
  }
  const dial = (): boolean => {
    if (session !== 0) return true
    if (!isOpen()) return false
    session = ++host.sessions
    stay(host, session)
    return true
  }
  life.onDeath(() => {
    // The host hears the end of the connection, if it can.
    drop()
  })

  const ask = <T>(begin: (hand: Hand) => Steps<T>, what: string, deadlineMs: number) =>
    new Promise<T | undefined>(resolve => {
      let isOver = false
      let callOff = () => {}
      const end = (answer: T | undefined) => {
        if (isOver) return
        isOver = true
        callOff()
        link.cuts.delete(onCut)
        if (answer === undefined) drop()
        resolve(answer)
      }
      const onCut = () => {
        life.hear(dice.between(0.1, 30), () => end(undefined))
      }
      const giveUp = () => {
        life.hear(dice.between(1, dice.chance(70) ? 300 : keepaliveMs), () => end(undefined))
      }
      if (!dial()) return giveUp()
      link.cuts.add(onCut)
      callOff = life.hear(deadlineMs, () => end(undefined))
      const boot = host.boot
      const asked = session
      const deliver = (isEcho: boolean) => {
        if (!isEcho && link.loseRequests > 0) {
          link.loseRequests--
          return giveUp()
        }
        if (!host.isUp || host.boot !== boot || link.partitions > 0) return giveUp()
        stay(host, asked)
        host.start(
          what,
          task => begin({ host, run: life.run, epoch: life.epoch, session: asked, task }),
          answer => {
            leave(host, asked)
            if (isEcho) return
            if (link.loseAnswers > 0) {
              link.loseAnswers--
              return giveUp()
            }
            life.hear(travelMs(), () => (link.partitions > 0 ? giveUp() : end(answer)))
          },
        )
      }
      time.after(travelMs(), () => deliver(false))
      if (link.doubled > 0) {
        link.doubled--
        time.after(dice.between(1, 400), () => deliver(true))
      }
    })
  return { ask, close: drop }
}

function stay({ alive }: Machine, session: number): void {
  alive.set(session, (alive.get(session) ?? 0) + 1)
}

function leave({ alive }: Machine, session: number): void {
  const left = (alive.get(session) ?? 1) - 1
  if (left > 0) alive.set(session, left)
  else alive.delete(session)
}
