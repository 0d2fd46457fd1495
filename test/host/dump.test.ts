/** The awk that reads configurations, with what no binary of the lab can load: stream, mail, Lua. The sockets are our own. */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hostProgram } from '../../src/host/program.ts'

const scratch = mkdtempSync('/tmp/handover-awk-')
const tcp = createServer().listen(0, '127.0.0.1')
const unix = createServer().listen(join(scratch, 'a b.sock'))
const udp = createSocket('udp4').bind(0, '127.0.0.1')
await Promise.all([once(tcp, 'listening'), once(unix, 'listening'), once(udp, 'listening')])
const tcpPort = (tcp.address() as AddressInfo).port
const udpPort = udp.address().port
afterAll(() => {
  for (const one of [tcp, unix, udp]) one.close()
  rmSync(scratch, { recursive: true })
})

const known: readonly [name: string, path: string, words: readonly string[]][] = [
  ['mawk', '/usr/bin/mawk', []],
  ['gawk', '/usr/bin/gawk', []],
  ['busybox', '/usr/bin/busybox', []],
]
const awks = known.filter(([, path]) => existsSync(path))

interface Given {
  /** By name; the first is the main one. */
  readonly files: Readonly<Record<string, string>>
  readonly globals?: string
}

/** The lines of `read_dump`, without those that are always there. */
function read(awk: string, { files, globals = '' }: Given): string[] {
  const tools = mkdtempSync(join(scratch, 'awk-'))
  symlinkSync(awk, join(tools, 'awk'))
  const program = hostProgram().toString()
  const script = [
    program.slice(0, program.lastIndexOf('\nbegin "$@"')),
    `PATH=${tools}:$PATH`,
    `nonce=N om=${process.pid} prefix= arch=$(uname -m) globals='${globals}'`,
    'read_dump',
  ].join('\n')
  const dump = Object.entries(files).map(([name, text]) => `# configuration file ${name}:\n${text}\n\n`)
  const input = [
    // The runner has sockets of its own.
    // A descriptor that is closed meanwhile is a failure to `ls`, and none here.
    ...spawnSync('ls', ['-l', `/proc/${process.pid}/fd`], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(line => inodes.some(inode => line.includes(`[${inode}]`))),
    'N log\nN workers\nN run',
    'nginx version: nginx/1.22.1\nbuilt with OpenSSL\nconfigure arguments: --prefix=/opt/n --pid-path=run/n.pid',
    'nginx: [warn] something\nnginx: configuration file /etc/n/nginx.conf test is successful',
    ...dump,
    'N exit 0\n',
  ].join('\n')
  const ran = spawnSync('dash', ['-c', script], { input, encoding: 'utf8' })
  expect(ran.stderr).toBe('')
  return ran.stdout
    .split('\n')
    .filter(line => !/^(version|build|file|inodes|booted|has|workers)\b|^$/.test(line))
}

const inodes = ['tcp', 'udp', 'unix'].flatMap(name => {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const wanted = { tcp: hex(tcpPort), udp: hex(udpPort), unix: 'a b.sock' }[name] ?? ''
  return readFileSync(`/proc/net/${name}`, 'utf8')
    .split('\n')
    .filter(line => line.includes(wanted) && (name !== 'tcp' || / 0A /.test(line)))
    .map(line => line.trim().split(/\s+/)[name === 'unix' ? 6 : 9] ?? '')
})

const all = `events { }
stream { upstream u { server 127.0.0.1:9; } server { listen 127.0.0.1:${udpPort} udp; proxy_pass u; } }
http { server { listen 'unix:${join(scratch, 'a b.sock')}'; } }
`

describe.each(awks)('%s', (_, awk) => {
  const plain = ['pid /opt/n/run/n.pid', 'started 1']

  test('stream, mail and modules of others have listeners like http', () => {
    const mail = `${all}mail { server { listen 127.0.0.1:${tcpPort}; protocol imap; } }`
    expect(read(awk, { files: { '/etc/n/nginx.conf': mail } })).toEqual(plain)
    const rtmp = `${all}rtmp { server { listen localhost:${tcpPort}; } }`
    expect(read(awk, { files: { '/etc/n/nginx.conf': rtmp } })).toEqual(plain)
  })

  test('what they no longer listen on', () => {
    const [pid, started, ...removed] = read(awk, { files: { '/etc/n/nginx.conf': 'events { }' } })
    expect([pid, started]).toEqual(plain)
    // One order for every host, as text.
    expect(removed).toEqual(
      [
        `removed 127.0.0.1:${tcpPort}`,
        `removed 127.0.0.1:${udpPort} (UDP)`,
        `removed unix:${join(scratch, 'a b.sock')}`,
      ].sort(),
    )
  })

  test('TCP is not UDP', () => {
    const swapped = `stream { server { listen 127.0.0.1:${tcpPort} udp; } }`
    expect(read(awk, { files: { '/etc/n/nginx.conf': all + swapped } })).toEqual([
      ...plain,
      `removed 127.0.0.1:${tcpPort}`,
    ])
  })

  test('includes with a pattern stand where they are included', () => {
    const files = {
      '/etc/n/nginx.conf': `${all}include a[!b-z]?/x.inc;\nhttp { include s/*.conf; }`,
      '/etc/n/aa1/x.inc': 'pid /run/elsewhere.pid;',
      '/etc/n/s/one.conf': 'server { include l; }',
      '/etc/n/s/.two.conf': 'server { listen 1; }',
      '/etc/n/s/d/three.conf': 'server { listen 2; }',
      '/etc/n/l': `listen 127.0.0.1:${tcpPort};`,
    }
    expect(read(awk, { files })).toEqual(['pid /run/elsewhere.pid', 'started 1'])
  })

  test('Lua in braces is passed over; where that goes wrong nothing is judged', () => {
    const lua = (body: string) => ({
      '/etc/n/nginx.conf': `http { server { listen 127.0.0.1:${tcpPort}; content_by_lua_block { ${body} } } }\n${all}`,
    })
    expect(read(awk, { files: lua(`local t = { a = "it's" } -- { } ;`) })).toEqual(plain)
    expect(read(awk, { files: lua('ngx.say("{")') })).toEqual(['unread'])
  })

  test('what -g says counts', () => {
    const text = `${all}http { server { listen 127.0.0.1:${tcpPort}; } }`
    const globals = 'pid /g.pid; worker_processes 3; daemon off;'
    expect(read(awk, { files: { '/etc/n/nginx.conf': text }, globals })).toEqual([
      'daemon_off',
      'pid /g.pid',
      'started 3',
    ])
  })
})
