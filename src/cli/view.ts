/** Which view shows a run. */
import { printable } from '../core/text.ts'
import type { Entry } from '../journal/entry.ts'
import { chooseView } from '../report/choose.ts'
import { createJsonView } from '../report/json.ts'
import { createPlainView } from '../report/plain.ts'
import { type OutputOptions, wantsColor } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface View {
  hear(entry: Entry): void
  /** A line that belongs to no entry. */
  say(line: string): void
  /** Resolves when everything heard is on the screen. May be called again. */
  finish(): Promise<void>
}

/** @param past what other controllers have written: the view knows it, and does not tell it again. */
export async function openView(
  terminal: Terminal,
  options: OutputOptions,
  past: readonly Entry[] = [],
): Promise<View> {
  const color = wantsColor(options, terminal)
  const { isTty, env } = terminal
  const say = (line: string) => terminal.err(`${printable(line)}\n`)
  const kind = chooseView({ output: options.output, isTty, term: env.TERM, ci: env.CI })
  if (kind === 'json') return { hear: createJsonView(terminal.out), say, finish: async () => {} }
  if (kind === 'plain') {
    const style = { color, width: terminal.columns }
    return { hear: createPlainView(terminal.out, style, past), say, finish: async () => {} }
  }
  // Loaded only where it is shown: it is a tenth of the start-up time.
  const { createLiveView } = await import('../report/live.ts')
  const style = {
    color,
    unicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ''),
    get columns() {
      return terminal.columns
    },
    get rows() {
      return terminal.rows
    },
  }
  return createLiveView(terminal.out, style, past)
}
