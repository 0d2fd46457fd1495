/** One line for each event that matters, for logs and pipes: nothing moves, and colour is the only control code. */
import type { Entry } from '../journal/entry.ts'
import { describeEnd, mostHostRows } from './end-text.ts'
import { applyEntry, standingOf } from './fold.ts'
import { type LineStyle, oneLine, paint, type Telling } from './line.ts'
import { countAt, elapsedMs, type Standing } from './standing.ts'
import { tell } from './telling.ts'
import { cutToWidth, padToWidth } from './width.ts'

export interface PlainStyle extends LineStyle {
  /** Columns of the table at the end; 80 if not given. */
  readonly width?: number
}

const progressEveryMs = 5000
const placeWidth = 9

/**
 * Above 50 hosts, routine news of single hosts becomes a line of counts every five seconds.
 * @param past what the journal holds already of a run that is resumed: known, and not told again.
 */
export function createPlainView(
  write: (text: string) => void,
  style: PlainStyle,
  past: readonly Entry[] = [],
): (entry: Entry) => void {
  const standing = standingOf(past)
  let nextProgressMs = 0
  return entry => {
    applyEntry(standing, entry)
    const at = elapsedMs(standing)
    const many = standing.hosts.size > mostHostRows
    const told = tell(standing, entry)
    const lines = told
      .filter(telling => !(many && telling.routine))
      .map(telling => tellingLine(at, telling, style))
    if (lines.length < told.length && at >= nextProgressMs) {
      lines.push(tellingLine(at, progress(standing), style))
      nextProgressMs = at + progressEveryMs
    }
    if (entry.type === 'run.finished') {
      lines.push(...describeEnd(standing, entry, { color: style.color, width: style.width ?? 80 }))
    }
    if (lines.length > 0) write(`${lines.join('\n')}\n`)
  }
}

/** `[  12.3s] canary    h01 switched in 152ms`. */
export function tellingLine(atMs: number, { where, text, tone }: Telling, style: LineStyle): string {
  const place = padToWidth(cutToWidth(oneLine(where, 40), 24), placeWidth)
  return `${paint(style, 'faint', `[${(atMs / 1000).toFixed(1).padStart(7)}s]`)} ${place} ${paint(style, tone, text)}`
}

function progress(standing: Standing): Telling {
  const stage = standing.stages.findLast(({ step }) => step !== 'waiting')?.info.name ?? 'run'
  const where = standing.rollingBack !== undefined ? 'rollback' : standing.decided ? 'commit' : stage
  const parts = (
    [
      'unsure',
      'looking',
      'switching',
      'switched',
      'healthy',
      'failed',
      'reverting',
      'reverted',
      'committed',
      'in doubt',
    ] as const
  )
    .map(step => [step, countAt(standing, step)] as const)
    .filter(([, count]) => count > 0)
    .map(([step, count]) => `${count} ${step}`)
  return { where, text: `${standing.hosts.size} hosts: ${parts.join(', ')}` }
}
