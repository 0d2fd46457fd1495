/** One controller of one run: the real coordinator, over simulated hosts, with a life, a pen and lines of its own. */
import type { WatchedCheck } from '../../src/health/watch.ts'
import type { EntryBody, EntryType } from '../../src/journal/entry.ts'
import { conduct, type Participant } from '../../src/run/conduct.ts'
import type { Helm } from '../../src/run/helm.ts'
import type { RunState } from '../../src/run/state.ts'
import type { Dice } from './dice.ts'
import { handsOn } from './hands.ts'
import type { Onlooker } from './invariants.ts'
import { type Life, lifeOf } from './life.ts'
import { type Line, type Link, lineOf } from './network.ts'
import { type Pen, penOf, type Sheet } from './sheet.ts'
import type { Story } from './story.ts'
import type { VirtualTime } from './virtual-clock.ts'
import { type WindowWatch, watchStarts } from './window-watch.ts'

export interface Controller {
  readonly life: Life
  readonly pen: Pen
  readonly sheet: Sheet
  helm: Helm | undefined
  /** And that was accepted, so it was not decided yet. */
  wasInterrupted: boolean
  /** Undefined while it runs, and for ever when it was killed. */
  ended: RunState | 'could not begin' | undefined
}

export interface Order {
  readonly story: Story
  readonly run: string
  readonly binary: string
  readonly epoch: number
  readonly sheet: Sheet
  readonly time: VirtualTime
  readonly dice: Dice
  readonly links: ReadonlyMap<string, Link>
  readonly onlooker: Onlooker
  /** Told of every entry that is handed to the journal. */
  readonly onEntry: (type: EntryType) => void
  readonly onEnd: (controller: Controller) => void
}

export function startController(order: Order): Controller {
  const { story, run, epoch, sheet, time, dice, onlooker } = order
  const life = lifeOf(time, run, epoch)
  const pen = penOf(sheet, life, time, dice, written => onlooker.durable(sheet, written))
  life.onGoingOn(stoodStill => onlooker.wentOn(run, stoodStill))
  const controller: Controller = {
    life,
    pen,
    sheet,
    helm: undefined,
    wasInterrupted: false,
    ended: undefined,
  }
  const end = (state: Controller['ended']) => {
    if (life.isDead()) return
    controller.ended = state
    order.onEnd(controller)
    life.kill()
  }
  const starts = watchStarts(
    story.limits,
    life.clock,
    sheet.entries.map(({ body }) => body),
    what => void onlooker.violations.push(what),
  )
  conduct({
    limits: story.limits,
    participants: participantsOf(order, life, pen, starts),
    journal: {
      ...pen.journal,
      append(body) {
        onlooker.handed(run, body)
        starts.handed(body)
        order.onEntry(body.type)
        return pen.journal.append(body)
      },
    },
    opening: openingOf(order),
    ...(epoch > 1 ? { past: sheet.entries.map(({ body }) => body) } : {}),
    forks: story.forks,
    leaseMs: story.leaseMs,
    clock: life.clock,
    onHelm(helm) {
      controller.helm = helm
    },
  }).then(end, error => {
    // Only the opening may fail to be written; then nothing was begun.
    if (!pen.isBroken()) onlooker.violations.push(`the coordinator threw ${String(error)}`)
    end('could not begin')
  })
  return controller
}

function openingOf({
  run,
  epoch,
  story,
}: Order): Extract<EntryBody, { type: 'run.started' | 'run.resumed' }> {
  const trace = { tool: '0', who: 'me', from: 'here', pid: 1, identity: '' }
  if (epoch > 1) return { type: 'run.resumed', ...trace, epoch, notes: [] }
  const { stages } = story.limits
  return {
    type: 'run.started',
    ...trace,
    name: run,
    playbook: '',
    fingerprint: '',
    artifact: null,
    stages,
  }
}

function participantsOf(
  order: Order,
  life: Life,
  pen: Pen,
  starts: WindowWatch,
): ReadonlyMap<string, Participant> {
  const { story, binary, time, dice, links, onlooker, sheet, epoch } = order
  const wanted = { binary, leaseMs: story.leaseMs, drainMs: story.drainMs }
  const participants = new Map<string, Participant>()
  for (const [name, link] of links) {
    const line: Line = lineOf(link, life, time, dice)
    const asked = (host: string, verb: string) => {
      starts.asked(host, verb)
      onlooker.asked(sheet, epoch, host, verb, pen.isBroken())
    }
    const hands = handsOn(name, line, wanted, asked, host => onlooker.leasing(sheet.run, host))
    const checks = story.hasChecks ? [checkOf(link, life, dice)] : []
    participants.set(name, { hands, checks })
  }
  return participants
}

/** A client of the daemon: sees whether somebody answers, and what. */
function checkOf(link: Link, life: Life, dice: Dice): WatchedCheck {
  const timeoutMs = 1000
  const check = { name: 'http', intervalMs: 1500, timeoutMs, healthy: 2, unhealthy: 2, deadlineMs: 15_000 }
  return {
    check,
    look: () =>
      new Promise(resolve => {
        const { host } = link
        const isThere = host.isUp && link.partitions === 0 && host.nginx.isAccepting()
        const isHealthy = () =>
          host.nginx
            .processes()
            .every(
              one =>
                one.role !== 'worker' || one.phase !== 'running' || host.quality(one.binary) !== 'unhealthy',
            )
        life.hear(isThere ? dice.between(0.5, 20) : timeoutMs, () =>
          resolve(
            isThere && isHealthy()
              ? { pass: true, detail: 'status 200' }
              : { pass: false, detail: isThere ? 'status 503' : 'no answer' },
          ),
        )
      }),
  }
}
