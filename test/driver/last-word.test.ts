import { expect, it } from 'vitest'
import { lastWord } from '../../src/driver/last-word.ts'

const answer = (word: string, state: string) => ({
  status: 'ok',
  fields: new Map([
    ['last_run', ['r1']],
    ['last_state', [state]],
    ['last_word', [word]],
  ]),
})

it.each([
  ['', 'committed', undefined],
  ['known=1:2:3', 'committed', undefined],
  [
    'dead_man=reverted pid=7 sha=ab state=reverted',
    'reverted',
    'run r1 fell silent: its dead-man has brought the host back',
  ],
  [
    'dead_man=ok sha=ab',
    'committed',
    'run r1 fell silent: its dead-man has brought it to its end (committed)',
  ],
  [
    'dead_man=failed stuck=PATH_CHANGED pid=7',
    'reverting',
    'run r1 fell silent, and its dead-man could not bring it to its end: the file at the path is not the one that this run has left there: somebody else has put a file there, or taken one away',
  ],
  [
    'dead_man=held code=NEW_NOT_SERVING',
    'decided',
    'run r1 fell silent, and its dead-man could not bring it to its end: the new master is not proven serving',
  ],
  [
    'dead_man=acts in state switched',
    'switched',
    'run r1 fell silent in state switched, and its dead-man has not brought it to its end',
  ],
  [
    'after_reboot=reverted state=reverted',
    'reverted',
    'run r1 fell silent: the next run after a reboot has brought the host back',
  ],
  [
    'broken_lock=reverted state=reverted',
    'reverted',
    'run r1 fell silent: `handover lock break` has brought the host back',
  ],
])('%s', (word, state, said) => {
  expect(lastWord(answer(word, state))).toBe(said)
})
