/**
 * The renderer that listr2 draws our rows with. listr2's own one redraws every row on every change (seconds of
 * standstill with many rows, which would break health checks and keepalives) and hides the cursor through a library
 * that listens for SIGINT, SIGTERM and SIGHUP. This one draws at most ten times a second and listens to no signal.
 */
import type { ListrTaskObject } from 'listr2'
import { type LineStyle, paint, type Tone } from './line.ts'
import { cutToWidth, displayWidth } from './width.ts'

export interface Screen extends LineStyle {
  write(text: string): void
  /** Read at every frame, so that a getter follows a terminal that is resized. */
  readonly columns: number
  readonly rows: number
  /** The terminal shows UTF-8. */
  readonly unicode: boolean
  /** Whole lines that are to stay above the rows; emptied when they are written. */
  readonly above: string[]
}

type Task = Pick<ListrTaskObject<unknown, never, never>, 'title'> & {
  isCompleted(): boolean
  hasFailed(): boolean
}

const frameMs = 100
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'

/** What listr2 takes as a renderer: a class it constructs with the tasks. `refresh` is called before each frame. */
export function screenRenderer(screen: Screen, refresh: () => void) {
  return class {
    // The caller has already decided that the output is a terminal.
    static nonTTY = true
    static rendererOptions: Record<PropertyKey, never> = {}
    static rendererTaskOptions: Record<PropertyKey, never> = {}
    readonly render: () => void
    readonly end: () => void

    constructor(tasks: readonly Task[]) {
      let timer: NodeJS.Timeout | undefined
      let drawn: readonly string[] = []
      let frame = 0
      const draw = () => {
        frame++
        refresh()
        const lines = tasks.map(task => taskLine(task, frame, screen))
        drawn = redraw(screen, drawn, fitHeight(lines, screen.rows - 1))
      }
      const restore = () => screen.write(showCursor)
      this.render = () => {
        screen.write(hideCursor)
        // Whoever ends the process in the middle must not leave the terminal without a cursor.
        process.once('exit', restore)
        timer = setInterval(draw, frameMs)
        draw()
      }
      this.end = () => {
        clearInterval(timer)
        process.off('exit', restore)
        redraw(screen, drawn, [])
        restore()
      }
    }
  }
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const plainSpinner = ['-', '\\', '|', '/']

function taskLine(task: Task, frame: number, screen: Screen): string {
  const { unicode, columns } = screen
  const frames = unicode ? spinner : plainSpinner
  const [mark, tone]: [string, Tone] = task.isCompleted()
    ? [unicode ? '✔' : '+', 'good']
    : task.hasFailed()
      ? [unicode ? '✖' : 'x', 'bad']
      : [frames[frame % frames.length] ?? '', 'doubt']
  // One column stays free: a full line wraps on some terminals and not on others.
  const text = cutToWidth(`${mark} ${task.title ?? ''}`, columns - 1)
  return `${paint(screen, tone, text.slice(0, 1))}${text.slice(1)}`
}

function fitHeight(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most || most < 2) return lines
  const cut = lines.length - most + 1
  // The end is kept: the last row is the run itself.
  return [`  (${cut} more rows)`, ...lines.slice(cut)]
}

function redraw(screen: Screen, drawn: readonly string[], lines: readonly string[]): readonly string[] {
  const above = screen.above.splice(0)
  if (above.length === 0 && lines.length > 0 && lines.join('\n') === drawn.join('\n')) return drawn
  // A terminal that has become narrower has wrapped what was drawn before.
  const height = drawn.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(bareWidth(line) / screen.columns)),
    0,
  )
  const up = height > 0 ? `\u001b[${height}A` : ''
  screen.write(`${up}\r\u001b[J${[...above, ...lines].map(line => `${line}\n`).join('')}`)
  return lines
}

function bareWidth(line: string): number {
  return displayWidth(line.replace(/\u001b\[\d+m/g, ''))
}
