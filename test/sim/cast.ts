/** Who is who, in terms that hold for a model and for a real nginx alike. */

export type Who =
  /** By order of birth, dead ones counted. */
  | { readonly master: number }
  /** The nth of the living workers that a master has started, even if that one has gone. */
  | { readonly owner: number; readonly nth: number }
  /** The first that is not a master yet. */
  | 'starting'

export interface Member {
  readonly pid: number
  readonly parent: number
  readonly role: 'master' | 'worker' | 'starting'
  readonly isStopped: boolean
}

export interface Cast {
  /** To be told while all is quiet: an orphan no longer shows who started it. */
  note(living: readonly Member[]): void
  everybody(): Who[]
  whoIs(pid: number): Who
  /** @throws Error when there is nobody */
  find(who: Who): Member
}

export function createCast(): Cast {
  const masters: number[] = []
  const owners = new Map<number, number>()
  let living: readonly Member[] = []
  const siblings = (owner: number) => living.filter(one => owners.get(one.pid) === owner)

  const cast: Cast = {
    note(members) {
      living = members
      for (const { pid, role } of members) if (role === 'master' && !masters.includes(pid)) masters.push(pid)
      for (const { pid, parent, role } of members) {
        if (role === 'worker' && !owners.has(pid)) owners.set(pid, masters.indexOf(parent))
      }
    },
    everybody: () => living.map(({ pid }) => cast.whoIs(pid)),
    whoIs(pid) {
      const owner = owners.get(pid)
      if (owner !== undefined) return { owner, nth: siblings(owner).findIndex(one => one.pid === pid) }
      const master = masters.indexOf(pid)
      return master < 0 ? 'starting' : { master }
    },
    find(who) {
      const found =
        who === 'starting'
          ? living.find(one => one.role === 'starting')
          : 'master' in who
            ? living.find(one => one.pid === masters[who.master])
            : siblings(who.owner)[who.nth]
      if (!found) throw new Error(`there is no ${JSON.stringify(who)}`)
      return found
    },
  }
  return cast
}
