import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FaultCode } from '../../src/core/fault.ts'
import { fault, HandoverError } from '../../src/core/fault.ts'
import { type Connection, connect } from '../../src/transport/connection.ts'
import { createPool } from '../../src/transport/pool.ts'
import { startServer } from './fault-proxy.ts'
import { faultOf } from './faults.ts'
import { type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd

beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

const soon = () => 1

describe('a pool', () => {
  it('dials no more than so many at one time', async () => {
    let dialling = 0
    let most = 0
    const counted = async (endpoint: Parameters<typeof connect>[0]) => {
      most = Math.max(most, ++dialling)
      try {
        return await connect(endpoint)
      } finally {
        dialling--
      }
    }
    const pool = createPool({ dials: 3, connect: counted })
    const connections = await Promise.all(Array.from({ length: 12 }, () => pool.connect(sshd.endpoint())))
    expect(most).toBe(3)
    await Promise.all(connections.map(connection => connection.close()))
  })

  it('gets 30 connections out of a host that drops most of those that come at once', async () => {
    const busy = await startSshd(['MaxStartups 3:100:3'])
    const pool = createPool({ dials: 4 })
    const connections = await Promise.all(Array.from({ length: 30 }, () => pool.connect(busy.endpoint())))
    expect(connections.every(connection => connection.isOpen())).toBe(true)
    await Promise.all(connections.map(connection => connection.close()))
    await busy.stop()
  })

  it('tries a dropped dial three times in all', async () => {
    let taken = 0
    const server = await startServer(socket => {
      taken++
      socket.end()
    })
    const pool = createPool({ dials: 1, backoffMs: soon })
    const dropped = await faultOf(pool.connect(sshd.endpoint({ port: server.port })))
    await server.stop()
    expect(dropped).toMatchObject({ code: 'SSH_DROPPED' })
    expect(dropped.message).toContain('(3 tries)')
    expect(taken).toBe(3)
  })

  it('succeeds at the second try', async () => {
    let tries = 0
    const flaky = async (endpoint: Parameters<typeof connect>[0]): Promise<Connection> => {
      if (++tries === 1) throw new HandoverError(fault('SSH_DROPPED', 'dropped'))
      return connect(endpoint)
    }
    const pool = createPool({ dials: 1, connect: flaky, backoffMs: soon })
    const connection = await pool.connect(sshd.endpoint())
    await connection.close()
    expect(tries).toBe(2)
  })

  it.each<FaultCode>([
    'SSH_AUTH_FAILED',
    'SSH_HOST_UNKNOWN',
    'SSH_HOST_KEY_CHANGED',
    'SSH_UNREACHABLE',
    'SSH_HANDSHAKE_FAILED',
  ])('never asks twice after %s', async code => {
    let tries = 0
    const refuse = () => {
      tries++
      return Promise.reject(new HandoverError(fault(code, 'no')))
    }
    const pool = createPool({ dials: 1, connect: refuse, backoffMs: soon })
    expect(await faultOf(pool.connect(sshd.endpoint()))).toMatchObject({ code })
    expect(tries).toBe(1)
  })
})
