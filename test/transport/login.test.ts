import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/transport/connection.ts'
import { startServer } from './fault-proxy.ts'
import { faultOf } from './faults.ts'
import { freePort, kill, makeKey, type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let strangeKey: string

beforeAll(async () => {
  sshd = await startSshd()
  strangeKey = makeKey(join(sshd.dir, 'strange'), 'ed25519')
})
afterAll(() => sshd.stop())

describe('keys', () => {
  it.each(['ecdsa', 'rsa'] as const)('a client key of type %s is offered', async type => {
    const key = makeKey(join(sshd.dir, `client_${type}`), type)
    writeFileSync(`${sshd.clientKey}.pub`, readFileSync(`${key}.pub`), { flag: 'a' })
    const connection = await connect(sshd.endpoint({ identityFiles: [key] }))
    await connection.close()
  })

  it('a second key is tried after the first was refused', async () => {
    const connection = await connect(sshd.endpoint({ identityFiles: [strangeKey, sshd.clientKey] }))
    await connection.close()
  })

  it('a refused login says which keys were tried', async () => {
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles: [strangeKey] })))
    expect(fault).toMatchObject({ code: 'SSH_AUTH_FAILED', host: 'edge1' })
    expect(fault.message).toContain(`tried ${strangeKey}`)
    expect(fault.message).toContain('permission denied (publickey)')
  })

  it('too many refused keys are a failed login and no lost connection', async () => {
    const identityFiles = Array.from({ length: 8 }, (_, index) =>
      makeKey(join(sshd.dir, `many_${index}`), 'ed25519'),
    )
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles })))
    expect(fault).toMatchObject({ code: 'SSH_AUTH_FAILED' })
    expect(fault.message).toContain('Too many authentication failures')
  })

  it('a missing key file is named before anything is dialled', async () => {
    const file = join(sshd.dir, 'missing')
    const port = await freePort()
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles: [file], port })))
    expect(fault).toMatchObject({ code: 'SSH_KEY_UNREADABLE', host: 'edge1', place: { file } })
  })

  it.each([
    ['OpenSSH format', []],
    ['PEM', ['-m', 'PEM', '-t', 'rsa']],
    ['PKCS#8', ['-m', 'PKCS8', '-t', 'rsa']],
  ])('an encrypted key in %s is named', async (name, options) => {
    const file = join(sshd.dir, `encrypted_${name.replace(/\W/g, '')}`)
    const type = options.length > 0 ? options : ['-t', 'ed25519']
    execFileSync('ssh-keygen', ['-q', ...type, '-N', 'secret-phrase', '-f', file])
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles: [file] })))
    expect(fault).toMatchObject({ code: 'SSH_KEY_ENCRYPTED', place: { file } })
  })

  it.each([
    ['a public key', () => `${sshd.clientKey}.pub`],
    ['no key at all', () => join(sshd.dir, 'sshd_config')],
  ])('%s is no private key', async (_, file) => {
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles: [file()] })))
    expect(fault.code).toBe('SSH_KEY_UNSUPPORTED')
  })

  it('default key files are looked for in the home directory', async () => {
    const home = join(sshd.dir, 'home')
    mkdirSync(join(home, '.ssh'), { recursive: true })
    vi.stubEnv('HOME', home)
    try {
      const none = await faultOf(connect(sshd.endpoint({ identityFiles: [] })))
      expect(none.message).toContain('there was no key to offer')
      writeFileSync(join(home, '.ssh/id_ed25519'), readFileSync(sshd.clientKey), { mode: 0o600 })
      const connection = await connect(sshd.endpoint({ identityFiles: [] }))
      await connection.close()
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('an agent', () => {
  it('is asked after the files, also for a key whose file is encrypted', async () => {
    const socket = join(sshd.dir, 'agent.sock')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      await once(agent.stdout, 'data')
      const encrypted = makeKey(join(sshd.dir, 'for_agent'), 'ed25519', 'secret-phrase')
      const endpoint = sshd.endpoint({ identityFiles: [encrypted], agentSocket: socket })
      expect(await faultOf(connect(endpoint))).toMatchObject({ code: 'SSH_KEY_ENCRYPTED' })
      execFileSync('ssh-add', ['-q', sshd.clientKey], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      const connection = await connect(endpoint)
      await connection.close()
    } finally {
      if (agent.pid !== undefined) kill(agent.pid)
    }
  })

  it('that hangs is bounded by the connect timeout', async () => {
    const agentSocket = join(sshd.dir, 'hung.sock')
    const hung = createServer().listen(agentSocket)
    await once(hung, 'listening')
    const endpoint = sshd.endpoint({ identityFiles: [strangeKey], agentSocket, connectTimeoutMs: 300 })
    const fault = await faultOf(connect(endpoint))
    hung.close()
    expect(fault.message).toContain('did not finish the login within 300ms')
  })

  it('that does not answer is no more than a key that fails', async () => {
    const agentSocket = join(sshd.dir, 'no-agent.sock')
    const fault = await faultOf(connect(sshd.endpoint({ identityFiles: [strangeKey], agentSocket })))
    expect(fault.message).toContain(`tried ${strangeKey}, the agent`)
  })
})

describe('an address', () => {
  it('of a name is tried one after the other, and the one in use is told', async () => {
    const known = sshd.knownHosts(`[localhost]:${sshd.port} ${sshd.hostKey('ed25519')}`)
    const connection = await connect(sshd.endpoint({ address: 'localhost', knownHostsFiles: [known] }))
    expect(connection.address).toBe('127.0.0.1')
    await connection.close()
  })

  it('that is pinned is not resolved again, and the name still has to match its key', async () => {
    const known = sshd.knownHosts(`[edge1.invalid]:${sshd.port} ${sshd.hostKey('ed25519')}`)
    const pinned = { address: 'edge1.invalid', pinnedAddress: '127.0.0.1' }
    const connection = await connect(sshd.endpoint({ ...pinned, knownHostsFiles: [known] }))
    await connection.close()
    expect(await faultOf(connect(sshd.endpoint(pinned)))).toMatchObject({ code: 'SSH_HOST_UNKNOWN' })
  })
})

describe('a host that does not answer as it should', () => {
  it('refuses the port', async () => {
    const port = await freePort()
    const fault = await faultOf(connect(sshd.endpoint({ port })))
    expect(fault).toMatchObject({ code: 'SSH_UNREACHABLE', host: 'edge1' })
    expect(fault.message).toContain('ECONNREFUSED')
  })

  it('has a name that does not resolve', async () => {
    const fault = await faultOf(connect(sshd.endpoint({ address: 'edge1.invalid' })))
    expect(fault.code).toBe('SSH_UNREACHABLE')
    expect(fault.message).toContain('cannot resolve edge1.invalid')
  })

  it.each([
    ['closes at once', ''],
    ['closes after its greeting', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['closes with an excuse', 'Exceeded MaxStartups\r\n'],
  ])('%s', async (_, greeting) => {
    const server = await startServer(socket => socket.end(greeting))
    const fault = await faultOf(connect(sshd.endpoint({ port: server.port })))
    await server.stop()
    expect(fault.code).toBe('SSH_DROPPED')
    if (greeting.startsWith('Exceeded')) expect(fault.message).toContain('it said: Exceeded MaxStartups')
  })

  it('resets the connection', async () => {
    const server = await startServer(socket => socket.resetAndDestroy())
    const fault = await faultOf(connect(sshd.endpoint({ port: server.port })))
    await server.stop()
    expect(fault.code).toBe('SSH_DROPPED')
  })

  it('never says a word', async () => {
    const server = await startServer(() => {})
    const fault = await faultOf(connect(sshd.endpoint({ port: server.port, connectTimeoutMs: 200 })))
    await server.stop()
    expect(fault).toMatchObject({ code: 'SSH_UNREACHABLE' })
    expect(fault.message).toContain('sent nothing within 200ms')
  })

  it('stops after its greeting', async () => {
    const server = await startServer(socket => socket.write('SSH-2.0-OpenSSH_9.2\r\n'))
    const fault = await faultOf(connect(sshd.endpoint({ port: server.port, connectTimeoutMs: 200 })))
    await server.stop()
    expect(fault.message).toContain('did not finish the key exchange')
  })

  it('is something else and talks without end', async () => {
    const server = await startServer(socket => {
      const pour = () => {
        while (socket.writable && socket.write('x'.repeat(65_536)));
      }
      socket.on('drain', pour)
      pour()
    })
    const fault = await faultOf(connect(sshd.endpoint({ port: server.port })))
    await server.stop()
    expect(fault.code).toBe('SSH_HANDSHAKE_FAILED')
  })

  it('offers only algorithms that are refused', async () => {
    const old = await startSshd(['Ciphers aes256-cbc', 'MACs hmac-sha1'])
    const fault = await faultOf(connect(old.endpoint()))
    await old.stop()
    expect(fault.code).toBe('SSH_HANDSHAKE_FAILED')
    expect(fault.message).toContain('cipher')
  })

  it('takes no public keys', async () => {
    const closed = await startSshd(['PubkeyAuthentication no', 'HostbasedAuthentication yes'])
    const fault = await faultOf(connect(closed.endpoint()))
    await closed.stop()
    expect(fault.code).toBe('SSH_AUTH_FAILED')
    expect(fault.message).toContain('the host accepts no public keys, only hostbased')
  })
})
