import type { Decision, HostDecision } from './decide.ts'

/** The same for several hosts, `most` of them at this time. */
export function each(
  what: HostDecision['do'] | 'leave-out',
  hosts: Iterable<string>,
  most = Number.POSITIVE_INFINITY,
): Decision[] {
  const decisions: Decision[] = []
  for (const host of hosts) {
    if (decisions.length >= most) break
    decisions.push({ do: what, host })
  }
  return decisions
}
