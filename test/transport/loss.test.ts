import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { faultOf } from './faults.ts'
import { firstData, type Opener, opener, run } from './opener.ts'
import { kill, type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let host: Opener

beforeAll(async () => {
  sshd = await startSshd()
  host = opener(sshd)
})
afterEach(() => host.closeAll())
afterAll(() => sshd.stop())

describe('a lost connection', () => {
  it('leaves the outcome of a command unknown', async () => {
    const connection = await host.open()
    const channel = await connection.exec('echo begun; exec cat')
    await firstData(channel)
    for (const pid of sshd.sessionPids()) kill(pid)
    expect(await channel.closed).toEqual({ stderrTail: '' })
    expect(await connection.lost).toMatchObject({ code: 'SSH_LOST', host: 'edge1' })
    expect(connection.isOpen()).toBe(false)
    expect(await faultOf(channel.write('late'))).toMatchObject({ code: 'SSH_LOST' })
    expect(await faultOf(connection.exec('true'))).toMatchObject({ code: 'SSH_LOST' })
    expect(await faultOf(connection.openTunnel('127.0.0.1', 1))).toMatchObject({ code: 'SSH_LOST' })
  })

  it('makes an exit code worthless when output may be missing', async () => {
    const connection = await host.open()
    const channel = await connection.exec('sleep 60 & echo $$ $!; exit 3')
    const [shell, child] = (await firstData(channel)).toString().split(' ').map(Number)
    // Once sshd has buried the shell, it has sent the exit code ahead of anything it says afterwards.
    await run(connection, `while kill -0 ${shell} 2>/dev/null; do sleep 0.01; done`)
    for (const pid of sshd.sessionPids()) kill(pid)
    kill(Number(child))
    expect(await channel.closed).toEqual({ stderrTail: '' })
  })

  it('ends a command whose listener still holds its output back', async () => {
    const { proxy, connection } = await host.openThroughProxy()
    const channel = await connection.exec('cat /dev/zero')
    await new Promise<void>(resolve => {
      channel.onData(() => {
        resolve()
        return new Promise(() => {})
      })
    })
    proxy.cut()
    expect(await channel.closed).toEqual({ stderrTail: '' })
  })

  it('fails what was being written', async () => {
    const { proxy, connection } = await host.openThroughProxy()
    const channel = await connection.exec('echo $$; exec sleep 60')
    const pid = Number(await firstData(channel))
    const write = faultOf(channel.write(Buffer.alloc(16_000_000)))
    proxy.cut()
    expect(await write).toMatchObject({ code: 'SSH_LOST' })
    kill(pid)
  })

  it('fails what was being opened', async () => {
    const { proxy, connection } = await host.openThroughProxy()
    proxy.freeze()
    const exec = faultOf(connection.exec('true'))
    proxy.cut()
    expect(await exec).toMatchObject({ code: 'SSH_LOST' })
  })

  it('is noticed when the peer goes silent', async () => {
    const { proxy, connection } = await host.openThroughProxy({ keepaliveMs: 100 })
    const channel = await connection.exec('cat')
    proxy.freeze()
    const frozenAt = performance.now()
    expect((await connection.lost).message).toContain('has gone silent')
    expect(performance.now() - frozenAt).toBeLessThan(1000)
    expect(await channel.closed).toEqual({ stderrTail: '' })
  })

  it('is not suspected while an idle peer answers', async () => {
    const connection = await host.open({ keepaliveMs: 40 })
    // Longer than the silence that would do, and ended by the host.
    expect((await run(connection, 'sleep 0.6')).end.code).toBe(0)
  })
})

describe('closing', () => {
  it('can be asked for twice, and ends everything', async () => {
    const connection = await host.open()
    const channel = await connection.exec('cat')
    await Promise.all([connection.close(), connection.close()])
    expect(await channel.closed).toEqual({ stderrTail: '' })
    expect((await connection.lost).message).toContain('closed by handover')
    expect(connection.isOpen()).toBe(false)
    await connection.close()
  })

  it('waits no longer than 2 s for a silent peer', async () => {
    const { proxy, connection } = await host.openThroughProxy()
    proxy.freeze()
    const askedAt = performance.now()
    await connection.close()
    expect(performance.now() - askedAt).toBeGreaterThan(1500)
    expect(performance.now() - askedAt).toBeLessThan(2500)
  })
})
