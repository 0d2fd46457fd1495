/** The hands of one controller on one simulated host. Every request says in the journal first what it is about to do. */
import type { HostHands, LookOutcome } from '../../src/driver/hands.ts'
import { lostFault } from './host-answers.ts'
import { decide } from './host-commit.ts'
import { arm } from './host-deadman.ts'
import { mayRenew, precommit, renew } from './host-hold.ts'
import { type Hand, isDeadManAlive, isIn } from './host-lock.ts'
import type { Steps } from './host-machine.ts'
import { inspect, prepare, stand, type Wanted } from './host-prepare.ts'
import { revert } from './host-revert.ts'
import { switchOver } from './host-switch.ts'
import type { Line } from './network.ts'

export type Verb = 'inspect' | 'prepare' | 'switch' | 'renew' | 'precommit' | 'commit' | 'revert' | 'look'

const slackMs = 30_000
const startMs = 30_000

export function handsOn(
  name: string,
  line: Line,
  wanted: Wanted,
  asked: (host: string, verb: Verb) => void,
  leasing: (host: string) => (isGranted: boolean) => void,
): HostHands {
  const { drainMs } = wanted
  const unknown = { kind: 'unknown', fault: lostFault(name) } as const
  const ask = <T>(verb: Verb, deadlineMs: number, begin: (hand: Hand) => Steps<T>) => {
    asked(name, verb)
    return line.ask(begin, verb, deadlineMs)
  }
  const lease = async (verb: 'renew' | 'precommit', begin: (hand: Hand) => Steps<LookOutcome>) => {
    const answered = leasing(name)
    const answer = (await ask(verb, slackMs, begin)) ?? unknown
    answered(answer.kind === 'pass')
    return answer
  }
  return {
    name,
    async inspect() {
      const answer = await ask('inspect', slackMs, function* (hand) {
        yield hand.host.dice.between(1, 20)
        return inspect(hand, wanted)
      })
      return answer ?? { kind: 'unreachable', fault: lostFault(name) }
    },
    stand: async () => (await ask('look', 10_000 + slackMs, stand)) ?? unknown,
    prepare: async () => (await ask('prepare', 60_000 + slackMs, hand => prepare(hand, wanted))) ?? unknown,
    switchOver: async () =>
      (await ask('switch', startMs * 2 + drainMs + slackMs * 2, function* (hand) {
        // The main loop arms another one if need be.
        if (isIn(hand, 'prepared') && mayRenew(hand) === undefined && !isDeadManAlive(hand.host))
          yield* arm(hand)
        return yield* switchOver(hand, startMs)
      })) ?? unknown,
    renew: leaseMs => lease('renew', hand => renew(hand, leaseMs)),
    precommit: leaseMs => lease('precommit', hand => precommit(hand, leaseMs)),
    commit: async () => (await ask('commit', drainMs + slackMs, hand => decide(hand, drainMs))) ?? unknown,
    revert: async () =>
      (await ask('revert', drainMs * 2 + slackMs * 4, hand => revert(hand, drainMs))) ?? unknown,
    breakLock: async () => unknown,
    command: async () => ({ exitCode: 0, output: '' }),
    tunnel: () => Promise.reject(new Error('a simulated host has no network of its own')),
    async close() {
      line.close()
    },
  }
}
