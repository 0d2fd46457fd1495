/** The journal file of one simulated run, and how a controller writes to it: in batches, durable first, heard afterwards. */
import { fault, HandoverError } from '../../src/core/fault.ts'
import type { Entry, EntryBody } from '../../src/journal/entry.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Dice } from './dice.ts'
import type { Life } from './life.ts'
import type { VirtualTime } from './virtual-clock.ts'

export interface Written {
  readonly body: EntryBody
  readonly epoch: number
  readonly atMs: number
}

export interface Sheet {
  readonly run: string
  /** What is durable, in order. */
  readonly entries: Written[]
  /** What was only published, because the file is lost, comes to the views alone. */
  readonly published: Written[]
}

/** A decision that no host has heard of ends with the run going back, also where that could not be written down any more. */
export function isDecided({ entries, published }: Sheet): boolean {
  const last = (type: EntryBody['type'], of: readonly Written[]) =>
    of.findLast(({ body }) => body.type === type)?.atMs ?? Number.NEGATIVE_INFINITY
  // Whoever has heard of it proves that it was made, also where the journal has lost it.
  const heardOf = entries.findLast(
    ({ body }) => body.type === 'host.found' && (body.stand === 'decided' || body.stand === 'committed'),
  )
  const decided = Math.max(last('run.decided', entries), heardOf?.atMs ?? Number.NEGATIVE_INFINITY)
  const undone = Math.max(last('run.rolling_back', entries), last('run.rolling_back', published))
  return decided > Number.NEGATIVE_INFINITY && decided > undone
}

/** Its end is lost, from when the participants were frozen. */
export function loseDecision({ entries }: Sheet): void {
  const at = entries.findIndex(({ body }) => body.type === 'run.precommitting')
  if (at >= 0) entries.length = at
}

export interface Pen {
  readonly journal: Journal
  /** From the next write on the disk takes nothing; `isKept`: it says so, but that one write has arrived. */
  fail(isKept: boolean): void
  isBroken(): boolean
}

interface Waiting {
  readonly written: Written
  readonly resolve: (entry: Entry) => void
  readonly reject: (error: Error) => void
}

export function penOf(
  sheet: Sheet,
  life: Life,
  time: VirtualTime,
  dice: Dice,
  onDurable: (written: Written) => void,
): Pen {
  let queue: Waiting[] = []
  let isWriting = false
  let failing: 'no' | 'lost' | 'kept' = 'no'
  let isBroken = false
  let onTheWay: readonly Waiting[] = []
  let seq = 0
  const entryOf = (body: EntryBody) =>
    ({ v: 1, seq: seq++, at: '', run: sheet.run, ...body }) as unknown as Entry
  const keep = (batch: readonly Waiting[]) => {
    for (const { written } of batch) {
      sheet.entries.push(written)
      onDurable(written)
    }
  }
  const write = () => {
    if (queue.length === 0) {
      isWriting = false
      return
    }
    isWriting = true
    const batch = queue
    queue = []
    onTheWay = batch
    time.after(dice.between(0.2, dice.chance(3) ? 80 : 3), () => {
      onTheWay = []
      if (life.isDead()) return
      if (failing !== 'no') return refuse(batch)
      keep(batch)
      life.hear(dice.between(0.01, 0.5), () => {
        for (const each of batch) each.resolve(entryOf(each.written.body))
        write()
      })
    })
  }
  const refuse = (batch: readonly Waiting[]) => {
    if (failing === 'kept') keep(batch)
    isBroken = true
    life.hear(0.1, () => {
      for (const each of [...batch, ...queue]) each.reject(broken())
      queue = []
    })
  }
  // Killed in the middle of a write: some of it has arrived, and a torn line is ignored.
  life.onDeath(() => {
    if (failing === 'no') keep(onTheWay.slice(0, dice.roll(onTheWay.length + 1)))
  })
  return {
    isBroken: () => isBroken,
    fail(isKept) {
      failing = isKept ? 'kept' : 'lost'
    },
    journal: {
      run: sheet.run,
      append: body =>
        new Promise((resolve, reject) => {
          if (isBroken) return reject(broken())
          const written = { body, epoch: life.epoch, atMs: time.nowMs() }
          queue.push({ written, resolve, reject })
          if (!isWriting) write()
        }),
      publish(body) {
        sheet.published.push({ body, epoch: life.epoch, atMs: time.nowMs() })
      },
      listen() {},
      async close() {},
    },
  }
}

function broken(): HandoverError {
  return new HandoverError(fault('JOURNAL_FAILED', 'cannot write the journal: no space left on device'))
}
