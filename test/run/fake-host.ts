/** A host in memory: every call is seen, and answers well unless a story says otherwise. */
import { PassThrough } from 'node:stream'
import type { Found, HostHands, Inspection } from '../../src/driver/hands.ts'
import type { WatchedCheck } from '../../src/health/watch.ts'
import type { Participant } from '../../src/run/conduct.ts'
import { newFacts, oldFacts } from './world.ts'

export type Verb =
  | 'inspect'
  | 'prepare'
  | 'switchOver'
  | 'renew'
  | 'stand'
  | 'precommit'
  | 'commit'
  | 'revert'
export type Call = `${string}.${Verb}`

type Script = { [V in Verb]?: (times: number) => ReturnType<HostHands[V]> }

export const foundOld: Found = oldFacts
export const foundNew: Found = newFacts
export const inspection: Inspection = {
  ...foundOld,
  current: false,
  path: '/usr/sbin/nginx',
  identity: '',
  exchange: 'mv',
  lock: null,
  notes: [],
  lastWord: null,
  last: null,
  onDisk: { version: foundOld.version, sha256: foundOld.sha256 },
}

export interface Fleet {
  readonly calls: readonly Call[]
  readonly participants: ReadonlyMap<string, Participant>
  /** Resolves when the call has been made. */
  called(call: Call): Promise<void>
  add(name: string, script?: Script, checks?: readonly WatchedCheck[]): Fleet
}

/** `seen` is told of every call before it is answered. */
export function fakeFleet(seen: (call: Call) => void = () => {}): Fleet {
  const calls: Call[] = []
  const waiting = new Map<Call, (() => void)[]>()
  const participants = new Map<string, Participant>()
  const fleet: Fleet = {
    calls,
    participants,
    called: call =>
      new Promise(resolve => {
        if (calls.includes(call)) return resolve()
        waiting.set(call, [...(waiting.get(call) ?? []), resolve])
      }),
    add(name, script = {}, checks = []) {
      const times = new Map<Verb, number>()
      const hands: HostHands = {
        name,
        inspect: () => say('inspect', { kind: 'pass', inspection: { ...inspection, identity: name } }),
        prepare: () => say('prepare', { kind: 'prepared', version: foundNew.version }),
        switchOver: () => say('switchOver', { kind: 'switched' }),
        stand: () => say('stand', { kind: 'stand', stand: 'none', held: false, found: foundOld }),
        renew: () => say('renew', { kind: 'pass' }),
        precommit: () => say('precommit', { kind: 'pass' }),
        commit: () => say('commit', { kind: 'committed', found: foundNew, oldLeft: 0, cut: 0 }),
        revert: () => say('revert', { kind: 'reverted', found: foundOld }),
        breakLock: async () => ({ kind: 'free', state: 'none' }),
        command: async () => ({ exitCode: 0, output: '' }),
        tunnel: async () => new PassThrough(),
        close: async () => {},
      }
      const say = async <V extends Verb>(
        verb: V,
        well: Awaited<ReturnType<HostHands[V]>>,
      ): Promise<Awaited<ReturnType<HostHands[V]>>> => {
        const call: Call = `${name}.${verb}`
        const time = (times.get(verb) ?? 0) + 1
        times.set(verb, time)
        calls.push(call)
        seen(call)
        for (const resolve of waiting.get(call) ?? []) resolve()
        const scripted = script[verb] as ((times: number) => Promise<typeof well>) | undefined
        return scripted ? await scripted(time) : well
      }
      participants.set(name, { hands, checks })
      return fleet
    },
  }
  return fleet
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(done => {
    resolve = done
  })
  return { promise, resolve }
}
