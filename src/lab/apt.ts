/**
 * apt with lists, cache and sources of its own: the system's files are read, never written.
 * (nginx-facts.md, D4.)
 */
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clip } from '../core/text.ts'
import { readAptSources } from './apt-source.ts'
import { runCommand } from './command.ts'

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The result of a try: the unpacked nginx, or why there is none. */
export type Fetched =
  | { readonly state: 'had'; readonly path: string }
  | { readonly state: 'failed'; readonly why: string }

/**
 * nginx of one Debian suite, unpacked below `scratch`; taken from the mirror this machine itself uses.
 * Answers in the result, does not throw, when the machine is no Debian, is offline, or apt refuses.
 */
export async function fetchDebianNginx(suite: string, scratch: string): Promise<Fetched> {
  const mirror = await debianMirror()
  if (mirror === undefined) return failed('this machine has no Debian package source of its own')
  const hasKeyring = await access(debianKeyring).then(
    () => true,
    () => false,
  )
  if (!hasKeyring) return failed('the package debian-archive-keyring is not installed')
  const list = join(scratch, 'sources.list')
  await mkdir(scratch, { recursive: true })
  await writeFile(list, `deb [signed-by=${debianKeyring}] ${mirror} ${suite} main\n`)
  const none = join(scratch, 'none')
  return fetchNginx(scratch, [`Dir::Etc::sourcelist=${list}`, `Dir::Etc::sourceparts=${none}`], ['nginx'])
}

/** nginx as the system's own package sources have it, unpacked below `scratch`. For systems other than Debian. */
export function fetchSystemNginx(scratch: string): Promise<Fetched> {
  return fetchNginx(scratch, [], ['nginx', 'nginx-core', 'nginx-light'])
}

async function fetchNginx(scratch: string, sources: string[], packages: string[]): Promise<Fetched> {
  const lists = join(scratch, 'lists')
  const cache = join(scratch, 'cache')
  const none = join(scratch, 'none')
  await Promise.all(
    [join(lists, 'partial'), join(cache, 'archives/partial'), none].map(dir =>
      mkdir(dir, { recursive: true }),
    ),
  )
  // With an empty status file apt picks the candidate, not a version that happens to be installed.
  await writeFile(join(scratch, 'status'), '')
  const options = [
    ...sources,
    `Dir::State::lists=${lists}`,
    `Dir::State::status=${join(scratch, 'status')}`,
    `Dir::Cache=${cache}`,
    `Dir::Etc::preferences=${join(none, 'preferences')}`,
    `Dir::Etc::preferencesparts=${none}`,
    // apt would otherwise drop to a user who cannot write below a private directory.
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=15',
    'Acquire::https::Timeout=15',
  ].flatMap(option => ['-o', option])
  const run = (...args: string[]) =>
    runCommand('apt-get', ['-qq', ...options, ...args], { cwd: scratch, timeoutMs: 120_000 })
  const updated = await run('update')
  // apt ends with 0 and a warning when a source could not be reached; a list that is missing shows below.
  if (updated.code !== 0) return failed(`apt-get update: ${reason(updated.stderr)}`)
  let why = reason(updated.stderr)
  for (const name of packages) {
    const downloaded = await run('download', name)
    const deb = (await readdir(scratch)).find(file => file.startsWith(`${name}_`) && file.endsWith('.deb'))
    if (downloaded.code !== 0 || deb === undefined) {
      why = `apt-get download ${name}: ${reason(updated.stderr || downloaded.stderr)}`
      continue
    }
    const tree = join(scratch, `tree-${name}`)
    const unpacked = await runCommand('dpkg-deb', ['-x', join(scratch, deb), tree], { timeoutMs: 30_000 })
    if (unpacked.code !== 0) return failed(`dpkg-deb -x: ${reason(unpacked.stderr)}`)
    const path = join(tree, 'usr/sbin/nginx')
    const isThere = await readFile(path).then(
      bytes => bytes.length > 0,
      () => false,
    )
    if (isThere) return { state: 'had', path }
    why = `the package ${name} has no usr/sbin/nginx`
  }
  return failed(why)
}

/** The source that carries this release itself; its `-security` and `-updates` siblings do not have every suite. */
async function debianMirror(): Promise<string | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (!/^ID="?debian"?$/m.test(release)) return undefined
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1] ?? ''
  const names = [codename, 'stable', 'testing', 'unstable', 'sid'].filter(name => name !== '')
  const sources = (await readAptSources()).filter(
    source => source.components.includes('main') && !source.uri.startsWith('cdrom:'),
  )
  return names.flatMap(name => sources.filter(source => source.suites.includes(name)))[0]?.uri
}

function failed(why: string): Fetched {
  return { state: 'failed', why }
}

/** apt says what failed first and what it made of it last. */
function reason(text: string): string {
  const lines = text.trim().split('\n')
  return clip((lines.find(line => line.startsWith('E:')) ?? lines[0] ?? '').trim() || 'no reason given', 300)
}
