/**
 * Rows that move, on a terminal. listr2 is the view's furniture only: every row is a task whose promise is settled when
 * the fold says that the host or stage has ended. It never runs, cancels or rolls back anything.
 */
import { Listr, type ListrRendererFactory, type ListrTaskWrapper } from 'listr2'
import type { Entry } from '../journal/entry.ts'
import { describeEnd } from './end-text.ts'
import { applyEntry, standingOf } from './fold.ts'
import type { LineStyle } from './line.ts'
import { type LiveRow, liveRows } from './live-rows.ts'
import { type Screen, screenRenderer } from './live-screen.ts'
import { tellingLine } from './plain.ts'
import { elapsedMs, type Standing } from './standing.ts'
import { tell } from './telling.ts'

export interface LiveStyle extends LineStyle {
  /** Of the terminal; read at every frame, so that a getter follows a resize. */
  readonly columns: number
  /** Of the terminal; the one of standard output if not given. */
  readonly rows?: number
  /** The terminal shows UTF-8; true if not given. */
  readonly unicode?: boolean
}

export interface LiveView {
  hear(entry: Entry): void
  /** A line from elsewhere that is to stay above the rows. Must be printable. */
  say(line: string): void
  /** Ends the rows, whatever the run came to, and prints its end. May be called again. */
  finish(): Promise<void>
}

/** @param past what the journal holds already of a run that is resumed: known, and not told again. */
export function createLiveView(
  write: (text: string) => void,
  style: LiveStyle,
  past: readonly Entry[] = [],
): LiveView {
  const standing = standingOf(past)
  const above: string[] = []
  const screen: Screen = {
    write,
    above,
    color: style.color,
    unicode: style.unicode ?? true,
    get columns() {
      return style.columns > 0 ? style.columns : 80
    },
    get rows() {
      return style.rows || process.stdout.rows || 24
    },
  }
  let rows: Rows | undefined
  let finished: Promise<void> | undefined

  const finish = async () => {
    await rows?.stop()
    // Nothing was drawn, or something was said after the last frame.
    for (const line of above.splice(0)) write(`${line}\n`)
    const end = standing.finished
    if (end)
      write(`${describeEnd(standing, end, { color: style.color, width: screen.columns }).join('\n')}\n`)
  }
  return {
    hear(entry) {
      if (finished) return
      applyEntry(standing, entry)
      for (const telling of tell(standing, entry)) {
        if (telling.tone || telling.where === 'run')
          above.push(tellingLine(elapsedMs(standing), telling, style))
      }
      if (entry.type === 'run.started' || entry.type === 'run.resumed') rows ??= startRows(standing, screen)
      rows?.update('host' in entry ? `host ${entry.host}` : undefined)
    },
    say: line => {
      if (finished) write(`${line}\n`)
      else above.push(line)
    },
    finish: () => {
      finished ??= finish()
      return finished
    },
  }
}

interface Rows {
  /** A key that has no row of its own updates nothing but the stages and the run. */
  update(key: string | undefined): void
  stop(): Promise<void>
}

type Wrapper = Pick<ListrTaskWrapper<unknown, ListrRendererFactory, ListrRendererFactory>, 'title'>

interface OpenRow {
  readonly row: LiveRow
  wrapper?: Wrapper
  settle?: (failed: boolean) => void
}

function startRows(standing: Standing, screen: Screen): Rows {
  const open = new Map<string, OpenRow>()
  const stale = new Set<string>()
  let stopping = false

  const flush = () => {
    for (const key of stale) {
      const each = open.get(key)
      if (!each?.wrapper) continue
      const { title, end } = each.row.read(standing)
      if (each.wrapper.title !== title) each.wrapper.title = title
      if (end || stopping) each.settle?.(end !== 'good')
      if (end) open.delete(key)
    }
    stale.clear()
  }
  const tasks = liveRows(standing, screen.rows).map(row => {
    const each: OpenRow = { row }
    open.set(row.key, each)
    return {
      title: row.read(standing).title,
      task: (_: unknown, wrapper: Wrapper) =>
        new Promise<void>((resolve, reject) => {
          each.wrapper = wrapper
          each.settle = failed => (failed ? reject(new Error(row.key)) : resolve())
          stale.add(row.key)
          if (stopping) flush()
        }),
    }
  })
  const listr = new Listr(tasks, {
    renderer: screenRenderer(screen, flush),
    concurrent: true,
    exitOnError: false,
    collectErrors: false,
    registerSignalListeners: false,
  })
  const over = listr.run()

  return {
    update(key) {
      if (key && open.has(key)) stale.add(key)
      for (const each of open.keys()) if (!each.startsWith('host ')) stale.add(each)
    },
    async stop() {
      stopping = true
      for (const key of open.keys()) stale.add(key)
      flush()
      await over
    },
  }
}
