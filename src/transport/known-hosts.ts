/**
 * known_hosts as sshd(8) describes it. A line that cannot be read is ignored and so never lets a host in.
 * Matching follows hostkeys_foreach and match_pattern_list of OpenSSH (hostfile.c, match.c).
 */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { defaultKnownHostsFiles, expandHome } from './endpoint.ts'

interface KnownKey {
  /** As in the file: `ssh-ed25519`, `ssh-rsa`, ... */
  readonly type: string
  /** The public key in SSH wire format. */
  readonly raw: Buffer
  readonly file: string
  /** 1-based. */
  readonly line: number
}

export interface KnownHosts {
  readonly lines: readonly KnownLine[]
  /** The files that were looked at, whether they exist or not. */
  readonly files: readonly string[]
  /** Files that exist and could not be read, with the reason. */
  readonly unread: readonly string[]
}

interface KnownLine {
  readonly marker?: 'authority' | 'revoked'
  readonly names: string
  readonly key: KnownKey
}

export interface HostKeys {
  /** What was looked up: `host`, or `[host]:port` when the port is not 22. */
  readonly name: string
  /** Any of these proves the host. */
  readonly accepted: readonly KnownKey[]
  readonly revoked: readonly KnownKey[]
  /** A certificate authority is known for the host, which cannot be checked here. */
  readonly hasAuthority: boolean
}

/** Reads and unites the files; none named means the default files. Never throws. */
export function loadKnownHosts(files: readonly string[]): KnownHosts {
  const paths = (files.length > 0 ? files : defaultKnownHostsFiles).map(expandHome)
  const unread: string[] = []
  const lines = paths.flatMap(file => {
    try {
      return parseKnownHosts(readFileSync(file, 'utf8'), file)
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error)
      if (reason !== 'ENOENT') unread.push(`${file} (${reason})`)
      return []
    }
  })
  return { lines, files: paths, unread }
}

/** The lines that could be read; the others are left out. */
export function parseKnownHosts(text: string, file: string): KnownLine[] {
  return text.split('\n').flatMap((line, index) => parseLine(line, file, index + 1) ?? [])
}

/** What the files say about a host. With a port other than 22, lines without a port count if no other does. */
export function lookup(known: KnownHosts, host: string, port: number): HostKeys {
  const bare = host.toLowerCase()
  if (port === 22) return keysOf(known, bare)
  const exact = keysOf(known, `[${bare}]:${port}`)
  if (exact.accepted.length > 0) return exact
  // OpenSSH: "checking without port identifier". A key that is stored for the bare name proves the host too.
  const without = keysOf(known, bare)
  return {
    name: exact.name,
    accepted: without.accepted,
    revoked: [...exact.revoked, ...without.revoked],
    hasAuthority: exact.hasAuthority || without.hasAuthority,
  }
}

function keysOf(known: KnownHosts, name: string): HostKeys {
  const matching = known.lines.filter(line => matches(line.names, name))
  const marked = (marker: KnownLine['marker']) =>
    matching.filter(line => line.marker === marker).map(line => line.key)
  return {
    name,
    accepted: marked(undefined),
    revoked: marked('revoked'),
    hasAuthority: marked('authority').length > 0,
  }
}

const markers = { '@cert-authority': 'authority', '@revoked': 'revoked' } as const

function parseLine(line: string, file: string, number: number): KnownLine | undefined {
  const words = line.split(/[ \t\r]+/).filter(word => word !== '')
  const first = words[0]
  if (first === undefined || first.startsWith('#')) return undefined
  const marker = first.startsWith('@') ? markers[first as keyof typeof markers] : undefined
  if (first.startsWith('@') && marker === undefined) return undefined
  const [names, type, blob] = marker ? words.slice(1) : words
  if (names === undefined || type === undefined || blob === undefined || names.startsWith('@'))
    return undefined
  const raw = decodeKey(type, blob)
  if (raw === undefined) return undefined
  return { ...(marker && { marker }), names, key: { type, raw, file, line: number } }
}

/** The bytes of a public key: base64 of length-prefixed fields, the first of which is the type of the line. */
function decodeKey(type: string, blob: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return undefined
  const raw = Buffer.from(blob, 'base64')
  const fields: Buffer[] = []
  for (let at = 0; at < raw.length; ) {
    if (at + 4 > raw.length) return undefined
    const end = at + 4 + raw.readUInt32BE(at)
    if (end > raw.length) return undefined
    fields.push(raw.subarray(at + 4, end))
    at = end
  }
  return fields.length >= 2 && fields[0]?.toString('latin1') === type ? raw : undefined
}

function matches(names: string, name: string): boolean {
  return names.startsWith('|') ? matchesHash(names, name) : matchesList(names.toLowerCase(), name)
}

function matchesHash(hashed: string, name: string): boolean {
  const [empty, version, salt, digest, more] = hashed.split('|')
  if (empty !== '' || version !== '1' || !salt || !digest || more !== undefined) return false
  const key = Buffer.from(salt, 'base64')
  return key.length === 20 && createHmac('sha1', key).update(name).digest('base64') === digest
}

/** One negated match rules the host out, wherever it stands in the list. */
function matchesList(names: string, name: string): boolean {
  let found = false
  for (const pattern of names.split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false
    } else if (matchesPattern(pattern, name)) {
      found = true
    }
  }
  return found
}

/** `*` and `?`. Linear in both texts for each star, whatever the pattern: no regular expression is built. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++
      resume = n
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++resume
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
