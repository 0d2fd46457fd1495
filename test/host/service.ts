/** nginx as a service of a systemd of its own, for the stories that depend on units. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { LabHost } from '../../src/lab/lab.ts'
import { type CgroupLayout, type Systemd, withSystemd } from './systemd.ts'
import { expectNoTraces, mastersOf, onHost, sha256Now, until, type World } from './world.ts'

export interface Service {
  readonly systemd: Systemd
  readonly world: World
}

export const unit = 'nginx.service'

export const commandOf = (host: LabHost) =>
  `${host.binary} -c ${host.config} -p ${host.root}/ -e ${host.errorLog}`

/** As Debian has it, with other values for some keys; null leaves one out. */
export function serviceFile(host: LabHost, other: Record<string, string | null> = {}): string {
  const settings = {
    Type: 'forking',
    PIDFile: host.pidFile,
    ExecStartPre: `${commandOf(host)} -t -q`,
    ExecStart: commandOf(host),
    ExecReload: `${commandOf(host)} -s reload`,
    ExecStop: `-/sbin/start-stop-daemon --quiet --stop --retry QUIT/5 --pidfile ${host.pidFile}`,
    TimeoutStopSec: '5',
    KillMode: 'mixed',
    ...other,
  }
  const lines = Object.entries(settings).flatMap(([key, value]) => (value === null ? [] : `${key}=${value}`))
  return `[Service]\n${lines.join('\n')}\n`
}

/** A host whose systemd has started nginx from the unit that `write` gives. */
export function inService(
  write: (host: LabHost) => string | Promise<string>,
  story: (service: Service) => Promise<void>,
  layout: CgroupLayout = 'unified',
): Promise<void> {
  return withSystemd(
    systemd =>
      onHost({ isStarted: false }, async world => {
        await systemd.writeUnit(unit, await write(world.host))
        await control(systemd, 'start')
        await untilServing(world)
        await story({ systemd, world })
      }),
    layout,
  )
}

export async function control(systemd: Systemd, ...verb: string[]): Promise<void> {
  const { code, stderr } = await systemd.run('systemctl', ...verb, unit)
  expect([code, stderr]).toEqual([0, ''])
}

/** One master with all its workers, which the pid file names. */
export const untilServing = ({ host, workers, processes, workersOf }: World) =>
  until(() => {
    const [master, ...others] = mastersOf(processes())
    if (master === undefined || others.length > 0 || !existsSync(host.pidFile)) return false
    return workersOf(master).length === workers && processes().length === workers + 1
  }, 10_000)

/** One side serves, and systemd knows it. */
export async function expectService({ systemd, world }: Service, side: 'old' | 'new'): Promise<void> {
  const { host, workers } = world
  const [master, ...others] = mastersOf(world.processes())
  if (!master) throw new Error('no master')
  expect(others).toEqual([])
  expect(world.workersOf(master)).toHaveLength(workers)
  const sha = side === 'old' ? world.oldSha : world.newSha
  expect([sha256Now(`/proc/${master.pid}/exe`), sha256Now(host.binary)]).toEqual([sha, sha])
  expect(existsSync(`${host.pidFile}.oldbin`)).toBe(false)
  expectNoTraces(world)
  const id = String(systemd.idInside(master.pid))
  expect(readFileSync(host.pidFile, 'utf8').trim()).toBe(id)
  // systemd hears of the end of the old master when everybody else does.
  await until(async () => (await systemd.property(unit, 'MainPID')) === id)
  expect(await systemd.property(unit, 'ActiveState')).toBe('active')
}
