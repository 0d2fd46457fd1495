import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/transport/connection.ts'
import { fingerprint } from '../../src/transport/host-key.ts'
import { faultOf } from './faults.ts'
import { type RealSshd, startSshd } from './real-sshd.ts'

let sshd: RealSshd
let at: string

beforeAll(async () => {
  sshd = await startSshd()
  at = `[127.0.0.1]:${sshd.port}`
})
afterAll(() => sshd.stop())

const connectKnowing = (...lines: string[]) =>
  connect(sshd.endpoint({ knownHostsFiles: [sshd.knownHosts(...lines)] }))

describe('a host that is let in', () => {
  it.each([
    ['by its ed25519 key', () => [`${at} ${sshd.hostKey('ed25519')}`]],
    ['only by rsa, although it offers ed25519 too', () => [`${at} ${sshd.hostKey('rsa')}`]],
    ['only by ecdsa', () => [`${at} ${sshd.hostKey('ecdsa')}`]],
    ['by one of two keys', () => [`${at} ${otherKey()}`, `${at} ${sshd.hostKey('ed25519')}`]],
    ['by a pattern', () => [`[127.0.0.*]:* ${sshd.hostKey('ed25519')}`]],
    ['without its port, as OpenSSH does', () => [`127.0.0.1 ${sshd.hostKey('ed25519')}`]],
    ['beside corrupt lines', () => ['* ssh-ed25519 %%%', `${at} ${sshd.hostKey('ed25519')}\r`]],
  ])('is known %s', async (_, lines) => {
    const known = sshd.knownHosts(...lines())
    expect(openssh(known)).toBe('ok')
    const connection = await connect(sshd.endpoint({ knownHostsFiles: [known] }))
    await connection.close()
  })

  it('is known by a hashed line', async () => {
    const known = sshd.knownHosts()
    execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' })
    const connection = await connect(sshd.endpoint({ knownHostsFiles: [known] }))
    await connection.close()
  })

  it('is known by its alias', async () => {
    const known = sshd.knownHosts(`edge-alias ${sshd.hostKey('ed25519')}`)
    const connection = await connect(sshd.endpoint({ knownHostsFiles: [known], hostKeyAlias: 'Edge-Alias' }))
    await connection.close()
  })
})

describe('a host that is refused', () => {
  it.each([
    ['a negated pattern', () => [`${at},!${at} ${sshd.hostKey('ed25519')}`]],
    ['another port', () => [`[127.0.0.1]:1 ${sshd.hostKey('ed25519')}`]],
    ['only corrupt lines', () => [`* ${sshd.hostKey('ed25519').slice(0, 40)}`, '*', '\0']],
    ['a wrong key without port, as OpenSSH says', () => [`[127.0.0.1]:1 ${otherKey()}`]],
  ])('is unknown: %s', async (_, lines) => {
    expect(openssh(sshd.knownHosts(...lines()))).toBe('refused')
    expect(await faultOf(connectKnowing(...lines()))).toMatchObject({ code: 'SSH_HOST_UNKNOWN' })
  })

  it('is unknown, and the fault says how to become known', async () => {
    const missing = join(sshd.dir, 'missing')
    const fault = await faultOf(connect(sshd.endpoint({ knownHostsFiles: [missing] })))
    expect(fault).toMatchObject({ code: 'SSH_HOST_UNKNOWN', host: 'edge1' })
    expect(fault.message).toContain(printOf('ed25519'))
    expect(fault.hint).toContain(`ssh-keyscan -p ${sshd.port} 127.0.0.1 >> ${missing}`)
  })

  it('has changed its key: both fingerprints, the line, and what OpenSSH says', async () => {
    const known = sshd.knownHosts('# first line', `${at} ${otherKey()}`)
    const fault = await faultOf(connect(sshd.endpoint({ knownHostsFiles: [known] })))
    expect(fault).toMatchObject({
      code: 'SSH_HOST_KEY_CHANGED',
      host: 'edge1',
      place: { file: known, line: 2 },
    })
    expect(fault.message).toContain('remote host identification has changed')
    expect(fault.message).toContain('man-in-the-middle')
    expect(fault.message).toContain(`offers ssh-ed25519 ${printOf('ed25519')}`)
    expect(fault.message).toContain(`${known}:2 has ssh-ed25519 ${fingerprint(rawKey(otherKey()))}`)
    expect(fault.hint).toContain(`ssh-keygen -f ${known} -R '${at}'`)
  })

  it('offers a changed key of a type that another line names too, as OpenSSH says', async () => {
    const lines = [`${at} ${otherKey()}`, `${at} ${sshd.hostKey('rsa')}`]
    expect(openssh(sshd.knownHosts(...lines))).toBe('refused')
    expect(await faultOf(connectKnowing(...lines))).toMatchObject({ code: 'SSH_HOST_KEY_CHANGED' })
  })

  it('has lost its only known key and offers keys of other types', async () => {
    const fault = await faultOf(connectKnowing(`${at} ${readKey('other_rsa', 'rsa')}`))
    expect(fault.code).toBe('SSH_HOST_KEY_CHANGED')
    expect(fault.message).toContain(`offers ssh-rsa ${printOf('rsa')}`)
  })

  it.each([
    ['beside a line that accepts it', () => [`${at} ${sshd.hostKey('ed25519')}`]],
    ['beside another key', () => [`${at} ${otherKey()}`]],
    ['alone', () => []],
  ])('has a revoked key: %s', async (_, others) => {
    const revoked = `@revoked * ${sshd.hostKey('ed25519')}`
    const fault = await faultOf(connectKnowing(...others(), revoked))
    expect(fault).toMatchObject({ code: 'SSH_HOST_KEY_REVOKED', place: { line: others().length + 1 } })
  })

  it('is known only by a certificate authority', async () => {
    const fault = await faultOf(connectKnowing(`@cert-authority * ${sshd.hostKey('ed25519')}`))
    expect(fault.code).toBe('SSH_HOST_CERTIFICATE')
  })
})

/** What the ssh command makes of the same known_hosts file. */
function openssh(known: string): 'ok' | 'refused' {
  const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=none']
  const args = [...options, 'BatchMode=yes', 'IdentitiesOnly=yes'].flatMap(option => ['-o', option])
  try {
    const login = ['-F', 'none', '-i', sshd.clientKey, '-p', `${sshd.port}`, '127.0.0.1', 'true']
    execFileSync('ssh', [...args, ...login], { stdio: 'ignore' })
    return 'ok'
  } catch {
    return 'refused'
  }
}

function printOf(type: 'ed25519' | 'rsa'): string {
  return fingerprint(rawKey(sshd.hostKey(type)))
}

function rawKey(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64')
}

function otherKey(): string {
  return readKey('other', 'ed25519')
}

const made = new Map<string, string>()
function readKey(name: string, type: 'ed25519' | 'rsa'): string {
  const known = made.get(name)
  if (known !== undefined) return known
  const file = join(sshd.dir, name)
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file])
  const line = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' })
  const key = line.trim().split(' ', 2).join(' ')
  made.set(name, key)
  return key
}
