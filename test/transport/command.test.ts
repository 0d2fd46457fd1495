import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { faultsOf } from '../../src/core/fault.ts'
import { connect } from '../../src/transport/connection.ts'
import { faultOf } from './faults.ts'
import { collect, type Opener, opener, run } from './opener.ts'
import { type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let host: Opener

beforeAll(async () => {
  sshd = await startSshd(['MaxSessions 4'])
  host = opener(sshd)
})
afterEach(() => host.closeAll())
afterAll(() => sshd.stop())

describe('a command', () => {
  it('gives its output and its exit code', async () => {
    const connection = await host.open()
    expect(connection.address).toBe('127.0.0.1')
    expect(await run(connection, 'echo out; echo err >&2; exit 7')).toEqual({
      stdout: 'out\n',
      end: { code: 7, stderrTail: 'err\n' },
    })
  })

  it('reads what is written to it', async () => {
    const connection = await host.open()
    const channel = await connection.exec('sh -s two')
    const stdout = collect(channel)
    await channel.write('printf one\n')
    await channel.write(Buffer.from('echo " $1"; exit 3\n'))
    channel.end()
    expect(await channel.closed).toMatchObject({ code: 3 })
    expect(stdout()).toBe('one two\n')
  })

  it('that ends in the same moment as it begins loses nothing', async () => {
    const connection = await host.open()
    for (let round = 0; round < 50; round++) {
      const { stdout, end } = await run(connection, 'echo x; exit 9')
      expect({ stdout, code: end.code }).toEqual({ stdout: 'x\n', code: 9 })
    }
  })

  it('keeps the output of the time before somebody listens', async () => {
    const connection = await host.open()
    const channel = await connection.exec('echo early')
    await channel.closed
    expect(collect(channel)()).toBe('early\n')
  })

  it('closes although nobody listens to many MiB, and says so to a late listener', async () => {
    const connection = await host.open()
    const channel = await connection.exec('head -c 20000000 /dev/zero')
    expect(await channel.closed).toMatchObject({ code: 0 })
    expect(() => channel.onData(() => {})).toThrow('dropped')
  })

  it('survives new key exchanges in the middle', async () => {
    const eager = await startSshd(['RekeyLimit 1M'])
    const connection = await connect(eager.endpoint())
    const channel = await connection.exec('head -c 20000000 /dev/zero')
    let size = 0
    channel.onData(chunk => {
      size += chunk.length
    })
    expect(await channel.closed).toMatchObject({ code: 0 })
    expect(size).toBe(20_000_000)
    await connection.close()
    await eager.stop()
  })

  it('killed by a signal has no exit code', async () => {
    const connection = await host.open()
    const { end } = await run(connection, 'kill -KILL $$')
    expect(end).toEqual({ signal: 'SIGKILL', stderrTail: '' })
  })

  it('leaves only the end of a long stderr', async () => {
    const connection = await host.open()
    const { end } = await run(connection, 'head -c 5000000 /dev/zero | tr "\\0" e >&2; printf end >&2')
    expect(end).toEqual({ code: 0, stderrTail: `${'e'.repeat(4093)}end` })
  })

  it('prints 200 MB into flat memory, at the pace of the listener', async () => {
    const connection = await host.open()
    const before = process.memoryUsage().rss
    const channel = await connection.exec('head -c 200000000 /dev/zero')
    let size = 0
    let most = 0
    let holds = 0
    channel.onData(chunk => {
      size += chunk.length
      most = Math.max(most, process.memoryUsage.rss())
      return ++holds % 100 === 0 ? new Promise(resolve => setImmediate(resolve)) : undefined
    })
    expect(await channel.closed).toMatchObject({ code: 0 })
    expect(size).toBe(200_000_000)
    expect((most - before) / 1e6).toBeLessThan(100)
  })

  it('given up does not wait for the host', async () => {
    const connection = await host.open()
    const channel = await connection.exec('cat >/dev/null')
    channel.close()
    expect(await channel.closed).toEqual({ stderrTail: '' })
    expect(connection.isOpen()).toBe(true)
  })

  it('beyond MaxSessions is refused, and the connection goes on', async () => {
    const connection = await host.open()
    const channels = await Promise.all([1, 2, 3, 4].map(() => connection.exec('cat')))
    expect(await faultOf(connection.exec('true'))).toMatchObject({ code: 'SSH_CHANNEL_REFUSED' })
    for (const channel of channels) channel.end()
    await Promise.all(channels.map(channel => channel.closed))
    // sshd frees the place of a session a moment after it has closed the channel.
    const again = async (): Promise<number | undefined> => {
      try {
        return (await run(connection, 'true')).end.code
      } catch (error) {
        if (faultsOf(error)[0]?.code !== 'SSH_CHANNEL_REFUSED') throw error
        return again()
      }
    }
    expect(await again()).toBe(0)
  })
})

describe('writing', () => {
  it('after the end of the command is refused', async () => {
    const connection = await host.open()
    const channel = await connection.exec('exit 4')
    expect(await channel.closed).toMatchObject({ code: 4 })
    expect(await faultOf(channel.write('late'))).toMatchObject({ code: 'SSH_CHANNEL_CLOSED' })
  })

  it('after its own end is refused', async () => {
    const connection = await host.open()
    const channel = await connection.exec('cat')
    channel.end()
    channel.end()
    expect(await faultOf(channel.write('late'))).toMatchObject({ code: 'SSH_CHANNEL_CLOSED' })
    expect(await channel.closed).toMatchObject({ code: 0 })
  })

  it('more than the host takes fails when the command ends, and does not hang', async () => {
    const connection = await host.open()
    const channel = await connection.exec('head -c 1 >/dev/null')
    const big = channel.write(Buffer.alloc(16_000_000))
    const more = channel.write('\n')
    expect(await faultOf(Promise.all([more, big]))).toMatchObject({ code: 'SSH_CHANNEL_CLOSED' })
  })
})
