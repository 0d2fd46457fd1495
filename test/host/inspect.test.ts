/** What a host is refused for, each by its own name, and what must not keep it out. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { appendFile, chmod, chown, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { field } from '../../src/host/frame.ts'
import { startNginx } from '../../src/lab/nginx.ts'
import { readProcess, signalProcess } from '../../src/lab/process.ts'
import {
  expectNoTraces,
  expectOnly,
  mastersOf,
  onHost,
  preparedWith,
  replaceBinary,
  shown,
  slowClient,
  storeArtifact,
  until,
  type World,
} from './world.ts'

const isRoot = process.getuid?.() === 0

const inspected = async (world: World, options = {}) => {
  const program = await world.open('run1', options)
  return shown(await program.inspect())
}

type Story = readonly [name: string, spoil: (world: World) => Promise<unknown>, said: string]

const refusals: Story[] = [
  ['pid file missing', ({ host }) => rm(host.pidFile), 'refused PID_FILE_MISSING'],
  ['pid file empty', ({ host }) => writeFile(host.pidFile, ''), 'refused PID_FILE_MISSING'],
  ['no number in it', ({ host }) => writeFile(host.pidFile, '12 34\n'), 'refused PID_FILE_MISSING'],
  [
    'a pipe in its place',
    async ({ host }) => {
      await rm(host.pidFile)
      execFileSync('mkfifo', [host.pidFile])
    },
    'refused PID_FILE_MISSING',
  ],
  ['pid file stale', ({ host }) => writeFile(host.pidFile, '4194303\n'), 'refused PID_FILE_STALE'],
  ['pid file of another', ({ host }) => writeFile(host.pidFile, `${process.pid}\n`), 'refused EXE_DIFFERS'],
  [
    'a worker in it',
    async world => {
      const [worker] = world.workersOf(world.master('old'))
      await writeFile(world.host.pidFile, `${worker?.pid}\n`)
    },
    'refused NOT_A_MASTER',
  ],
  [
    'the old master of an unfinished upgrade',
    async world => {
      process.kill(world.master('old').pid, 'SIGUSR2')
      await until(() => mastersOf(world.processes()).length === 2)
      await until(async () => (await readFile(world.host.pidFile, 'utf8').catch(() => '')) !== '')
      await until(() => world.processes().length === 6)
    },
    'refused UPGRADE_UNFINISHED',
  ],
  [
    'a worker that still drains',
    async world => {
      const client = await slowClient(world.host)
      process.kill(world.master('old').pid, 'SIGHUP')
      await until(() => world.processes().some(one => one.title.endsWith('is shutting down')))
      await until(() => world.workersOf(world.master('old')).length === 2)
      return client
    },
    'refused STILL_DRAINING',
  ],
  [
    'the master killed, its workers orphans',
    async world => {
      const master = world.master('old')
      signalProcess(master, 'SIGKILL')
      await until(() => readProcess(master.pid) === undefined)
    },
    'refused PID_FILE_STALE',
  ],
  [
    'orphan workers beside a master (T1)',
    async world => {
      const master = world.master('old')
      signalProcess(master, 'SIGKILL')
      await until(() => readProcess(master.pid) === undefined)
      await rm(world.host.pidFile)
      const config = (await readFile(world.host.config, 'utf8')).replace(/listen 127.0.0.1:\d+;/, '')
      await writeFile(
        world.host.config,
        config.replace('server {', `server { listen unix:${world.host.root}/s;`),
      )
      await startAs(world, world.host.binary, argsOf(world), 4)
    },
    'refused ORPHAN_WORKERS',
  ],
  [
    'the file replaced without a restart',
    ({ host, binaries }) => replaceBinary(host, binaries.newer.path),
    'refused EXE_DIFFERS',
  ],
  ['no such file', ({ host }) => rm(host.binary), 'refused BINARY_MISSING'],
  [
    'a state directory that others may write in',
    async ({ stateDir }) => {
      await mkdir(stateDir)
      await chmod(stateDir, 0o1777)
    },
    'refused STATE_DIR',
  ],
  ['a link to a state directory', ({ stateDir }) => symlink('/tmp', stateDir), 'refused STATE_DIR'],
  ['a file in its place', ({ stateDir }) => writeFile(stateDir, ''), 'refused STATE_DIR'],
]

const rootOnly: Story[] = [
  [
    'a state directory of another user',
    async ({ stateDir }) => {
      await mkdir(stateDir, { mode: 0o700 })
      await chown(stateDir, 65534, 65534)
    },
    'refused STATE_DIR',
  ],
  [
    'a mount point',
    async ({ host }) => execFileSync('mount', ['--bind', host.binary, host.binary]),
    'refused PATH_MOUNTED',
  ],
]

describe('refused', () => {
  test.each([...refusals, ...(isRoot ? rootOnly : [])])('%s', async (_, spoil, said) => {
    await onHost({}, async world => {
      const rest = (await spoil(world)) as { destroy?: () => void } | undefined
      try {
        expect(await inspected(world)).toBe(said)
      } finally {
        rest?.destroy?.()
        if (said.includes('MOUNTED')) execFileSync('umount', [world.host.binary])
      }
    })
  })

  test.skipIf(!isRoot)('a master of another user: said as such', async () => {
    await onHost({}, async world => {
      for (let dir = dirname(world.host.binary); dir !== '/tmp'; dir = dirname(dir)) await chmod(dir, 0o755)
      await mkdir(world.stateDir, { mode: 0o700 })
      await chown(world.stateDir, 65534, 65534)
      expect(await inspected(world, { uid: 65534 })).toBe('refused MASTER_HIDDEN DIRECTORY_NOT_WRITABLE')
      // A binary that cannot even be read is a refusal too, and no end of the program.
      await chmod(world.host.binary, 0o700)
      const program = await world.open('run2', { uid: 65534 })
      expect(shown(await program.inspect())).toMatch(/^refused BINARY_UNREADABLE MASTER_HIDDEN/)
      expect(field(await program.revert(), 'state')).toBe('untouched')
    })
  })

  test('two instances of one binary', async () => {
    await onHost({}, async world => {
      const { host } = world
      const config = (await readFile(host.config, 'utf8'))
        .replace(`pid ${host.pidFile};`, `pid ${host.root}/run/second.pid;`)
        .replace(/listen 127.0.0.1:\d+;/, `listen unix:${host.root}/run/second.sock;`)
      await writeFile(`${host.config}.second`, config)
      execFileSync(host.binary, ['-c', `${host.config}.second`, '-p', `${host.root}/`, '-e', host.errorLog])
      await until(() => mastersOf(world.processes()).length === 2)
      await until(() => world.processes().length === 6)
      expect(await inspected(world)).toBe('refused SEVERAL_INSTANCES')
    })
  })

  test.each([
    ['a relative name', './nginx', 'refused ARGV_NOT_ABSOLUTE'],
    ['a name without a folder', 'nginx', 'refused ARGV_NOT_ABSOLUTE'],
    ['the name of another file', '/bin/true', 'refused ARGV_OTHER_FILE'],
  ])('started by %s', async (_, argv0, said) => {
    await onHost({ isStarted: false }, async world => {
      await startAs(world, argv0)
      expect(await inspected(world)).toBe(said)
    })
  })

  test('daemon off', async () => {
    await onHost({ isStarted: false }, async world => {
      const { host } = world
      const args = ['-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog, '-g', 'daemon off;']
      const child = spawn(host.binary, args, { stdio: 'ignore' })
      await until(() => world.processes().length === 3)
      expect(await inspected(world)).toBe('refused DAEMON_OFF')
      child.kill('SIGKILL')
    })
  })

  test('a master whose workers cannot start', async () => {
    await onHost({ isStarted: false }, async world => {
      const { host } = world
      await writeFile(host.config, `working_directory /nonexistent;\n${await readFile(host.config, 'utf8')}`)
      spawn(host.binary, argsOf(world), { stdio: 'ignore' })
      await until(async () =>
        (await readFile(host.errorLog, 'utf8').catch(() => '')).includes('cannot be respawned'),
      )
      await until(() => world.processes().length === 1)
      expect(await inspected(world)).toBe('refused NO_WORKERS WORKING_DIRECTORY_MISSING')
    })
  })

  test('gone between inspect and prepare', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      expect(shown(await program.inspect())).toBe('ok')
      await storeArtifact(world)
      process.kill(world.master('old').pid, 'SIGTERM')
      await until(() => world.processes().length === 0)
      expect(shown(await program.prepare())).toBe('refused CHANGED_SINCE_INSPECT')
      expectNoTraces(world)
    })
  })

  test.skipIf(!isRoot).each([
    ['staged', ({ host }: World) => dirname(host.binary), 'refused STAGING_FAILED'],
    ['backed up', ({ state }: World) => state('backups'), 'refused BACKUP_FAILED'],
  ])('what cannot be %s', async (_, folder, said) => {
    await onHost({}, async world => {
      const program = await world.open()
      expect(shown(await program.inspect())).toBe('ok')
      await storeArtifact(world)
      await mkdir(world.state('backups'), { recursive: true, mode: 0o700 })
      execFileSync('chattr', ['+i', folder(world)])
      try {
        expect(shown(await program.prepare())).toBe(said)
      } finally {
        execFileSync('chattr', ['-i', folder(world)])
      }
      await expectOnly(world, 'old')
    })
  })

  test('a state directory below a folder that does not exist is no endless loop', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      const { binary, pidFile } = world.host
      const asked = (dir: string) => program.ask('inspect', 'r', 'o', binary, pidFile, dir, 'sha')
      expect(shown(await asked('/nonexistent-handover/a/b'))).toBe('ok')
      expect(shown(await asked('relative/dir'))).toBe('refused STATE_DIR')
    })
  })

  test('a binary that hangs when it is asked for its version does not block the program', async () => {
    await onHost({ isStarted: false }, async world => {
      await writeFile(world.host.binary, '#!/bin/sh\nexec sleep 60\n')
      const program = await world.open()
      const began = performance.now()
      expect((await program.inspect()).status).toBe('refused')
      expect(performance.now() - began).toBeLessThan(15_000)
    })
  })
})

describe('not kept out', () => {
  test('a stale .oldbin of a master that was killed: the whole transaction goes through', async () => {
    await onHost({}, async world => {
      await writeFile(`${world.host.pidFile}.oldbin`, `${process.pid}\n`)
      const program = await world.open()
      await program.toPrecommitted()
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('started as by the unit of Debian, with -g and blanks in it', async () => {
    await onHost({ isStarted: false }, async world => {
      const { host } = world
      const args = [
        '-g',
        'daemon on; master_process on;',
        '-c',
        host.config,
        '-p',
        `${host.root}/`,
        '-e',
        host.errorLog,
      ]
      await startAs(world, host.binary, args)
      const program = await world.open()
      await program.toPrecommitted()
      expect(shown(await program.decide())).toBe('ok')
      await expectOnly(world, 'new')
    })
  })

  test('64 workers', async () => {
    await onHost({ workers: 64 }, async world => {
      const program = await world.open()
      await program.toPrepared()
      const answer = await program.switchOver()
      expect([shown(answer), field(answer, 'workers')]).toEqual(['ok', '64'])
      expect(shown(await program.renew())).toBe('ok')
      expect(shown(await program.precommit())).toBe('ok')
      const back = await program.revert()
      expect([shown(back), field(back, 'old_workers')]).toEqual(['reverted', '64'])
      await expectOnly(world, 'old')
    })
  })

  test('a reload between prepare and switch', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toPrepared()
      const before = world.workersOf(world.master('old')).map(one => one.pid)
      process.kill(world.master('old').pid, 'SIGHUP')
      await until(() => {
        const now = world.processes().filter(one => one.title.startsWith('nginx: worker'))
        return now.length === 2 && now.every(one => !before.includes(one.pid))
      })
      expect(shown(await program.switchOver())).toBe('ok')
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })

  test('names with blanks, quotes and dashes', async () => {
    await onHost({ isStarted: false }, async world => {
      const { host } = world
      const folder = join(host.root, `-an odd "dir" it's $(x)`)
      mkdirSync(folder)
      const binary = join(folder, '-nginx 2')
      execFileSync('cp', ['--', host.binary, binary])
      const odd = { ...host, binary, pidFile: join(folder, 'nginx pid') }
      const config = (await readFile(host.config, 'utf8')).replace(
        `pid ${host.pidFile}`,
        `pid '${escaped(odd.pidFile)}'`,
      )
      await writeFile(host.config, config)
      await startNginx(odd)
      const program = await world.open()
      const base = join(folder, 'my state')
      const hello = await program.ask('inspect', 'r1', "o'x", binary, odd.pidFile, base, world.newSha)
      expect(shown(hello)).toBe('ok')
      execFileSync('mkdir', ['-m', '700', '-p', base, join(base, 'artifacts')])
      execFileSync('cp', [world.artifact, join(base, 'artifacts', world.newSha)])
      expect(shown(await program.prepare())).toBe('ok')
      expect(shown(await program.switchOver())).toBe('ok')
      expect(shown(await program.revert())).toBe('reverted')
      expect(mastersOf(world.processes()).map(one => one.exe)).toEqual([binary])
    })
  })

  test.skipIf(!isRoot)(
    'a disk that fills up while the host is switched: it goes back all the same',
    async () => {
      await onHost({}, async world => {
        mkdirSync(world.stateDir, { mode: 0o700 })
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', world.stateDir])
        try {
          const program = await world.open()
          await program.toSwitched()
          const fill = join(world.stateDir, 'fill')
          const fillUp = async () => {
            // A page that is there already takes more: the record must need a new one.
            const { size } = await stat(world.state('record'))
            await appendFile(world.state('record'), '\n'.repeat(4096 - size))
            execFileSync('sh', ['-c', `cat /dev/zero > '${fill}' 2>/dev/null || true`])
          }
          await fillUp()
          expect(shown(await program.precommit())).toBe('failed RECORD_FAILED')
          expect(shown(await program.revert())).toBe('reverted')
          await rm(fill)
          await expectOnly(world, 'old')
          const next = await world.open('run2')
          expect(await preparedWith(next, world)).toBe('ok')
          await fillUp()
          expect(shown(await next.switchOver())).toBe('reverted RECORD_FAILED')
          await rm(fill)
          await expectOnly(world, 'old')
        } finally {
          execFileSync('umount', ['-l', world.stateDir])
        }
      })
    },
  )

  test('a state directory that vanished while the host was switched: said, not guessed', async () => {
    await onHost({}, async world => {
      const program = await world.open()
      await program.toSwitched()
      await rm(world.stateDir, { recursive: true })
      expect(shown(await program.revert())).toBe('failed stuck STATE_DIR')
      expect(shown(await program.renew())).toBe('failed WRONG_PHASE')
      expect(shown(await program.decide())).toBe('refused WRONG_PHASE')
    })
  })

  test('a name of the process with a line break in it', async () => {
    await onHost({}, async world => {
      const child = spawn('dash', ['-c', "printf 'a) S\\nb * c' >/proc/self/comm; read x"], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      await until(async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')).startsWith('a)'))
      await writeFile(world.host.pidFile, `${child.pid}\n`)
      expect(await inspected(world)).toMatch(/^refused (PID_FILE_STALE|EXE_DIFFERS)$/)
      child.kill('SIGKILL')
      expectNoTraces(world)
    })
  })
})

const argsOf = ({ host }: World) => ['-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]

/** nginx under a name of our choice. */
async function startAs(
  world: World,
  argv0: string,
  args = argsOf(world),
  workers = world.workers,
): Promise<void> {
  const child = spawn(world.host.binary, args, { argv0, stdio: 'ignore', cwd: dirname(world.host.binary) })
  await until(() => child.exitCode === 0)
  await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === workers)
}

const escaped = (text: string) => text.replaceAll(/['\\$]/g, char => (char === '$' ? '$' : `\\${char}`))
