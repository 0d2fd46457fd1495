/** What goes wrong in a story, done to the simulated world. */
import { exitCode } from '../../src/core/exit-code.ts'
import type { Controller } from './controller.ts'
import type { Machine } from './host-machine.ts'
import { cut, type Link } from './network.ts'
import { loseDecision } from './sheet.ts'
import { type Deed, type Sequel, type Trouble, third } from './story.ts'
import type { VirtualTime } from './virtual-clock.ts'
import type { Wounds } from './wounds.ts'

export interface Stricken {
  readonly time: VirtualTime
  readonly links: ReadonlyMap<string, Link>
  readonly wounds: ReadonlyMap<Machine, Wounds>
  /** Of the first run; the one that lives, or the last one. */
  controller(): Controller | undefined
  goOn(sequel: Sequel, afterMs: number): void
  beginAnother(): void
}

export function strike(world: Stricken, what: Trouble): void {
  if ('host' in what) return strikeHost(world, what)
  if (what.kind === 'partition') return part(world, what.hosts, what.ms)
  if (what.kind === 'second-run') return world.beginAnother()
  if (what.kind === 'take-up') return takeUp(world, what.sequel)
  strikeController(world, what)
}

function takeUp(world: Stricken, sequel: Sequel): void {
  const ended = world.controller()?.ended
  if (ended === undefined || ended === 'could not begin') return
  if (ended.exit === exitCode.needsHuman) world.goOn(sequel, 0)
}

function strikeController(
  world: Stricken,
  what: Exclude<Trouble, { host: string } | { kind: 'partition' | 'second-run' | 'take-up' }>,
): void {
  const controller = world.controller()
  if (!controller || controller.life.isDead() || controller.ended !== undefined) return
  const { life, pen } = controller
  switch (what.kind) {
    case 'kill':
      life.kill()
      if (what.forgets) loseDecision(controller.sheet)
      return world.goOn(what.sequel, what.afterMs)
    case 'journal':
      return pen.fail(what.isKept)
    case 'stop':
      return life.stop(what.ms, what.isSuspended)
    case 'wall-clock':
      return life.setWallClock(what.byMs)
    case 'interrupt':
    case 'pause':
    case 'proceed':
    case 'approve':
      // One that stands still hears it when it goes on.
      life.hear(0, () => steer(controller, what))
  }
}

function steer(
  controller: Controller,
  what: Extract<Trouble, { kind: 'interrupt' | 'pause' | 'proceed' | 'approve' }>,
): void {
  const { helm } = controller
  if (!helm || controller.ended !== undefined) return
  switch (what.kind) {
    case 'interrupt':
      if (helm.interrupt(what.signal) === undefined) controller.wasInterrupted = true
      return
    case 'pause':
      return void helm.pause('somebody', what.ms)
    case 'proceed':
      return void helm.proceed('somebody')
    case 'approve':
      helm.approve('somebody')
  }
}

function strikeHost(world: Stricken, what: Extract<Trouble, { host: string }>): void {
  const link = world.links.get(what.host)
  const wounds = link && world.wounds.get(link.host)
  if (!link || !wounds) return
  const { host } = link
  switch (what.kind) {
    case 'lose-request':
      link.loseRequests += what.times
      return
    case 'lose-answer':
      link.loseAnswers += what.times
      return
    case 'double':
      link.doubled += what.times
      return
    case 'late':
      link.late = { count: what.times, ms: what.ms }
      return
    case 'cut':
      return cut(link)
    case 'dead-man-dies':
      if (host.deadMan) host.deadMan.isAlive = false
      wounds.lostDeadMan = true
      return
    case 'disk-full':
      host.isFull = true
      world.time.after(what.ms, () => {
        host.isFull = false
      })
      return
    case 'reboot':
      if (!host.isUp) return
      wounds.mayBeSilent = true
      wounds.reboots++
      cut(link)
      return host.reboot(what.isPowerCut)
    case 'intruder':
      return intrude(host, wounds, what.deed)
  }
}

function part(world: Stricken, hosts: readonly string[], ms: number | null): void {
  for (const name of hosts) {
    const link = world.links.get(name)
    if (!link) continue
    link.partitions++
    if (ms !== null) {
      world.time.after(ms, () => {
        link.partitions--
      })
    }
  }
}

/** A human, a package script: they know nothing of locks. */
function intrude(host: Machine, wounds: Wounds, deed: Deed): void {
  if (!host.isUp) return
  const { nginx, disk } = host
  const masters = nginx.processes().filter(one => one.role === 'master')
  const [oldest] = masters
  const youngest = masters.at(-1)
  wounds.mayBeSilent = true
  // A worker that crashes is started again, and what reloads serves on.
  if (deed === 'kill-worker' || deed === 'reload') wounds.meddled = true
  else wounds.intruded = true
  switch (deed) {
    case 'quit-old':
      return void (oldest && nginx.signal(oldest.pid, 'QUIT'))
    case 'kill-old':
      return void (oldest && nginx.crash(oldest.pid))
    case 'quit-new':
      return void (youngest && nginx.signal(youngest.pid, 'QUIT'))
    case 'kill-new':
      return void (youngest && nginx.crash(youngest.pid))
    case 'reload':
      return nginx.command('reload')
    case 'kill-worker': {
      const worker = nginx.processes().find(one => one.role === 'worker' && one.phase === 'running')
      if (worker) nginx.crash(worker.pid)
      return
    }
    case 'third-binary':
      host.strangers.add(third)
      host.setPath(third, disk.now.names.beside)
  }
}
