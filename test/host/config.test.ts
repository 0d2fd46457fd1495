/** Would a new master with the configuration on disk take over everything that this one holds? */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { chmod, copyFile, mkdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/host/frame.ts'
import type { LabHost } from '../../src/lab/lab.ts'
import type { LabBinaries } from '../../src/lab/packages.ts'
import { findFreePorts } from '../../src/lab/ports.ts'
import { expectOnly, onHost, type ProgramOptions, shown, snapshot, until, type World } from './world.ts'

const ports = await findFreePorts(4)
const [p1 = 0, p2 = 0, p3 = 0, p4 = 0] = ports

async function edit(host: LabHost, change: (text: string) => string): Promise<void> {
  const before = await readFile(host.config, 'utf8')
  const after = change(before)
  expect(after).not.toBe(before)
  await writeFile(host.config, after)
}

/** Another line at the top of the configuration, or in its http block. */
const onTop = (line: string) => (text: string) => `${line}\n${text}`
const inHttp = (lines: string) => (text: string) => text.replace('http {', `http {\n${lines}`)
const listens = (lines: string) => (text: string) => text.replace(/listen [^;]+;/, lines)

async function inspected(world: World, options: ProgramOptions = {}): Promise<Answer> {
  const program = await world.open('run1', options)
  const before = await snapshot(world)
  const answer = await program.inspect()
  expect(await snapshot(world)).toEqual(before)
  return answer
}

/** `CODE:DETAIL` with what differs from host to host shortened. */
function said({ host }: World, { fields }: Answer, key = 'refusal'): string[] {
  return (fields.get(key) ?? []).map(text => text.replaceAll(host.root, 'ROOT'))
}

describe('refused, although nginx -t passes', () => {
  type Story = readonly [
    name: string,
    before: (text: string, host: LabHost) => string,
    after: (text: string, host: LabHost) => string,
    said: (port: number) => string[],
  ]
  const same = (text: string) => text
  const stories: Story[] = [
    [
      'R5: a working directory that does not exist',
      same,
      onTop('working_directory /nonexistent/cores;'),
      () => ['WORKING_DIRECTORY_MISSING:/nonexistent/cores'],
    ],
    ['R18: daemon off', same, onTop('daemon off; # since it was started'), () => ['DAEMON_OFF:']],
    [
      'R20: a listener that is gone',
      listens(`listen 127.0.0.1:HTTP; listen 127.0.0.1:${p1}; listen [::1]:${p1};`),
      listens('listen 127.0.0.1:HTTP;'),
      () => [`LISTENER_REMOVED:127.0.0.1:${p1}, [0000:0000:0000:0000:0000:0000:0000:0001]:${p1}`],
    ],
    [
      'R19: a unix socket that is gone',
      (text, host) => inHttp(`server { listen 'unix:${host.root}/run/a b.sock'; }`)(text),
      same,
      () => ['LISTENER_REMOVED:unix:ROOT/run/a b.sock'],
    ],
    [
      'R21: fewer workers for sockets of their own',
      text =>
        onTop('')(listens(`listen 127.0.0.1:HTTP reuseport;`)(text)).replace(
          'worker_processes 2',
          'worker_processes 3',
        ),
      listens(`listen 127.0.0.1:HTTP reuseport;`),
      port => [
        `REUSEPORT_SHRINKS:127.0.0.1:${port} has 3 sockets, and would have 2`,
        'WORKERS_DIFFER:2, while 3 run',
      ],
    ],
    [
      'reuseport taken away',
      listens(`listen 127.0.0.1:HTTP reuseport;`),
      same,
      port => [`REUSEPORT_SHRINKS:127.0.0.1:${port} has 2 sockets, and would have 1`],
    ],
    [
      'more workers',
      same,
      text => text.replace('worker_processes 2', 'worker_processes 5'),
      () => ['WORKERS_DIFFER:5, while 2 run'],
    ],
    [
      'an address in place of the wildcard: nginx holds the port itself',
      listens('listen HTTP;'),
      listens('listen 127.0.0.1:HTTP;'),
      port => [
        `LISTENER_REMOVED:*:${port}`,
        `LISTENER_TAKEN:127.0.0.1:${port}, while this nginx holds *:${port}`,
      ],
    ],
    [
      'the wildcard in place of an address',
      same,
      listens('listen HTTP;'),
      port => [
        `LISTENER_REMOVED:127.0.0.1:${port}`,
        `LISTENER_TAKEN:*:${port}, while this nginx holds 127.0.0.1:${port}`,
      ],
    ],
    [
      'a server without listen, added',
      same,
      inHttp('server { return 204; }'),
      () => ['LISTENER_TAKEN:*:80, while another process holds *:80'],
    ],
    [
      'R22: a pid file elsewhere, below the prefix',
      same,
      text => text.replace(/pid [^;]+;/, 'pid "other.pid";'),
      () => ['PID_PATH_DIFFERS:ROOT/other.pid'],
    ],
  ]

  test.each(stories)('%s', async (_, before, after, wanted) => {
    let original = ''
    const arrange = async (host: LabHost) => {
      original = await readFile(host.config, 'utf8')
      await writeFile(host.config, before(original, host).replaceAll('HTTP', String(host.httpPort)))
    }
    const workers = _.includes('fewer') ? 3 : 2
    const others = _.includes('without listen')
      ? await holder(80, '0.0.0.0').catch(() => undefined)
      : undefined
    try {
      await onHost({ arrange, workers: 2 }, async world => {
        const { host } = world
        await until(() => world.workersOf(world.master('old')).length === workers)
        await writeFile(host.config, after(original, host).replaceAll('HTTP', String(host.httpPort)))
        const answer = await inspected(world, { allow: 'config' })
        expect(said(world, answer).toSorted()).toEqual(wanted(host.httpPort).toSorted())
      })
    } finally {
      await others?.()
    }
  })

  test('R4: a port that another process has', async () => {
    const free = await holder(p2, '127.0.0.1')
    try {
      await onHost({}, async world => {
        await edit(world.host, inHttp(`server { listen ${p2}; listen 127.0.0.1:${p3}; }`))
        expect(said(world, await inspected(world, { allow: 'config' }))).toEqual([
          `LISTENER_TAKEN:*:${p2}, while another process holds 127.0.0.1:${p2}`,
        ])
      })
    } finally {
      await free()
    }
  })

  test('R4: a unix socket that a dead process left behind', async () => {
    await onHost({}, async world => {
      const path = `${world.host.root}/run/left.sock`
      const leave =
        "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))"
      spawnSync(process.execPath, ['-e', leave, path])
      await edit(world.host, inHttp(`server { listen unix:${path}; }`))
      expect(said(world, await inspected(world, { allow: 'config' }))).toEqual([
        'LISTENER_TAKEN:unix:ROOT/run/left.sock, where a file is',
      ])
    })
  })

  test('a configuration that the running binary refuses, and why', async () => {
    await onHost({}, async world => {
      await edit(world.host, onTop('no_such_directive on;'))
      expect(said(world, await inspected(world))).toEqual([
        'CONFIG_BROKEN:nginx: [emerg] unknown directive "no_such_directive" in ROOT/etc/nginx/nginx.conf:1',
      ])
    })
  })
})

describe('edited since it was loaded', () => {
  const age = async (file: string, seconds: number) => {
    const at = new Date(Date.now() + seconds * 1000)
    await utimes(file, at, at)
  }

  test('refused with the names of the files; allowed, it is a note', async () => {
    const arrange = async (host: LabHost) => {
      await mkdir(join(host.root, 'etc/nginx/parts'))
      await writeFile(join(host.root, 'etc/nginx/parts/a b.conf'), '# nothing\n')
      await edit(host, inHttp('include parts/*.conf;'))
    }
    await onHost({ arrange }, async world => {
      expect(shown(await inspected(world))).toBe('ok')
      await age(join(world.host.root, 'etc/nginx/parts/a b.conf'), 10)
      expect(said(world, await inspected(world))).toEqual(['CONFIG_CHANGED:ROOT/etc/nginx/parts/a b.conf'])
      const allowed = await inspected(world, { allow: 'build,config' })
      expect(shown(allowed)).toBe('ok')
      expect(said(world, allowed, 'note')).toContain('CONFIG_CHANGED:ROOT/etc/nginx/parts/a b.conf')
      // Reloaded, it is what runs.
      await age(join(world.host.root, 'etc/nginx/parts/a b.conf'), 0)
      const before = world.workersOf(world.master('old')).map(one => one.pid)
      process.kill(world.master('old').pid, 'SIGHUP')
      await until(() => {
        const now = world.processes().filter(one => one.title.startsWith('nginx: worker'))
        return now.length === 2 && now.every(one => !before.includes(one.pid))
      })
      expect(shown(await inspected(world))).toBe('ok')
    })
  })
})

describe('let in', () => {
  type Sane = readonly [name: string, change: (text: string, host: LabHost) => string]
  const sane: Sane[] = [
    ['a wildcard', listens('listen HTTP;')],
    [
      'a star, and addresses that it covers',
      listens('listen *:HTTP; listen 127.0.0.1:HTTP; listen 127.0.0.2:HTTP;'),
    ],
    ['both families', listens('listen HTTP default_server; listen [::]:HTTP;')],
    [
      'an IPv6 address and one of both families at once',
      listens(`listen 127.0.0.1:HTTP; listen [::1]:${p1}; listen [::]:${p2} ipv6only=off;`),
    ],
    [
      'IPv6 with a wildcard over it',
      listens(`listen 127.0.0.1:HTTP; listen [::1]:${p1}; listen [::]:${p1};`),
    ],
    ['a name', listens(`listen localhost:HTTP; listen localhost:${p1};`)],
    ['an option of the socket', listens('listen 127.0.0.1:HTTP backlog=100 so_keepalive=on deferred;')],
    ['reuseport', listens('listen 127.0.0.1:HTTP reuseport;')],
    ['a range of ports', listens(`listen 127.0.0.1:HTTP; listen 127.99.1.1:${p1}-${p1 + 3};`)],
    [
      'unix sockets',
      (text, host) =>
        inHttp(`server { listen unix:${host.root}/run/n.sock; listen "unix:${host.root}/run/a b.sock"; }`)(
          text,
        ),
    ],
    [
      'servers in what is included, with and without a pattern',
      (text, host) =>
        text
          .replace(
            /( {2}server \{[\s\S]*)\}\n$/,
            'include sites/*.conf; include "sites/[!x]ne/../last";\n}\n',
          )
          .replace('http {', `# } " ' {\nhttp { # ${host.name} {`),
    ],
    [
      'quotes, escapes and braces where they mean nothing',
      inHttp(
        `log_format odd '{"a\\'}": "$uri"}' "{ \\" ;"; map $uri $odd { default "}"; "~^/a{2};$" '{'; } # it's { odd\n server { listen 127.0.0.1:${p1}; location ~ "^/x{1,3}$" { return 200 "\${host}}{;'"; } if ($uri = /\\{) { return 404; } }`,
      ),
    ],
    [
      'a name that reads like a listener elsewhere',
      inHttp(`map $host $listen { listen ${p4}; default 1; } upstream u { server 127.0.0.1:${p4}; }`),
    ],
    ['worker_processes auto', text => text.replace('worker_processes 2', 'worker_processes auto')],
    ['a working directory', (text, host) => onTop(`working_directory ${host.root};`)(text)],
    [
      'a pid file through a link',
      (text, host) => text.replace(`${host.root}/run/nginx.pid`, 'link/nginx.pid'),
    ],
  ]
  const arrange = (change: Sane[1]) => async (host: LabHost) => {
    const text = await readFile(host.config, 'utf8')
    const changed = change(text, host).replaceAll('HTTP', String(host.httpPort))
    expect(changed).not.toBe(text)
    await writeFile(host.config, changed)
    await symlink('run', join(host.root, 'link'))
    const sites = join(host.root, 'etc/nginx/sites')
    await mkdir(join(sites, 'one'), { recursive: true })
    const [server = ''] = / {2}server \{[\s\S]*\n {2}\}\n/.exec(text) ?? []
    await writeFile(join(sites, 'a.conf'), `${server}\nserver {\n include sites/listen.inc;\n}\n`)
    await writeFile(join(sites, 'listen.inc'), `listen 127.0.0.1:${p1};`)
    await writeFile(join(sites, 'last'), `server { listen 127.0.0.1:${p2};}`)
    await writeFile(join(sites, '.hidden.conf'), 'server { listen 1; }')
  }

  test.each(sane)('%s', async (name, change) => {
    const workers = name.includes('auto') ? cpus().length : 2
    await onHost({ arrange: arrange(change), workers: 2 }, async world => {
      await until(() => world.workersOf(world.master('old')).length === workers)
      for (const shell of ['dash', 'busybox sh'] as const) {
        const program = await world.open(`run-${shell[0]}`, { shell })
        const answer = await program.inspect()
        expect([...said(world, answer), ...said(world, answer, 'note')]).toEqual(['DRAIN_UNBOUNDED:'])
      }
    })
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a master of another user that may bind low ports: asked as that user',
    async () => {
      await onHost({ isStarted: false }, async world => {
        const { host } = world
        for (let dir = host.root; dir !== '/tmp'; dir = dirname(dir)) await chmod(dir, 0o755)
        execFileSync('chown', ['-R', '65534:65534', host.root])
        await edit(host, inHttp('server { listen 127.0.0.1:1019; }'))
        const ids = ['--reuid', '65534', '--regid', '65534', '--groups', '65533']
        const caps = ['--inh-caps', '+net_bind_service', '--ambient-caps', '+net_bind_service']
        const args = [host.binary, '-c', host.config, '-p', `${host.root}/`, '-e', host.errorLog]
        execFileSync('setpriv', [...ids, ...caps, ...args], { stdio: 'ignore' })
        await until(() => world.processes().filter(one => one.title === 'nginx: worker process').length === 2)
        expect(said(world, await inspected(world))).toEqual([])
        // Tried out as root it would take the temp directories away from its workers.
        const tools = mkdtempSync('/tmp/hb-')
        for (const name of readdirSync('/usr/bin').filter(one => one !== 'setpriv')) {
          symlinkSync(join('/usr/bin', name), join(tools, name))
        }
        const program = await world.open('run2', { path: tools })
        const answer = await program.inspect()
        rmSync(tools, { recursive: true })
        expect([shown(answer), said(world, answer).join()]).toEqual([
          'refused USER_DIFFERS',
          'USER_DIFFERS:uid 65534',
        ])
      })
    },
  )

  test('QUIC', async () => {
    const arranged = async (host: LabHost, binaries: LabBinaries) => {
      await copyFile(binaries.newer.path, `${host.binary}.new`)
      await rename(`${host.binary}.new`, host.binary)
      const key = join(host.root, 'etc/nginx/key')
      const args = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=x',
        '-keyout',
        key,
        '-out',
        `${key}.pem`,
      ]
      execFileSync('openssl', args, { stdio: 'ignore' })
      await edit(
        host,
        inHttp(
          `server { listen 127.0.0.1:${p1} quic reuseport; listen 127.0.0.1:${p1} ssl; ssl_certificate ${key}.pem; ssl_certificate_key ${key}; }`,
        ),
      )
    }
    await onHost({ arrange: arranged }, async world => {
      expect(said(world, await inspected(world))).toEqual([])
      await edit(world.host, text => text.replace(/listen \S+ quic reuseport;/, ''))
      expect(said(world, await inspected(world))).toEqual([`LISTENER_REMOVED:127.0.0.1:${p1} (UDP)`])
    })
  })

  test('the whole transaction with every kind of listener', async () => {
    const change = (text: string, host: LabHost) =>
      listens(`listen HTTP reuseport; listen [::]:HTTP; listen unix:${host.root}/run/n.sock;`)(text)
    await onHost({ arrange: arrange(change) }, async world => {
      const program = await world.open()
      await program.toPrecommitted()
      expect(shown(await program.revert())).toBe('reverted')
      await expectOnly(world, 'old')
    })
  })
})

/** A process that listens there. */
async function holder(port: number, address: string): Promise<() => Promise<void>> {
  const server = createServer().listen(port, address)
  await once(server, 'listening')
  return () => new Promise(done => server.close(() => done()))
}
