/**
 * Virtual time: a queue of what is to happen. Hosts take their steps in it one after the other; whoever hears something
 * (a controller) may go on with promises, so before the next event all of those are let run out.
 */

export interface VirtualTime {
  /** Milliseconds since the story began. */
  nowMs(): number
  /** How many events have happened. */
  steps(): number
  /** @returns what calls it off. */
  after(ms: number, run: () => void, who?: 'host' | 'controller'): () => void
  /** Until nothing is left to happen; `endless` when that takes more than `most` events. */
  play(most: number, afterEach: () => boolean): Promise<'quiet' | 'stopped' | 'endless'>
}

interface Event {
  readonly at: number
  readonly order: number
  readonly isHeard: boolean
  run: (() => void) | undefined
}

export function virtualTime(): VirtualTime {
  const queue: Event[] = []
  let [now, order, steps] = [0, 0, 0]
  return {
    nowMs: () => now,
    steps: () => steps,
    after(ms, run, who = 'host') {
      const event: Event = { at: now + Math.max(0, ms), order: order++, isHeard: who === 'controller', run }
      push(queue, event)
      return () => {
        event.run = undefined
      }
    },
    async play(most, afterEach) {
      // What was begun before the first event has promises of its own.
      await settled()
      while (queue.length > 0) {
        const { at, run, isHeard } = pop(queue)
        if (!run) continue
        now = at
        if (++steps > most) return 'endless'
        run()
        if (isHeard) await settled()
        if (!afterEach()) return 'stopped'
      }
      return 'quiet'
    },
  }
}

/** Immediates come after every promise that is ready, however long its chain. */
function settled(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A binary heap: the next event is always the first. */
function push(queue: Event[], event: Event): void {
  let child = queue.length
  queue.push(event)
  while (child > 0) {
    const parent = (child - 1) >> 1
    const above = queue[parent] as Event
    if (!isBefore(event, above)) break
    queue[child] = above
    child = parent
  }
  queue[child] = event
}

function pop(queue: Event[]): Event {
  const first = queue[0] as Event
  const last = queue.pop() as Event
  const size = queue.length
  if (size === 0) return first
  let parent = 0
  for (;;) {
    let child = 2 * parent + 1
    if (child >= size) break
    if (child + 1 < size && isBefore(queue[child + 1] as Event, queue[child] as Event)) child++
    const below = queue[child] as Event
    if (!isBefore(below, last)) break
    queue[parent] = below
    parent = child
  }
  queue[parent] = last
  return first
}
