/**
 * Who besides the user could change a program before it is run: whoever may write to it, or put another in its place,
 * or turn a link on the way to it. Access control lists are not looked at; a mask that lets in more shows as the group.
 */
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'

export interface Refusal {
  readonly message: string
  readonly hint: string
}

interface Identity {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const mostLinks = 40
const sticky = 0o1000

/**
 * Why a program is not run; undefined also where something on the way is missing, for starting it will say so.
 * @param file absolute path. @param groups text of /etc/group
 */
export function refusalOfWriters(file: string, groups = readGroups()): Refusal | undefined {
  const trusted = trustedIdentities()
  for (const { path, stats } of wayTo(file)) {
    const refused = refusalOf(path, path === file ? 'it' : path, stats, trusted, groups)
    if (refused) return { ...refused, message: `${file} is not run: ${refused.message}` }
  }
  return undefined
}

/** The user; under sudo also the one who called it: root acts in the name of that one. */
function trustedIdentities(): readonly Identity[] {
  const { username, uid, gid } = userInfo()
  const own = { name: username, uid, gid }
  const { SUDO_USER = '', SUDO_UID = '', SUDO_GID = '' } = process.env
  if (uid !== 0 || !/^\d+$/.test(SUDO_UID) || !/^\d+$/.test(SUDO_GID)) return [own]
  return [own, { name: SUDO_USER, uid: Number(SUDO_UID), gid: Number(SUDO_GID) }]
}

function refusalOf(
  path: string,
  named: string,
  stats: Stats,
  trusted: readonly Identity[],
  groups: string,
): Refusal | undefined {
  const { uid, gid, mode } = stats
  if (uid !== 0 && !trusted.some(one => one.uid === uid)) {
    return {
      message: `${named} belongs to another user (${uid})`,
      hint: `take it over: chown ${trusted[0]?.uid} ${path}`,
    }
  }
  // The mode of a link means nothing, and in a sticky directory such as /tmp nobody can replace what others own.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (mode & sticky) !== 0)) return undefined
  if ((mode & 0o002) !== 0) return { message: `every user may write to ${named}`, hint: `chmod o-w ${path}` }
  if ((mode & 0o020) === 0 || gid === 0 || trusted.some(one => isPrivateGroup(one, gid, groups)))
    return undefined
  return { message: `the group ${gid} may write to ${named}`, hint: `chmod g-w ${path}` }
}

/** As most systems give one to each user, named and numbered as the user is, with a umask of 002. */
function isPrivateGroup({ name, uid, gid: own }: Identity, gid: number, groups: string): boolean {
  if (gid !== own || gid !== uid) return false
  const line = groups.split('\n').find(one => one.split(':')[2] === String(gid))
  const members = line?.split(':')[3]?.split(',') ?? []
  return members.every(member => member === '' || member === name)
}

function readGroups(): string {
  try {
    return readFileSync('/etc/group', 'utf8')
  } catch {
    return ''
  }
}

interface Step {
  readonly path: string
  readonly stats: Stats
}

/** The file and every directory and link that the system goes through to get to it, the file first. */
function wayTo(file: string): readonly Step[] {
  const way = new Map<string, Step>()
  const rest = partsOf(file)
  let at = '/'
  let links = 0
  try {
    way.set(at, { path: at, stats: lstatSync(at) })
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      const path = resolve(at, part)
      const stats = lstatSync(path)
      way.set(path, { path, stats })
      if (!stats.isSymbolicLink()) at = path
      else if (++links > mostLinks) break
      else {
        const target = readlinkSync(path)
        if (target.startsWith('/')) at = '/'
        rest.unshift(...partsOf(target))
      }
    }
  } catch {
    // What is missing cannot be started either.
  }
  return [...way.values()].reverse()
}

/** `..` is a step: behind a link it leads elsewhere than the text says. */
function partsOf(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}
