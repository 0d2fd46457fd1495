/** Where systemd runs, the dead-man is a unit of its own: the end of a login session does not end it. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { listProcesses } from '../../src/lab/process.ts'
import { backByItself, deadManGone, leaseEnd, recordOf, shortLease } from './deadman-world.ts'
import { expectService, inService, type Service, serviceFile } from './service.ts'
import { type Systemd, whyNoSystemd } from './systemd.ts'
import { deadMen, shown, storeArtifact, until, watchInvariants } from './world.ts'

const why = whyNoSystemd()
const title = (text: string) => (why === undefined ? text : `${text} (${why})`)

/** Words before a command of a login session: a scope of its own. */
function sessionOf({ wrap }: Systemd): string[] {
  return [...wrap, 'systemd-run', '--quiet', '--scope', '--unit=session-1', '--']
}

const under = (story: (service: Service) => Promise<void>) => () => inService(serviceFile, story)

/** Every unit of a dead-man, in whatever state. */
async function units({ run }: Systemd): Promise<string[]> {
  const words = ['--all', '--no-legend', '--plain', 'handover-dead-man-*']
  const { stdout } = await run('systemctl', 'list-units', ...words)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(line => line.split(/\s+/)[0] ?? '')
}

function groupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? ''
}

/** What KillUserProcesses= does at the end of a login session: SIGKILL for everything in its cgroup. */
async function killSession({ run }: Systemd): Promise<void> {
  expect(await run('systemctl', 'kill', '--signal=KILL', 'session-1.scope')).toMatchObject({ code: 0 })
}

describe.concurrent('the dead-man under systemd', () => {
  test.skipIf(why !== undefined)(
    title('outlives the session that armed it, brings the host back, and leaves no unit'),
    under(async service => {
      const { world, systemd } = service
      const watch = watchInvariants(world)
      const program = await world.open('run1', { wrap: sessionOf(systemd) })
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      const [unit = '', ...others] = await units(systemd)
      expect(others).toEqual([])
      expect(unit).toMatch(/^handover-dead-man-\d+-\d+\.service$/)
      expect(await systemd.property(unit, 'ActiveState')).toBe('active')
      const [dead] = deadMen(world.host.root)
      expect(await systemd.property(unit, 'MainPID')).toBe(String(systemd.idInside(dead?.pid ?? 0)))
      expect(groupOf(dead?.pid ?? 0)).toMatch(new RegExp(`/system\\.slice/${unit}$`))
      // What nsenter has started is inside.
      const [shell] = listProcesses().filter(one => one.ppid === program.connection.pid())
      expect(groupOf(shell?.pid ?? 0)).toMatch(/session-1\.scope$/)
      await killSession(systemd)
      await until(() => !existsSync(`/proc/${program.connection.pid()}`))
      expect(deadMen(world.host.root).map(({ pid }) => pid)).toEqual([dead?.pid])
      const late = await backByItself(world, end)
      console.info(`systemd: back ${late.toFixed(2)} s after the end of the lease`)
      await deadManGone(world)
      await expectService(service, 'old')
      expect(recordOf(world)).toMatch(/^dead_man=reverted .*state=reverted/m)
      await until(async () => (await units(systemd)).length === 0)
      await watch.stop()
    }),
  )

  test.skipIf(why !== undefined)(
    title('is gone with its unit after a commit, and after a revert'),
    under(async service => {
      const { world, systemd } = service
      for (const [run, side] of [
        ['run1', 'old'],
        ['run2', 'new'],
      ] as const) {
        const program = await world.open(run, { wrap: systemd.wrap })
        if (side === 'new') {
          await program.toPrecommitted()
          expect(await units(systemd)).toHaveLength(1)
          expect(shown(await program.decide())).toBe('ok')
        } else {
          await program.toSwitched()
          expect(await units(systemd)).toHaveLength(1)
          expect(shown(await program.revert())).toBe('reverted')
        }
        await expectService(service, side)
        await until(async () => (await units(systemd)).length === 0)
      }
    }),
  )

  test.skipIf(why !== undefined)(
    title('is started without systemd where systemd does not answer'),
    under(async service => {
      const { world, systemd } = service
      const socket = '/run/systemd/private'
      expect(await systemd.run('mv', socket, `${socket}.hidden`)).toMatchObject({ code: 0 })
      const program = await world.open('run1', { wrap: systemd.wrap })
      await program.toSwitched(shortLease)
      const end = leaseEnd(world)
      const [dead] = deadMen(world.host.root)
      expect(groupOf(dead?.pid ?? 0)).toBe(groupOf(program.connection.pid()))
      await program.connection.close()
      await backByItself(world, end)
      await deadManGone(world)
      expect(await systemd.run('mv', `${socket}.hidden`, socket)).toMatchObject({ code: 0 })
      await expectService(service, 'old')
      expect(await units(systemd)).toEqual([])
    }),
  )

  test.skipIf(why !== undefined)(
    title('is started without systemd where systemd hangs, and what systemd starts late changes nothing'),
    under(async service => {
      const { world, systemd } = service
      const watch = watchInvariants(world)
      const program = await world.open('run1', { wrap: systemd.wrap })
      expect(shown(await program.inspect())).toBe('ok')
      await storeArtifact(world)
      process.kill(systemd.pid, 'SIGSTOP')
      expect(shown(await program.prepare())).toBe('ok')
      process.kill(systemd.pid, 'SIGCONT')
      expect(deadMen(world.host.root)).not.toEqual([])
      expect(shown(await program.switchOver())).toBe('ok')
      expect(shown(await program.renew())).toBe('ok')
      expect(shown(await program.revert())).toBe('reverted')
      await deadManGone(world)
      await until(async () => (await units(systemd)).length === 0)
      await expectService(service, 'old')
      await watch.stop()
    }),
  )
})
