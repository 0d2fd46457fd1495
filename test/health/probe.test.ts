import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { type Footing, type ProbeSpec, probe } from '../../src/health/probe.ts'
import {
  type Answer,
  closedPort,
  cutOff,
  drip,
  endless,
  firstBytes,
  footingTo,
  hang,
  noFooting,
  type Scripted,
  scriptedServer,
  status,
  until,
} from './world.ts'

const servers: Scripted[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})
const serve = async (...answers: Answer[]) => {
  const server = await scriptedServer(...answers)
  servers.push(server)
  return server
}

type Http = Extract<ProbeSpec, { kind: 'http' }>
const http = (url: string, more: Partial<Http> = {}): Http => ({
  kind: 'http',
  url,
  status: 200,
  body: null,
  from: 'controller',
  ...more,
})
const longMs = 10_000

describe('http from the controller', () => {
  it.each<{ story: string; answer: Answer; more?: Partial<Http>; pass: boolean; detail: string | RegExp }>([
    { story: 'the right status', answer: status(200), pass: true, detail: 'status 200' },
    {
      story: 'another status that is asked for',
      answer: status(404),
      more: { status: 404 },
      pass: true,
      detail: 'status 404',
    },
    { story: 'the wrong status', answer: status(503), pass: false, detail: 'status 503, expected 200' },
    {
      story: 'the wrong status with the right text',
      answer: status(500, 'ok'),
      more: { body: 'ok' },
      pass: false,
      detail: 'status 500, expected 200',
    },
    {
      story: 'a redirect, which is not followed',
      answer: response => response.writeHead(302, { location: '/' }).end(),
      pass: false,
      detail: 'status 302, expected 200',
    },
    {
      story: 'the right text',
      answer: status(200, 'all is ok here'),
      more: { body: 'is ok' },
      pass: true,
      detail: 'status 200',
    },
    {
      story: 'the wrong text',
      answer: status(200, '  sorry\n'),
      more: { body: 'ok' },
      pass: false,
      detail: 'the answer does not contain "ok": sorry',
    },
    {
      story: 'a text with letters of several bytes, cut anywhere',
      answer: response => {
        const bytes = Buffer.from('größe: ok')
        response.write(bytes.subarray(0, 3))
        response.end(bytes.subarray(3))
      },
      more: { body: 'größe' },
      pass: true,
      detail: 'status 200',
    },
    {
      story: 'an answer that is cut off',
      answer: cutOff,
      more: { body: 'half' },
      pass: false,
      detail: /aborted|hang up/,
    },
    {
      story: 'a connection that is closed without an answer',
      answer: response => response.destroy(),
      pass: false,
      detail: /hang up|reset/i,
    },
  ])('$story', async ({ answer, more, pass, detail }) => {
    const server = await serve(answer)
    const result = await probe(http(server.url, more), longMs, noFooting)
    expect(result).toEqual({
      pass,
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
    })
    await server.left()
  })

  it('nobody listens', async () => {
    const result = await probe(http(`http://127.0.0.1:${await closedPort()}/`), longMs, noFooting)
    expect(result).toEqual({ pass: false, detail: expect.stringContaining('ECONNREFUSED') })
  })

  it('an address that is none is a failure, not a throw', async () => {
    expect(await probe(http('nonsense'), longMs, noFooting)).toEqual({
      pass: false,
      detail: expect.stringContaining('Invalid URL'),
    })
  })

  it.each([
    ['never answers', hang],
    ['drips for ever', drip],
  ])('a server that %s fails at its time limit, and is let go', async (_, answer) => {
    const server = await serve(answer)
    const result = await probe(http(server.url), 40, noFooting)
    expect(result).toEqual({ pass: false, detail: 'no answer within 40 ms' })
    await server.left()
  })

  it('an endless answer is read up to a bound, fails, and is let go', async () => {
    const server = await serve(endless)
    const result = await probe(http(server.url), longMs, noFooting)
    expect(result.pass).toBe(false)
    expect(result.detail).toBe('the answer is longer than 1048576 bytes')
    expect(result.detail.length).toBeLessThan(250)
    await server.left()
  })

  it('connects anew each time: a kept connection would go on talking to the old worker', async () => {
    const server = await serve(status(200))
    for (let time = 0; time < 3; time++)
      expect((await probe(http(server.url), longMs, noFooting)).pass).toBe(true)
    expect(server.connections()).toBe(3)
  })
})

describe('http from the host', () => {
  it('asks through the host for the address as the host sees it, with its name', async () => {
    const server = await serve(status(200, 'ok'))
    const footing = footingTo(server.port)
    const result = await probe(
      http('http://inside.example:8080/healthz?x=1', { from: 'host', body: 'ok' }),
      longMs,
      footing,
    )
    expect(result).toEqual({ pass: true, detail: 'status 200' })
    expect(footing.asked).toEqual(['inside.example 8080'])
    expect(server.requests[0]?.headers.host).toBe('inside.example:8080')
    expect(server.requests[0]?.url).toBe('/healthz?x=1')
    await server.left()
    expect(footing.streams.map(stream => stream.destroyed)).toEqual([true])
  })

  it.each([
    ['http://inside.example/', 'inside.example 80'],
    ['http://[::1]:8080/', '::1 8080'],
    ['http://127.0.0.1:81/', '127.0.0.1 81'],
  ])('%s is %s', async (url, asked) => {
    const server = await serve(status(200))
    const footing = footingTo(server.port)
    expect((await probe(http(url, { from: 'host' }), longMs, footing)).pass).toBe(true)
    expect(footing.asked).toEqual([asked])
  })

  it.each([
    ['with the name of the server', 'inside.example', true],
    ['without a name where there is only an address', '127.0.0.1', false],
  ])('https speaks TLS through the host, %s', async (_, name, named) => {
    const hello = await firstBytes()
    const footing = footingTo(hello.port)
    const result = await probe(http(`https://${name}/`, { from: 'host' }), longMs, footing)
    expect(result.pass).toBe(false)
    expect(footing.asked).toEqual([`${name} 443`])
    const bytes = await hello.bytes
    // A handshake record, and in it the server name in the clear.
    expect(bytes[0]).toBe(0x16)
    expect(bytes.includes(name)).toBe(named)
    await until(() => footing.streams.every(stream => stream.destroyed))
  })

  it('needs no socket: a channel of an SSH connection is a plain stream', async () => {
    const server = await serve(status(200, 'ok'))
    const inner = footingTo(server.port)
    const tunnel: Footing['tunnel'] = async (host, port) => {
      const socket = await inner.tunnel(host, port)
      return Duplex.from({ readable: socket, writable: socket })
    }
    const result = await probe(
      http('http://inside.example/', { from: 'host', body: 'ok' }),
      longMs,
      footingTo(0, { tunnel }),
    )
    expect(result).toEqual({ pass: true, detail: 'status 200' })
    await server.left()
  })

  it('the wrong status closes the stream too', async () => {
    const server = await serve(status(500, 'x'.repeat(100_000)))
    const footing = footingTo(server.port)
    expect((await probe(http('http://inside.example/', { from: 'host' }), longMs, footing)).pass).toBe(false)
    expect(footing.streams.every(stream => stream.destroyed)).toBe(true)
  })

  it.each([
    ['never answers', hang],
    ['drips for ever', drip],
  ])('a server that %s fails at its time limit, and the stream is closed', async (_, answer) => {
    const server = await serve(answer)
    const footing = footingTo(server.port)
    const result = await probe(http('http://inside.example/', { from: 'host' }), 60, footing)
    expect(result.detail).toBe('no answer within 60 ms')
    await until(() => footing.streams.every(stream => stream.destroyed))
    await server.left()
  })

  it('a tunnel that is refused is the reason', async () => {
    const footing = footingTo(await closedPort())
    const result = await probe(http('http://inside.example/', { from: 'host' }), longMs, footing)
    expect(result).toEqual({ pass: false, detail: expect.stringContaining('ECONNREFUSED') })
  })

  it('a tunnel that opens too late is closed again', async () => {
    const server = await serve(status(200))
    const inner = footingTo(server.port)
    let open: () => void = () => {}
    const late: Footing['tunnel'] = (host, port) =>
      new Promise<Duplex>((resolve, reject) => {
        open = () => inner.tunnel(host, port).then(resolve, reject)
      })
    const result = await probe(
      http('http://inside.example/', { from: 'host' }),
      20,
      footingTo(server.port, { tunnel: late }),
    )
    expect(result.detail).toBe('no answer within 20 ms')
    open()
    await until(() => inner.streams.length === 1 && inner.streams.every(stream => stream.destroyed))
    await server.left()
  })
})

describe('tcp', () => {
  const tcp = (port: number, from: 'controller' | 'host' = 'controller') =>
    ({ kind: 'tcp', host: '127.0.0.1', port, from }) as const

  it('passes when somebody accepts, and hangs up', async () => {
    const server = await serve(hang)
    expect(await probe(tcp(server.port), longMs, noFooting)).toEqual({ pass: true, detail: 'connected' })
    await until(() => server.connections() === 1)
    await server.left()
  })

  it('fails when nobody listens', async () => {
    const result = await probe(tcp(await closedPort()), longMs, noFooting)
    expect(result).toEqual({ pass: false, detail: expect.stringContaining('ECONNREFUSED') })
  })

  it('goes through the host when it is asked from there, and hangs up', async () => {
    const server = await serve(hang)
    const footing = footingTo(server.port)
    expect(await probe(tcp(7, 'host'), longMs, footing)).toEqual({ pass: true, detail: 'connected' })
    expect(footing.asked).toEqual(['127.0.0.1 7'])
    await server.left()
  })

  it('fails when the host is refused', async () => {
    const result = await probe(tcp(7, 'host'), longMs, footingTo(await closedPort()))
    expect(result.pass).toBe(false)
  })

  it('fails at its time limit when the host does not say', async () => {
    const never = footingTo(0, { tunnel: () => new Promise(() => {}) })
    expect(await probe(tcp(7, 'host'), 20, never)).toEqual({ pass: false, detail: 'no answer within 20 ms' })
  })
})

describe('a command on the controller', () => {
  const command = (...run: string[]) => ({ kind: 'command', run, from: 'controller' }) as const

  it.each([
    [command('true'), true, 'exit code 0'],
    [command('sh', '-c', 'echo fine'), true, 'exit code 0: fine'],
    [command('sh', '-c', 'echo one; echo two >&2; exit 3'), false, 'exit code 3: one\ntwo'],
    [command('printf', '%s', '$(id); `id` "'), true, 'exit code 0: $(id); `id` "'],
    [command('sh', '-c', 'kill -9 $$'), false, 'exit code 1: ended by SIGKILL'],
    [command('/no/such/program'), false, 'exit code 1: spawn /no/such/program ENOENT'],
  ])('%j: %s, %s', async (spec, pass, detail) => {
    expect(await probe(spec, longMs, noFooting)).toEqual({ pass, detail })
  })

  it('that prints without end is killed and fails, and what is shown of it is short', async () => {
    const result = await probe(command('yes', 'x'.repeat(1000)), longMs, noFooting)
    expect(result.pass).toBe(false)
    expect(result.detail).toMatch(/^exit code 1: ended by SIGKILL x+ \[\d+ left out\]/)
    expect(result.detail.length).toBeLessThan(250)
  })

  it.each([
    ['that takes too long is killed', ''],
    ['that takes too long and is deaf to TERM is killed too', "trap '' TERM; "],
  ])('%s', async (_, first) => {
    const dir = mkdtempSync(join(tmpdir(), 'handover-probe-'))
    const file = join(dir, 'pid')
    let pid = 0
    try {
      const result = await probe(
        command('sh', '-c', `${first}echo $$ > '${file}'; exec sleep 600`),
        300,
        noFooting,
      )
      expect(result).toEqual({ pass: false, detail: 'no answer within 300 ms' })
      pid = Number(readFileSync(file, 'utf8'))
      await until(() => !isRunning(pid))
    } finally {
      if (pid && isRunning(pid)) process.kill(pid, 'SIGKILL')
      rmSync(dir, { recursive: true })
    }
  })
})

describe('a command on the host', () => {
  const spec = { kind: 'command', run: ['/usr/bin/check', 'a b'], from: 'host' } as const

  it('is passed on as it is, with its time limit', async () => {
    const footing = footingTo(0)
    expect(await probe(spec, 1234, footing)).toEqual({ pass: true, detail: 'exit code 0: fine' })
    expect(footing.asked).toEqual(['/usr/bin/check a b within 1234'])
  })

  it('fails with its exit code and what it said, cut to a bound', async () => {
    const footing = footingTo(0, { command: async () => ({ exitCode: 7, output: 'y'.repeat(10_000) }) })
    const result = await probe(spec, longMs, footing)
    expect(result.pass).toBe(false)
    expect(result.detail).toMatch(/^exit code 7: y+ \[\d+ left out\] y+$/)
    expect(result.detail.length).toBeLessThan(250)
  })

  it.each<[string, Footing['command'], string]>([
    [
      'cannot be asked',
      () => Promise.reject(new Error('the connection was lost')),
      'the connection was lost',
    ],
    ['does not say', () => new Promise(() => {}), 'no answer within 20 ms'],
  ])('fails when the host %s', async (_, ask, detail) => {
    expect(await probe(spec, 20, footingTo(0, { command: ask }))).toEqual({ pass: false, detail })
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
