/** Which view shows a run. */
import type { Entry } from '../journal/entry.ts'
import { chooseView } from '../report/choose.ts'
import { createJsonView } from '../report/json.ts'
import { createLiveView } from '../report/live.ts'
import { createPlainView } from '../report/plain.ts'
import { type OutputOptions, wantsColor } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface View {
  hear(entry: Entry): void
  /** Resolves when everything heard is on the screen. */
  finish(): Promise<void>
}

export function openView(terminal: Terminal, options: OutputOptions): View {
  const color = wantsColor(options, terminal)
  const { isTty, env, columns } = terminal
  switch (chooseView({ output: options.output, isTty, term: env.TERM, ci: env.CI })) {
    case 'json':
      return { hear: createJsonView(terminal.out), finish: async () => {} }
    case 'plain':
      return { hear: createPlainView(terminal.out, { color, width: columns }), finish: async () => {} }
    case 'live':
      return createLiveView(terminal.out, { color, columns })
  }
}
