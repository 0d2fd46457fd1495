import { createHash, randomBytes } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { faultOf } from './faults.ts'
import { type Opener, opener, run } from './opener.ts'
import { type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let host: Opener

beforeAll(async () => {
  sshd = await startSshd()
  host = opener(sshd)
})
afterEach(() => host.closeAll())
afterAll(() => sshd.stop())

describe('an upload', () => {
  it('of 5 MB arrives whole', async () => {
    const { file, sha256 } = randomFile(5_000_001)
    const connection = await host.open()
    const target = join(sshd.dir, 'arrived')
    expect(await connection.upload(`cat > ${target}`, file)).toEqual({ code: 0, stderrTail: '' })
    expect((await run(connection, `sha256sum < ${target}`)).stdout).toBe(`${sha256}  -\n`)
  })

  it('of an empty file makes an empty file', async () => {
    const connection = await host.open()
    const target = join(sshd.dir, 'empty')
    expect(await connection.upload(`cat > ${target}`, '/dev/null')).toMatchObject({ code: 0 })
    expect(statSync(target).size).toBe(0)
  })

  it('to a command that fails gives its code and its words', async () => {
    const { file } = randomFile(5_000_000)
    const connection = await host.open()
    const end = await connection.upload('echo no space left >&2; exit 28', file)
    expect(end).toEqual({ code: 28, stderrTail: 'no space left\n' })
  })

  it('to a command that claims success after a part is refused', async () => {
    const { file } = randomFile(5_000_000)
    const connection = await host.open()
    const outcome = connection.upload('head -c 10 >/dev/null', file)
    expect(await faultOf(outcome)).toMatchObject({ code: 'SSH_CHANNEL_CLOSED' })
  })

  it('to a command that takes nothing is called off', async () => {
    const { file } = randomFile(9_000_000)
    const connection = await host.open()
    const pidFile = join(sshd.dir, 'stalled.pid')
    const outcome = connection.upload(`echo $$ > ${pidFile}; exec sleep 60`, file, 300)
    expect(await faultOf(outcome)).toMatchObject({ code: 'SSH_STALLED' })
    expect(connection.isOpen()).toBe(true)
    await run(connection, `kill $(cat ${pidFile})`)
  })

  it('over a slow link is alive as long as it moves', async () => {
    const { file } = randomFile(4_000_000)
    const { proxy, connection } = await host.openThroughProxy({ keepaliveMs: 100 })
    proxy.throttle(4_000_000)
    expect(await connection.upload('cat >/dev/null', file)).toMatchObject({ code: 0 })
  })

  it('of a file that is not there is refused', async () => {
    const connection = await host.open()
    const fault = await faultOf(connection.upload('cat', join(sshd.dir, 'missing')))
    expect(fault).toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

function randomFile(size: number): { file: string; sha256: string } {
  const data = randomBytes(size)
  const file = join(sshd.dir, `random_${size}`)
  writeFileSync(file, data)
  return { file, sha256: createHash('sha256').update(data).digest('hex') }
}
