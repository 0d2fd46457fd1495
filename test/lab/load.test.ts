import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type LoadOptions, startLoad } from '../../src/lab/load.ts'
import { stopNginx } from '../../src/lab/nginx.ts'
import { waitUntil } from '../../src/lab/waiting.ts'
import { hostOf, inLab } from './world.ts'

/** Load against a server of one's own until it has had so many requests. */
async function loadAgainst(answer: RequestListener, count: number, options: LoadOptions = {}) {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const load = startLoad([{ name: 'only', url, bodyPrefix: 'right' }], { concurrency: 1, ...options })
  await waitUntil(() => (load.counters()[0]?.requests ?? 0) >= count, { deadlineMs: 5000, everyMs: 2 })
  const report = await load.stop()
  await new Promise(resolve => server.close(resolve))
  return report
}

test('every request is a connection of its own', async () => {
  const ports = new Set<number | undefined>()
  let asked = 0
  const report = await loadAgainst((request, response) => {
    asked++
    ports.add(request.socket.remotePort)
    response.end('right and more')
  }, 20)
  expect(report).toMatchObject({ requests: asked, failed: 0, firstErrors: [] })
  expect(ports.size).toBe(asked)
})

test('anything but a complete, right 200 is a failure of its own name', async () => {
  let turn = 0
  const report = await loadAgainst(
    (request, response) => {
      const step = turn++ % 5
      if (step === 0) response.end('right')
      else if (step === 1) response.writeHead(503).end('right')
      else if (step === 2) response.end('wrong')
      else if (step === 3) request.socket.destroy()
      else response.writeHead(200, { 'content-length': 100 }).write('right', () => request.socket.destroy())
    },
    10,
    { timeoutMs: 1000 },
  )
  const { byError, requests, failed } = report.targets[0] ?? { byError: {}, requests: 0, failed: 0 }
  expect(Object.keys(byError).sort()).toEqual(['ECONNRESET', 'STATUS_503', 'WRONG_BODY'])
  expect(Object.values(byError).reduce((sum, count) => sum + count, 0)).toBe(failed)
  expect(requests - failed).toBe(Math.ceil(requests / 5))
  expect(report.firstErrors[0]).toMatchObject({ name: 'only', error: 'STATUS_503' })
  expect(Date.parse(report.firstErrors[0]?.at ?? '')).toBeGreaterThan(Date.now() - 60_000)
})

test('a request without an end is given up after the time limit', async () => {
  const report = await loadAgainst((_, response) => response.write('right'), 2, { timeoutMs: 100 })
  expect(report.targets[0]?.byError).toEqual({ TIMEOUT: report.requests })
})

test('load on a real lab: no failure while it is up, refusals on the host that is stopped', async () => {
  await inLab({ hosts: 2 }, async lab => {
    const targets = lab.hosts.map(host => ({
      name: host.name,
      url: `http://127.0.0.1:${host.httpPort}/`,
      bodyPrefix: `${host.name} `,
    }))
    const load = startLoad(targets)
    const reached = (count: number) => () => load.counters().every(one => one.requests >= count)
    expect(await waitUntil(reached(100), { deadlineMs: 10_000 })).toBe(true)
    expect(load.counters().map(one => one.failed)).toEqual([0, 0])
    await stopNginx(hostOf(lab, 1))
    const isRefused = () => (load.counters()[1]?.byError.ECONNREFUSED ?? 0) > 10
    expect(await waitUntil(isRefused, { deadlineMs: 5000 })).toBe(true)
    const report = await load.stop()
    expect(report.targets[0]).toMatchObject({ name: 'h01', failed: 0, byError: {} })
    expect(report.failed).toBe(report.targets[1]?.failed)
    expect(report.firstErrors.every(one => one.name === 'h02')).toBe(true)
    expect(await load.stop()).toEqual(report)
  })
})
