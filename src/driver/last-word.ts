/** What became of a run that nobody led any more, as the hand that ended it has written into the record of the host. */
import { type Answer, decodeFields, field } from '../host/frame.ts'
import { explain } from './reasons.ts'

const hands: Record<string, string> = {
  dead_man: 'its dead-man',
  after_reboot: 'the next run after a reboot',
  broken_lock: '`handover lock break`',
}

/** A sentence, or undefined when the last run has ended by itself. Text from a host; print it through `printable`. */
export function lastWord(answer: Answer): string | undefined {
  const match = /^(dead_man|after_reboot|broken_lock)=(\w+) ?(.*)$/s.exec(field(answer, 'last_word'))
  if (!match) return undefined
  const [, hand = '', said, rest = ''] = match
  const run = field(answer, 'last_run')
  const who = hands[hand] ?? hand
  const words = decodeFields(rest)
  const reason = words.get('stuck')?.[0] ?? words.get('code')?.[0]
  const state = field(answer, 'last_state')
  if (said === 'reverted') return `run ${run} fell silent: ${who} has brought the host back`
  if (said === 'ok') return `run ${run} fell silent: ${who} has brought it to its end (${state})`
  if (reason) return `run ${run} fell silent, and ${who} could not bring it to its end: ${explain(reason)}`
  return `run ${run} fell silent in state ${state}, and ${who} has not brought it to its end`
}
