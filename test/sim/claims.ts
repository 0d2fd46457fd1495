/** What a run says of hosts that another run has had since (invariant 12): whoever takes a run up has to look there, too. */
import type { Machine } from './host-machine.ts'
import type { Sheet } from './sheet.ts'
import { type Finish, lenient, mustBe, notWholly } from './truth.ts'
import type { Wounds } from './wounds.ts'

/** Hosts that another run is done with, and how each was left. */
export type Taken = ReadonlyMap<string, string>

export function takenByOthers(machines: ReadonlyMap<string, Machine>, run: string): Taken {
  const taken = new Map<string, string>()
  for (const [name, { disk }] of machines) {
    const { record, lock, names } = disk.now
    if (!record || record.run === run || lock) continue
    if (record.state === 'committed' || record.state === 'reverted')
      taken.set(name, `${record.run} ${names.path}`)
  }
  return taken
}

/** @param atBegin when the controller came that says so: what changed there meanwhile it need not know of */
export function checkClaims(
  finish: Finish,
  sheet: Sheet,
  machines: ReadonlyMap<string, Machine>,
  wounds: ReadonlyMap<Machine, Wounds>,
  wanted: string,
  atBegin: Taken,
): string[] {
  const found: string[] = []
  for (const [name, how] of takenByOthers(machines, sheet.run)) {
    const machine = machines.get(name)
    const hurt = machine && wounds.get(machine)
    const summary = finish.hosts[name]
    const side = summary && mustBe[summary.end]
    if (!machine?.isUp || !side || atBegin.get(name) !== how) continue
    if (hurt?.intruded || hurt?.mayBeSilent) continue
    const binary = side === 'new' ? wanted : oldOf(sheet, name)
    const why =
      binary === undefined ? 'nobody has inspected it' : lenient(notWholly(machine, binary, sheet.run), hurt)
    if (why)
      found.push(`invariant 12: ${name} is said to be ${summary.end}, but another run left it: it ${why}`)
  }
  return found
}

/** As the run has found it there. */
function oldOf({ entries }: Sheet, host: string): string | undefined {
  const last = entries.findLast(({ body }) => body.type === 'host.inspected' && body.host === host)?.body
  return last?.type === 'host.inspected' ? last.found.version : undefined
}
