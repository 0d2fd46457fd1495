/** What a phase sees of the daemon: derived from the processes each time, never remembered. */
import type { Machine } from './host-machine.ts'
import type { Signal } from './nginx-process.ts'

type Seen = ReturnType<Machine['nginx']['processes']>[number]

const titled = (one: Seen) => one.phase !== 'starting' && one.phase !== 'gone'

/** That very process, and it runs that binary. */
export function same({ nginx }: Machine, pid: number, binary: string): boolean {
  return pid > 0 && nginx.processes().some(one => one.pid === pid && one.binary === binary)
}

/** Known by their title. */
export function mastersOf({ nginx }: Machine, binary: string): readonly Seen[] {
  return nginx.processes().filter(one => one.role === 'master' && one.binary === binary && titled(one))
}

export function acceptingOf({ nginx }: Machine, binary: string, master?: number): readonly Seen[] {
  return nginx
    .processes()
    .filter(
      one =>
        one.role === 'worker' &&
        one.phase === 'running' &&
        one.binary === binary &&
        (master === undefined || one.parent === master),
    )
}

export function drainingOf({ nginx }: Machine, binary: string): readonly Seen[] {
  return nginx
    .processes()
    .filter(one => one.role === 'worker' && one.phase === 'draining' && one.binary === binary)
}

/** Without a title of its own yet: a fork, a new master before it serves, a worker that starts. */
export function unbornOf({ nginx }: Machine, binary: string, parent: number): readonly Seen[] {
  return nginx
    .processes()
    .filter(one => one.phase === 'starting' && one.binary === binary && one.parent === parent)
}

/** It has worked off all that was sent to it before. */
export function isIdle({ nginx, busy }: Machine, pid: number): boolean {
  const process = nginx.processes().find(one => one.pid === pid)
  return process !== undefined && (busy.get(pid) ?? 0) === 0 && process.pending.size === 0
}

export function pidFile({ nginx }: Machine): number {
  return typeof nginx.disk.pid === 'number' ? nginx.disk.pid : 0
}

/** Names a living process: an upgrade is under way, or was left. */
export function isOldParked({ nginx }: Machine): boolean {
  const { oldbin } = nginx.disk
  return typeof oldbin === 'number' && nginx.processes().some(one => one.pid === oldbin)
}

/** It has closed its sockets and will never serve again. */
export function isToldToQuit({ nginx }: Machine, pid: number): boolean {
  return nginx.processes().some(one => one.pid === pid && one.phase === 'running' && !one.listens)
}

export interface Sender {
  readonly what: string
  readonly run: string
  readonly holdsEffect: boolean
}

/** Invariant 7: pid and binary are looked at in the same breath. */
export function send(machine: Machine, sender: Sender, signal: Signal, pid: number, binary: string): boolean {
  if (!same(machine, pid, binary)) return false
  machine.witness.signalled(machine, sender, signal, pid, binary)
  machine.nginx.signal(pid, signal)
  return true
}
