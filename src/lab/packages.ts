/**
 * Two real nginx binaries from Debian packages, kept in a per-user cache so that the lab works offline
 * afterwards. Nothing is installed on the system.
 */
import { access, appendFile, chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { type Fetched, fetchDebianNginx, fetchSystemNginx } from './apt.ts'
import { runCommand } from './command.ts'

export interface LabBinary {
  /** As `nginx -v` says it on this machine, for example `1.26.3`. */
  readonly version: string
  readonly path: string
  /** False for a stand-in: the other binary with one byte appended. */
  readonly real: boolean
  /** Why it is not what was wanted, for people. */
  readonly note?: string
}

export interface LabBinaries {
  readonly older: LabBinary
  readonly newer: LabBinary
}

const suites = { older: 'bookworm', newer: 'trixie' } as const

/**
 * The older and the newer nginx. The first call needs the network and takes a few seconds.
 * @param cache where they are kept; default `$XDG_CACHE_HOME/handover/lab` or `~/.cache/handover/lab`
 * @throws HandoverError LAB_BINARY_UNAVAILABLE when not one nginx runs here
 */
export async function fetchBinaries(cache = cacheDirectory()): Promise<LabBinaries> {
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const [older, newer] = await Promise.all([
    suiteBinary(cache, suites.older),
    suiteBinary(cache, suites.newer),
  ])
  if ('version' in older && 'version' in newer) return { older, newer }
  const reasons = [older, newer].flatMap(one => ('why' in one ? [one.why] : [])).join('; ')
  const base = 'version' in older ? older : 'version' in newer ? newer : await systemBinary(cache, reasons)
  return { older: { ...base, note: reasons }, newer: await standIn(cache, base, reasons) }
}

export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'handover', 'lab')
}

/** What `nginx -v` says, or why it does not run (a missing library is named by the loader). */
export async function nginxVersion(path: string): Promise<{ version: string } | { why: string }> {
  const result = await runCommand(path, ['-v'])
  const version = /nginx version: \S+\/(\d+\.\d+\.\d+)/.exec(result.stderr)?.[1]
  if (result.code === 0 && version !== undefined) return { version }
  return { why: result.stderr.trim().split('\n')[0]?.replace(`${path}: `, '') || `exit code ${result.code}` }
}

async function suiteBinary(cache: string, suite: string): Promise<LabBinary | { why: string }> {
  return cachedBinary(cache, suite, scratch => fetchDebianNginx(suite, scratch))
}

async function systemBinary(cache: string, reasons: string): Promise<LabBinary> {
  const installed = await nginxVersion('/usr/sbin/nginx')
  if ('version' in installed) return { version: installed.version, path: '/usr/sbin/nginx', real: true }
  const found = await cachedBinary(cache, 'system', fetchSystemNginx)
  if ('version' in found) return found
  throw new HandoverError(
    fault('LAB_BINARY_UNAVAILABLE', `no nginx for the lab: ${reasons}; ${found.why}`, {
      hint: 'connect this machine to its package source once, or install nginx',
    }),
  )
}

async function cachedBinary(
  cache: string,
  name: string,
  fetch: (scratch: string) => Promise<Fetched>,
): Promise<LabBinary | { why: string }> {
  const path = join(cache, name, 'nginx')
  const isCached = await access(path).then(
    () => true,
    () => false,
  )
  if (!isCached) {
    const scratch = await mkdtemp(join(cache, `.fetch-${name}-`))
    try {
      const fetched = await fetch(scratch)
      if (fetched.state === 'failed') return { why: `nginx of ${name}: ${fetched.why}` }
      await place(fetched.path, path)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  const proven = await nginxVersion(path)
  return 'version' in proven
    ? { ...proven, path, real: true }
    : { why: `nginx of ${name} does not run here: ${proven.why}` }
}

async function standIn(cache: string, base: LabBinary, note: string): Promise<LabBinary> {
  const path = join(cache, 'stand-in', 'nginx')
  const scratch = await mkdtemp(join(cache, '.stand-in-'))
  try {
    const copy = join(scratch, 'nginx')
    await copyFile(base.path, copy)
    await appendFile(copy, 'x')
    await place(copy, path)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return { version: base.version, path, real: false, note }
}

/** By rename, because another lab may be using the file that is replaced. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await chmod(from, 0o755)
  await rename(from, to)
}
