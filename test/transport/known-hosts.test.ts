import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KnownHosts, loadKnownHosts, lookup, parseKnownHosts } from '../../src/transport/known-hosts.ts'
import { makeKey } from './real-sshd.ts'

let dir: string
let keyA: string
let keyB: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'handover-known-'))
  keyA = publicKey('a')
  keyB = publicKey('b')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('lookup', () => {
  it.each([
    ['a name in a comma list', 'one,two', 'two', 22, 1],
    ['a name that only begins alike', 'edge1', 'edge10', 22, 0],
    ['case of the file', 'EDGE1', 'edge1', 22, 1],
    ['case of the host', 'edge1', 'EDGE1', 22, 1],
    ['a star', '*.example.org', 'a.b.example.org', 22, 1],
    ['a star for nothing', 'edge*', 'edge', 22, 1],
    ['a question mark is one character', 'edge?', 'edge', 22, 0],
    ['a negation after the match', 'edge*,!edge3', 'edge3', 22, 0],
    ['a negation before the match', '!edge3,edge*', 'edge3', 22, 0],
    ['only a negation', '!edge3', 'edge4', 22, 0],
    ['the port', '[edge1]:2222', 'edge1', 2222, 1],
    ['another port', '[edge1]:2222', 'edge1', 2223, 0],
    ['the port of a line is not 22', '[edge1]:2222', 'edge1', 22, 0],
    ['no port in the file, as OpenSSH falls back', 'edge1', 'edge1', 2222, 1],
    ['IPv6', '::1', '::1', 22, 1],
    ['IPv6 and a port', '[::1]:2222', '::1', 2222, 1],
    ['a regular expression is plain text', 'edge.', 'edge1', 22, 0],
  ])('%s', (_, names, host, port, found) => {
    expect(lookup(known(`${names} ${keyA}`), host, port).accepted).toHaveLength(found)
  })

  it('accepts any of several keys, from several files', () => {
    const one = write(`edge1 ${keyA}`)
    const two = write(`\nedge1 ${keyB} a comment`)
    const { accepted } = lookup(loadKnownHosts([one, two]), 'edge1', 22)
    expect(accepted.map(({ file, line }) => ({ file, line }))).toEqual([
      { file: one, line: 1 },
      { file: two, line: 2 },
    ])
  })

  it('prefers the lines with the port to the ones without', () => {
    const { accepted } = lookup(known(`edge1 ${keyA}\n[edge1]:2222 ${keyB}`), 'edge1', 2222)
    expect(accepted.map(key => key.line)).toEqual([2])
  })

  it('keeps revoked keys and authorities apart from the accepted ones', () => {
    const keys = lookup(known(`@revoked * ${keyA}\n@cert-authority *.org ${keyB}`), 'a.org', 22)
    expect(keys).toMatchObject({ accepted: [], hasAuthority: true })
    expect(keys.revoked).toHaveLength(1)
  })

  it('reads CRLF, comments and blank lines', () => {
    const keys = lookup(known(`# a comment\r\n\r\n  edge1 ${keyA}\r\n`), 'edge1', 22)
    expect(keys.accepted.map(key => key.line)).toEqual([3])
  })

  it('reads hashed names of ssh-keygen -H', () => {
    const file = write(`edge1,edge2 ${keyA}\n[edge3]:2222 ${keyB}`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    expect(readFileSync(file, 'utf8')).not.toContain('edge')
    const hashed = loadKnownHosts([file])
    expect(lookup(hashed, 'edge2', 22).accepted).toHaveLength(1)
    expect(lookup(hashed, 'Edge3', 2222).accepted).toHaveLength(1)
    expect(lookup(hashed, 'edge4', 22).accepted).toHaveLength(0)
  })

  it.each([
    ['no key', () => '*'],
    ['no base64', () => '* ssh-ed25519'],
    ['broken base64', () => `* ${keyA.slice(0, -8)}%%%%`],
    ['cut base64', () => `* ${keyA.slice(0, 20)}`],
    ['a type that is not the one of the key', () => `* ${keyA.replace('ssh-ed25519', 'ssh-rsa')}`],
    ['an unknown marker', () => `@accept * ${keyA}`],
    ['two markers', () => `@revoked @revoked * ${keyA}`],
    ['a hash without salt', () => `|1||${'A'.repeat(28)} ${keyA}`],
    ['an unknown hash', () => `|2|${'A'.repeat(28)}|${'A'.repeat(28)} ${keyA}`],
    ['binary', () => '\0\u0001\u0002\ufffd'],
  ])('a corrupt line opens nothing: %s', (_, line) => {
    const keys = lookup(known(line()), 'edge1', 22)
    expect(keys).toMatchObject({ accepted: [], revoked: [], hasAuthority: false })
  })

  it('takes a missing file as empty and names one that cannot be read', () => {
    const loaded = loadKnownHosts([join(dir, 'missing'), dir])
    expect(loaded.lines).toEqual([])
    expect(loaded.unread).toEqual([`${dir} (EISDIR)`])
  })
})

describe('against ssh-keygen -F', () => {
  const label = fc.constantFrom('a', 'b', 'ab', '*', '?', 'a*', '*b', 'a.b', '*.b', '10.0.0.1', '::1')
  const name = fc.oneof(label, fc.constantFrom('[a]:2222', '[ab]:23', '[*]:2222', '[::1]:2222', '[a?]:*'))
  const entry = fc.record({
    marker: fc.constantFrom('', '', '', '@revoked ', '@cert-authority '),
    names: fc.array(fc.tuple(fc.constantFrom('', '', '!'), name), { minLength: 1, maxLength: 3 }),
    isHashed: fc.boolean(),
    isBroken: fc.constantFrom(false, false, false, true),
  })
  const hosts: [string, number][] = [
    ['a', 22],
    ['a', 2222],
    ['ab', 23],
    ['a.b', 22],
    ['::1', 2222],
  ]

  it('finds the same lines', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), entries => {
        const plain = entries.map(
          ({ marker, names, isBroken }) =>
            `${marker}${names.map(pair => pair.join('')).join(',')} ${isBroken ? keyA.slice(0, 30) : keyA}`,
        )
        const file = write(plain.map((line, index) => hash(line, entries[index]?.isHashed)).join('\n'))
        const loaded = loadKnownHosts([file])
        for (const [host, port] of hosts) {
          const wanted = port === 22 ? host : `[${host}]:${port}`
          // One port only, so that the fallback to lines without a port, which ssh-keygen lacks, stays out.
          expect(foundLines(loaded, wanted), `${wanted} in\n${readFileSync(file, 'utf8')}`).toEqual(
            keygenLines(file, wanted),
          )
        }
      }),
      { numRuns: 40 },
    )
  })
})

function known(text: string): KnownHosts {
  return { lines: parseKnownHosts(text, 'known_hosts'), files: ['known_hosts'], unread: [] }
}

const shown = { authority: ' CA', revoked: ' REVOKED' }

function foundLines(loaded: KnownHosts, name: string): string[] {
  const markers = new Map(loaded.lines.map(({ key, marker }) => [key.line, marker]))
  const unmarked = { ...loaded, lines: loaded.lines.map(({ names, key }) => ({ names, key })) }
  return lookup(unmarked, name, 22).accepted.map(({ line }) => {
    const marker = markers.get(line)
    return `${line}${marker ? shown[marker] : ''}`
  })
}

function keygenLines(file: string, name: string): string[] {
  const { stdout } = spawnSync('ssh-keygen', ['-l', '-F', name, '-f', file], { encoding: 'utf8' })
  return [...stdout.matchAll(/^# Host .* found: line (\d+) ?(CA|REVOKED)?$/gm)].map(([, line, marker]) =>
    marker ? `${line} ${marker}` : `${line}`,
  )
}

/** As ssh-keygen -H would; it refuses lines with wildcards, and those stay as they are. */
function hash(line: string, isHashed = false): string {
  if (!isHashed || /[*?!@,]/.test(line)) return line
  const file = write(line)
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
  return readFileSync(file, 'utf8').trimEnd() || line
}

let written = 0
function write(text: string): string {
  const file = join(dir, `known_hosts_${written++}`)
  writeFileSync(file, `${text}\n`)
  return file
}

function publicKey(name: string): string {
  makeKey(join(dir, name), 'ed25519')
  return readFileSync(join(dir, `${name}.pub`), 'utf8')
    .split(' ', 2)
    .join(' ')
}
