/** What the machine and its processes keep a host out for, each provoked for real; mounts are made for the program alone. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/host/frame.ts'
import { readProcess } from '../../src/lab/process.ts'
import {
  mastersOf,
  onHost,
  type ProgramOptions,
  replaceBinary,
  shown,
  snapshot,
  until,
  type World,
} from './world.ts'

const isRoot = process.getuid?.() === 0

/** Refusals as `CODE:DETAIL`, and nothing on the host is another than before. */
async function refused(world: World, options: ProgramOptions = {}): Promise<string[]> {
  const program = await world.open('run1', options)
  const before = await snapshot(world)
  const answer = await program.inspect()
  expect(await snapshot(world)).toEqual(before)
  return said(world, answer)
}

function said({ host }: World, { fields }: Answer, key = 'refusal'): string[] {
  return (fields.get(key) ?? []).map(text => text.replaceAll(host.root, 'ROOT'))
}

/** The program with mounts that only it sees. */
const mounts = (script: string): ProgramOptions => ({
  wrap: ['unshare', '-m', '--propagation', 'private', 'sh', '-ec', `${script}; exec "$@"`, '-'],
})

const argv = ({ host }: World) => [host.binary, '-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]

async function ends(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill('SIGKILL')
  await over
}

describe.skipIf(!isRoot)('containers and supervisors', () => {
  /** nginx in namespaces of its own, and a shell there that keeps them. */
  async function inNamespaces(world: World, flags: string[], then: string): Promise<ChildProcess> {
    const script = `"$@"; ${then}; exec sleep 600`
    const child = spawn('unshare', [...flags, 'sh', '-c', script, '-', ...argv(world)], { stdio: 'ignore' })
    await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 2)
    return child
  }

  test('process ids of its own', async () => {
    await onHost({ isStarted: false }, async world => {
      const child = await inNamespaces(world, ['-p', '-f', '--kill-child'], 'true')
      try {
        const { pid } = world.master('old')
        await writeFile(world.host.pidFile, `${pid}\n`)
        expect(await refused(world)).toEqual([`IN_CONTAINER:${pid}`])
      } finally {
        await ends(child)
      }
    })
  })

  test('another file at the path', async () => {
    await onHost({ isStarted: false }, async world => {
      const { binary } = world.host
      const other = world.binaries.newer.path
      const child = await inNamespaces(
        world,
        ['-m', '--propagation', 'private'],
        `mount --bind ${other} ${binary}`,
      )
      try {
        const { pid } = world.master('old')
        await until(() =>
          readFile(`/proc/${pid}/mountinfo`, 'utf8').then(text => text.includes(` ${binary} `)),
        )
        expect(await refused(world)).toEqual([`IN_CONTAINER:${pid}`])
      } finally {
        await ends(child)
      }
    })
  })

  test('mounts of its own and the same files: let in, unless its pid file is on one that is read-only', async () => {
    await onHost({ isStarted: false }, async world => {
      const run = join(world.host.root, 'run')
      const go = join(world.host.root, 'go')
      const lock = `until [ -e ${go} ]; do sleep 0.01; done; mount -o remount,bind,ro ${run}; mv ${go} ${go}ne`
      const script = `mount --bind ${run} ${run}; "$@"; ${lock}; exec sleep 600`
      const flags = ['-m', '--propagation', 'private', 'sh', '-c', script, '-', ...argv(world)]
      const child = spawn('unshare', flags, { stdio: 'ignore' })
      try {
        await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 2)
        expect(await refused(world)).toEqual([])
        await writeFile(go, '')
        await until(() =>
          readFile(`${go}ne`).then(
            () => true,
            () => false,
          ),
        )
        const [first = ''] = await refused(world)
        expect(first).toMatch(/^PID_FILE_FIXED:ROOT\/run is (not writable|mounted read-only)$/)
      } finally {
        await ends(child)
      }
    })
  })

  test('a supervisor, by its name', async () => {
    await onHost({ isStarted: false }, async world => {
      // What tells it is the name of the process alone; few machines have the real one.
      const runsv = join(world.host.root, 'home/runsv')
      await copyFile('/bin/dash', runsv)
      await chmod(runsv, 0o755)
      const script = '"$@" -g "daemon off;" & read end'
      const child = spawn(runsv, ['-c', script, '-', ...argv(world)], { stdio: ['pipe', 'ignore', 'ignore'] })
      try {
        await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 2)
        expect(await refused(world)).toEqual(['SUPERVISED:runsv', expect.stringMatching(/^DAEMON_OFF:/)])
      } finally {
        await ends(child)
      }
    })
  })
})

describe('masters and workers', () => {
  test('an older master that lives, and stands in no .oldbin any more', async () => {
    await onHost({}, async world => {
      const { pid } = world.master('old')
      await replaceBinary(world.host, world.binaries.newer.path)
      process.kill(pid, 'SIGUSR2')
      await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 4)
      await until(async () => (await readFile(world.host.pidFile, 'utf8').catch(() => '')) !== '')
      await rm(`${world.host.pidFile}.oldbin`)
      expect(await refused(world)).toEqual([`UPGRADE_UNFINISHED:${pid}`])
    })
  })

  test('T2: an upgrade that could not rename the pid file; the alert of an earlier process is none', async () => {
    await onHost({}, async world => {
      const { pid } = world.master('old')
      const log = () => readFile(world.host.errorLog, 'utf8')
      const alert = 'rename() "a" to "b" failed (2: No such file) before executing new binary process "x"'
      await appendFile(world.host.errorLog, `2001/02/03 04:05:06 [alert] ${pid}#${pid}: ${alert}\n`)
      expect(await refused(world)).toEqual([])
      await rm(world.host.pidFile)
      process.kill(pid, 'SIGUSR2')
      await until(async () => (await log()).split('before executing new binary process').length === 3)
      await writeFile(world.host.pidFile, `${pid}\n`)
      expect(await refused(world)).toEqual([
        expect.stringMatching(/^UPGRADE_JAMMED:\d{4}\/\d\d\/\d\d [\d:]{8}$/),
      ])
    })
  })

  test('T1: workers of a binary that is gone, on our sockets', async () => {
    await onHost({}, async world => {
      const old = world.master('old')
      await replaceBinary(world.host, world.binaries.newer.path)
      const titled = (title: string, ppid: number) =>
        world.processes().filter(one => one.title === title && one.ppid === ppid).length
      process.kill(old.pid, 'SIGUSR2')
      await until(() => mastersOf(world.processes()).length === 2)
      await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 4)
      process.kill(old.pid, 'SIGWINCH')
      await until(() => titled('nginx: worker process', old.pid) === 0)
      process.kill(old.pid, 'SIGHUP')
      await until(() => titled('nginx: worker process', old.pid) === 2)
      process.kill(old.pid, 'SIGQUIT')
      await until(() => readProcess(old.pid) === undefined)
      const [master] = mastersOf(world.processes())
      const orphans = world
        .processes()
        .filter(one => one.title === 'nginx: worker process' && one.ppid !== master?.pid)
        .map(one => one.pid)
        .toSorted((a, b) => String(a).localeCompare(String(b)))
      expect(orphans).toHaveLength(2)
      expect(await refused(world)).toEqual([`ORPHAN_WORKERS:${orphans.join(' ')}`])
    })
  })

  test.skipIf(!isRoot)('a master that may not be signalled', async () => {
    await onHost({ isStarted: false }, async world => {
      const { host } = world
      for (let dir = host.root; dir !== '/tmp'; dir = dirname(dir)) await chmod(dir, 0o755)
      execFileSync('chown', ['-R', '65534:65534', host.root])
      const [file = '', ...args] = argv(world)
      execFileSync(file, args, { uid: 65534, gid: 65534, stdio: 'ignore' })
      await until(() => world.processes().length === 3)
      await until(() => world.workersOf(world.master('old')).length === 2)
      const { pid } = world.master('old')
      const wrap = ['setpriv', '--bounding-set', '-kill', '--inh-caps', '-kill']
      expect(await refused(world)).toEqual([])
      expect(await refused(world, { wrap })).toEqual([`SIGNAL_DENIED:${pid}`])
    })
  })
})

describe.skipIf(!isRoot)('marked, mounted, full', () => {
  const marked: readonly [what: string, flag: string, file: (world: World) => string, said: string[]][] = [
    ['the binary', 'i', ({ host }) => host.binary, ['PATH_IMMUTABLE:ROOT/usr/sbin/nginx']],
    ['the binary, append-only', 'a', ({ host }) => host.binary, ['PATH_IMMUTABLE:ROOT/usr/sbin/nginx']],
    ['its directory', 'i', ({ host }) => dirname(host.binary), ['PATH_IMMUTABLE:ROOT/usr/sbin']],
    [
      'the directory of the pid file (T2)',
      'i',
      ({ host }) => dirname(host.pidFile),
      ['PID_FILE_FIXED:ROOT/run is marked immutable or append-only'],
    ],
    [
      'the pid file',
      'i',
      ({ host }) => host.pidFile,
      ['PID_FILE_FIXED:ROOT/run/nginx.pid is marked immutable or append-only'],
    ],
  ]
  test.each(marked)('immutable: %s', async (_, flag, file, wanted) => {
    await onHost({}, async world => {
      execFileSync('chattr', [`+${flag}`, file(world)])
      try {
        const all = await refused(world)
        // Of what is immutable some shells also say that it cannot be written.
        expect(all.filter(text => !/DIRECTORY_NOT_WRITABLE|is not writable/.test(text))).toEqual(wanted)
      } finally {
        execFileSync('chattr', [`-${flag}`, file(world)])
      }
    })
  })

  test('a directory that is mounted read-only', async () => {
    await onHost({}, async world => {
      const dir = dirname(world.host.binary)
      const script = `mount --bind ${dir} ${dir}; mount -o remount,bind,ro ${dir}`
      expect(await refused(world, mounts(script))).toEqual(['DIRECTORY_NOT_WRITABLE:ROOT/usr/sbin'])
    })
  })

  test('noexec where the binary is', async () => {
    await onHost({}, async world => {
      const dir = dirname(world.host.binary)
      const script = `mount --bind '${dir}' '${dir}'; mount -o remount,bind,noexec '${dir}'`
      expect(await refused(world, mounts(script))).toEqual(['NO_EXEC:ROOT/usr/sbin'])
    })
  })

  const small: readonly [what: string, options: string, said: RegExp][] = [
    ['no room', 'size=1m', /^DISK_FULL:ROOT\/state has \d+ KiB free, \d+ are needed$/],
    ['no inodes', 'size=64m,nr_inodes=10', /^DISK_FULL:ROOT\/state has \d inodes free, 16 are needed$/],
  ]
  test.each(small)('%s', async (_, options, wanted) => {
    await onHost({}, async world => {
      await mkdir(world.stateDir, { mode: 0o700 })
      const script = `mount -t tmpfs -o mode=0700,${options} tmpfs ${world.stateDir}`
      expect(await refused(world, mounts(script))).toEqual([expect.stringMatching(wanted)])
    })
  })

  test('less memory than two sets of processes need', async () => {
    await onHost({}, async world => {
      const fake = join(world.host.root, 'home/meminfo')
      await writeFile(fake, 'MemTotal: 900000 kB\nMemAvailable: 1000 kB\n')
      const [one = '', ...more] = await refused(world, mounts(`mount --bind ${fake} /proc/meminfo`))
      expect(more).toEqual([])
      const [, held = ''] = /^MEMORY_SHORT:1000 KiB are available, the daemon holds (\d+)$/.exec(one) ?? []
      // Three small processes: some MiB, and what they share is not counted three times.
      expect(Number(held)).toBeGreaterThan(1000)
      expect(Number(held)).toBeLessThan(60_000)
    })
  })

  test('a package manager at work; its lock file alone is none', async () => {
    await onHost({}, async world => {
      const dir = join(world.host.root, 'home/dpkg')
      const file = join(dir, 'lock-frontend')
      await mkdir(dir)
      await writeFile(file, '')
      const private_ = mounts(`mount --bind ${dir} /var/lib/dpkg`)
      expect(await refused(world, private_)).toEqual([])
      // As dpkg does: fcntl, for writing, the whole file.
      const lock = `use Fcntl; open F, '+<', $ARGV[0]; my $l = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $l) or die; $| = 1; print "held"; sleep 600`
      const child = spawn('perl', ['-e', lock, file], { stdio: ['ignore', 'pipe', 'inherit'] })
      try {
        await once(child.stdout, 'data')
        expect(await refused(world, private_)).toEqual([
          `PACKAGE_MANAGER:perl, process ${child.pid}, holds /var/lib/dpkg/lock-frontend`,
        ])
      } finally {
        await ends(child)
      }
    })
  })
})

describe('worth knowing', () => {
  test('what is noted of a host that is let in', async () => {
    await onHost({}, async world => {
      await writeFile(`${world.host.pidFile}.oldbin`, '4194303\n')
      const program = await world.open()
      const answer = await program.inspect()
      expect(shown(answer)).toBe('ok')
      expect(said(world, answer, 'note')).toEqual([
        'DRAIN_UNBOUNDED:',
        'STALE_OLDBIN:ROOT/run/nginx.pid.oldbin',
      ])
    })
  })

  test('an exchange by link is one', async () => {
    await onHost({}, async world => {
      const tools = join(world.host.root, 't')
      await mkdir(tools)
      for (const dir of ['/bin', '/usr/bin']) {
        const script = `for f in ${dir}/*; do case $f in */exch|*/perl*|*/python3*) ;; *) [ -e "$2/\${f##*/}" ] || ln -s "$f" "$2/";; esac; done`
        execFileSync('sh', ['-c', script, '-', dir, tools])
      }
      const short = join('/tmp', `ho-${process.pid}`)
      await symlink(tools, short)
      try {
        const program = await world.open('run1', { path: short })
        const answer = await program.inspect()
        expect(said(world, answer, 'note')).toContain('EXCHANGE_LINK:')
      } finally {
        await rm(short)
      }
    })
  })
})
