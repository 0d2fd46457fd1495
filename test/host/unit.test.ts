/** nginx as a service of a real systemd: which units a handover gets along with, and which are refused. */
import { existsSync, readFileSync } from 'node:fs'
import { appendFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LabHost } from '../../src/lab/lab.ts'
import { isAlive, type LabProcess } from '../../src/lab/process.ts'
import {
  commandOf,
  control,
  expectService,
  inService,
  type Service,
  serviceFile,
  unit,
  untilServing,
} from './service.ts'
import { type CgroupLayout, whyNoSystemd } from './systemd.ts'
import { shown, until, watchInvariants } from './world.ts'

const why = { unified: whyNoSystemd('unified'), legacy: whyNoSystemd('legacy') }
const titled = (title: string, layout: CgroupLayout = 'unified') =>
  `${title}${why[layout] === undefined ? '' : ` (${why[layout]})`}`

const open = ({ systemd, world }: Service, options = {}) =>
  world.open('run1', { wrap: systemd.wrap, ...options })

async function inspected(service: Service, options = {}): Promise<string[]> {
  const answer = await (await open(service, options)).inspect()
  return [shown(answer), ...(answer.fields.get('refusal') ?? []).map(text => text.replace(/^\w+:/, ''))]
}

/** Both masters with all their workers; the new one. */
async function upgradeByHand({ world }: Service): Promise<LabProcess> {
  const { host, workers, workersOf } = world
  const old = world.master('old')
  process.kill(old.pid, 'SIGUSR2')
  let young: LabProcess | undefined
  await until(() => {
    young = world.processes().find(one => one.ppid === old.pid && one.title.startsWith('nginx: master'))
    return young !== undefined && workersOf(young).length === workers && existsSync(`${host.pidFile}.oldbin`)
  }, 10_000)
  if (!young) throw new Error('no second master')
  return young
}

describe.skipIf(why.unified !== undefined)(titled('systemd'), () => {
  test('gets along with a whole handover: commit, and back from there', async () => {
    await inService(serviceFile, async service => {
      const watch = watchInvariants(service.world)
      const program = await open(service)
      await program.toPrecommitted()
      expect(shown(await program.decide())).toBe('ok')
      await expectService(service, 'new')
      await watch.stop()
      await control(service.systemd, 'reload')
      await untilServing(service.world)
      await expectService(service, 'new')
    })
  })

  test('gets along with a revert', async () => {
    await inService(serviceFile, async service => {
      const before = service.world.master('old')
      const watch = watchInvariants(service.world)
      const program = await open(service)
      await program.toPrecommitted()
      expect(shown(await program.revert())).toBe('reverted')
      await expectService(service, 'old')
      expect(isAlive(before)).toBe(true)
      await watch.stop()
    })
  })

  test('ends the new master with the old one when no PIDFile= names it (what UNIT_PID_FILE is for)', async () => {
    await inService(
      host => serviceFile(host, { PIDFile: null }),
      async service => {
        await upgradeByHand(service)
        process.kill(service.world.master('old').pid, 'SIGQUIT')
        await until(() => service.world.processes().length === 0, 10_000)
        await until(async () => (await service.systemd.property(unit, 'ActiveState')) === 'inactive')
        expect(await service.systemd.property(unit, 'Result')).toBe('success')
      },
    )
  })
})

type Case = readonly [
  name: string,
  write: (host: LabHost) => string | Promise<string>,
  says: (service: Service) => string | Promise<string>,
]

const refused: Case[] = [
  [
    'Type=forking without PIDFile=',
    host => serviceFile(host, { PIDFile: null }),
    () => 'UNIT_PID_FILE nginx.service has no PIDFile=',
  ],
  [
    'a PIDFile= that nobody writes after the start',
    host => {
      const other = `${host.root}/other.pid`
      return serviceFile(host, { PIDFile: other, ExecStartPost: `/bin/cp ${host.pidFile} ${other}` })
    },
    ({ world }) => `UNIT_PID_FILE nginx.service has PIDFile=${world.host.root}/other.pid`,
  ],
  [
    'Type=simple',
    async host => {
      await appendFile(host.config, 'daemon off;\n')
      return serviceFile(host, { Type: 'simple', PIDFile: null })
    },
    () => 'UNIT_TYPE nginx.service has Type=simple',
  ],
  [
    'a stopped unit that left the daemon behind',
    host => serviceFile(host, { PIDFile: null, ExecStop: '/bin/true', KillMode: 'none' }),
    async ({ systemd }) => {
      await control(systemd, 'stop')
      return `UNIT_NOT_ACTIVE nginx.service is ${await systemd.property(unit, 'ActiveState')}`
    },
  ],
  [
    'a unit that is still starting',
    serviceFile,
    async ({ systemd, world }) => {
      await control(systemd, 'stop')
      await systemd.writeUnit(unit, serviceFile(world.host, { ExecStartPost: '/bin/sleep 600' }))
      await control(systemd, 'start', '--no-block')
      await untilServing(world)
      await until(async () => (await systemd.property(unit, 'SubState')) === 'start-post')
      return 'UNIT_NOT_ACTIVE nginx.service is activating'
    },
  ],
  [
    'an unfinished upgrade that was reloaded',
    serviceFile,
    async service => {
      const { young, old } = await reloadedHalfway(service)
      return `UNIT_MAIN_PROCESS nginx.service has MainPID=${young}, the master is ${old}`
    },
  ],
  [
    'TasksMax= below two sets of processes',
    host => serviceFile(host, { TasksMax: '5' }),
    () => 'UNIT_TASKS nginx.service has TasksMax=5; 3 are there, 3 more are needed',
  ],
  [
    'MemoryMax= below two sets of processes',
    serviceFile,
    async service => {
      const taken = memoryOf(service.world.processes())
      const room = Math.floor(taken * 1.8)
      await limitMemory(service, room)
      return `UNIT_MEMORY nginx.service has MemoryMax=${room} KiB, one set of processes takes ${taken} KiB`
    },
  ],
]

const accepted: Case[] = [
  ['exactly room for both sets', host => serviceFile(host, { TasksMax: '6' }), () => ''],
  [
    'a PIDFile= by another name of its directory',
    async host => {
      await symlink('run', join(host.root, 'var-run'))
      return serviceFile(host, { PIDFile: join(host.root, 'var-run/nginx.pid') })
    },
    () => '',
  ],
  [
    'MemoryMax= with room for both',
    serviceFile,
    async service => {
      await limitMemory(service, memoryOf(service.world.processes()) * 2 + 8192)
      return ''
    },
  ],
  [
    'the daemon a child of another program of the unit, which stays',
    host => {
      const start = `/bin/sh -c '${commandOf(host)}; exec sleep 600'`
      return serviceFile(host, { Type: 'simple', PIDFile: null, ExecStart: start })
    },
    () => '',
  ],
  [
    'a daemon that no unit has started, and an inactive unit for it',
    serviceFile,
    async ({ systemd, world }) => {
      await control(systemd, 'stop')
      expect((await systemd.run(...commandOf(world.host).split(' '))).code).toBe(0)
      await untilServing(world)
      return ''
    },
  ],
  [
    'a daemon whose group only has the name of a unit',
    serviceFile,
    async ({ systemd, world }) => {
      await control(systemd, 'stop')
      await systemd.writeUnit('foreign.service', foreignUnit(world.host))
      await systemd.run('systemctl', 'start', 'foreign.service')
      await untilServing(world)
      const id = systemd.idInside(world.master('old').pid)
      const { stdout } = await systemd.run('cat', `/proc/${id}/cgroup`)
      expect(stdout).toContain(`:/system.slice/foreign.service/${unit}\n`)
      return ''
    },
  ],
]

/** As the units of a user's own systemd are: below a unit, and perhaps named as another one. */
const foreignUnit = (host: LabHost) => `[Service]
Type=oneshot
RemainAfterExit=yes
Delegate=yes
ExecStart=/bin/sh -c 'cd /sys/fs/cgroup/system.slice/foreign.service && mkdir ${unit} && \
  echo 0 >${unit}/cgroup.procs && exec ${commandOf(host)}'
`

describe.skipIf(why.unified !== undefined)(titled('a unit'), () => {
  test.each(refused)('is refused: %s', async (_, write, says) => {
    await inService(write, async service => {
      const [code = '', ...words] = (await says(service)).split(' ')
      const [said, detail] = await inspected(service)
      // The configuration may speak against it as well (`daemon off`).
      expect([said?.split(' ').slice(0, 2).join(' '), detail]).toEqual([`refused ${code}`, words.join(' ')])
    })
  })

  test.each(accepted)('is accepted: %s', async (_, write, arrange) => {
    await inService(write, async service => {
      await arrange(service)
      expect(await inspected(service)).toEqual(['ok'])
    })
  })

  test.each(['bash', 'busybox sh'] as const)('is judged by %s as well', async shell => {
    const write = (host: LabHost) => serviceFile(host, { PIDFile: null, TasksMax: '5' })
    await inService(write, async service => {
      await limitMemory(service, memoryOf(service.world.processes()))
      const [said = '', ...words] = await inspected(service, { shell })
      expect(said).toBe('refused UNIT_PID_FILE UNIT_TASKS UNIT_MEMORY')
      expect(words).toHaveLength(3)
    })
  })

  test('whose main process is unknown survives a commit: systemd waits for the last process', async () => {
    const write = (host: LabHost) =>
      serviceFile(host, { Type: 'oneshot', PIDFile: null, RemainAfterExit: 'yes' })
    await inService(write, async service => {
      const program = await open(service)
      await program.toPrecommitted()
      expect(shown(await program.decide())).toBe('ok')
      await untilServing(service.world)
      expect(await service.systemd.property(unit, 'ActiveState')).toBe('active')
    })
  })

  test('is accepted once what the hints say is done', async () => {
    const write = (host: LabHost) => serviceFile(host, { PIDFile: null, TasksMax: '5' })
    await inService(write, async service => {
      const { systemd, world } = service
      expect((await inspected(service))[0]).toBe('refused UNIT_PID_FILE UNIT_TASKS')
      await systemd.writeUnit(unit, serviceFile(world.host, { TasksMax: '5' }))
      expect((await inspected(service))[0]).toBe('refused UNIT_TASKS')
      await systemd.run('systemctl', 'set-property', '--runtime', unit, 'TasksMax=50')
      const program = await open(service)
      await program.toPrecommitted()
      expect(shown(await program.decide())).toBe('ok')
      await expectService(service, 'new')
    })
  })

  test('with a main process that is gone is accepted after a reload', async () => {
    await inService(serviceFile, async service => {
      await reloadedHalfway(service)
      await control(service.systemd, 'reload')
      await untilServing(service.world)
      expect(await inspected(service)).toEqual(['ok'])
      await expectService(service, 'old')
    })
  })

  test('is not waited for when systemd does not answer', async () => {
    const write = (host: LabHost) => serviceFile(host, { PIDFile: null })
    await inService(write, async service => {
      process.kill(service.systemd.pid, 'SIGSTOP')
      expect(await inspected(service)).toEqual(['ok'])
    })
  })
})

describe.skipIf(why.legacy !== undefined)(titled('with cgroup v1 a unit', 'legacy'), () => {
  test('is found, and its other processes count', async () => {
    const write = (host: LabHost) => {
      const more = "/bin/sh -c 'sleep 600 & exit 0'"
      return serviceFile(host, { TasksMax: '6', ExecStartPost: more })
    }
    await inService(
      write,
      async service => {
        expect(await inspected(service)).toEqual([
          'refused UNIT_TASKS',
          'nginx.service has TasksMax=6; 4 are there, 3 more are needed',
        ])
      },
      'legacy',
    )
  })
})

/** An upgrade whose new master systemd has made its main process, taken back by hand. */
async function reloadedHalfway(service: Service): Promise<{ young: number; old: number }> {
  const { systemd, world } = service
  const master = await upgradeByHand(service)
  const [young, old] = [systemd.idInside(master.pid), systemd.idInside(world.master('old').pid)]
  await control(systemd, 'reload')
  await until(async () => (await systemd.property(unit, 'MainPID')) === String(young))
  process.kill(master.pid, 'SIGQUIT')
  await untilServing(world)
  return { young, old }
}

/** KiB of their own and in shared zones. */
function memoryOf(processes: readonly LabProcess[]): number {
  const rows = processes.flatMap(({ pid }) => [
    ...readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Pss_(?:Anon|Shmem): +(\d+) kB$/gm),
  ])
  return rows.reduce((sum, [, size]) => sum + Number(size), 0)
}

async function limitMemory({ systemd }: Service, kib: number): Promise<void> {
  await systemd.run('systemctl', 'set-property', '--runtime', unit, `MemoryMax=${kib}K`)
  expect(await systemd.property(unit, 'MemoryMax')).toBe(String(kib * 1024))
}
