/**
 * `handover resume --from-hosts`: the journal is lost, so the hosts are asked. Recovery has one rule, with the journal or
 * without: some host decided or committed, then forward; none, then back, because nobody knows which gates it had passed.
 */
import { existsSync } from 'node:fs'
import { formatDuration } from '../core/duration.ts'
import { exitCode } from '../core/exit-code.ts'
import { type Fault, fault, HandoverError } from '../core/fault.ts'
import { plural } from '../core/text.ts'
import { claimController } from '../journal/controllers.ts'
import type { EntryBody } from '../journal/entry.ts'
import { createJournal } from '../journal/journal.ts'
import { createRunDirectory, journalFile, readJournal, runPath } from '../journal/run-directory.ts'
import { digestAll } from '../journal/sources.ts'
import { narrowed } from '../plan/narrowed.ts'
import type { Plan } from '../plan/plan.ts'
import { askAtTerminal } from './agree.ts'
import { startOf } from './carry-out.ts'
import { withFleet } from './fleet.ts'
import { asker, lead, ownTrace } from './lead.ts'
import { runDirectory } from './options.ts'
import { partsOf, type Recorded, recordedEntries, strangers } from './recorded-hosts.ts'
import { type LookedAt, playOnRecord } from './recorded-play.ts'
import { oneUnfinished } from './recorded-runs.ts'
import { type Resolved, resolvePlays } from './resolve.ts'
import { notBegun, type ResumeOptions } from './resume-command.ts'
import { secretsAtHand, secretsOf } from './secrets.ts'
import { sourceFiles } from './source-files.ts'
import { tell } from './steer-commands.ts'
import type { Terminal } from './terminal.ts'

export async function resumeFromHosts(
  terminal: Terminal,
  playbook: string,
  wanted: string | undefined,
  options: ResumeOptions,
): Promise<number> {
  refuseLimit(options)
  const [first, ...others] = await resolvePlays(playbook, options)
  const looked: [LookedAt, ...LookedAt[]] = [await lookAtRecords(first, options)]
  for (const one of others) looked.push(await lookAtRecords(one, options))
  const { resolved, all } = playOnRecord(looked, wanted)
  const { plan: whole, machine, playbook: loaded } = resolved
  const silent = all.flatMap(({ fault }) => fault ?? [])
  const run = unfinishedOf(all, wanted, silent)
  if (run === undefined) {
    // Whoever does not answer may have what is looked for.
    if (silent.length > 0) throw new HandoverError(silent)
    const text = 'nothing to resume: no host has the record of a run that is unfinished'
    tell(terminal, options, wanted, 'resume.unneeded', text)
    return exitCode.done
  }
  const own = all.filter(({ last }) => last?.run === run)
  requireSameArtifact(whole, run, own)
  if (!options.takeover) requireUnled(run, own)
  const root = runDirectory(options, terminal)
  refuseKnown(root, run)
  const isForward = own.some(({ last }) => last?.state === 'decided' || last?.state === 'committed')
  // The decision is at a host before anything else tells of it, so whoever does not answer may be the one that has it.
  if (!isForward && silent.length > 0)
    throw new HandoverError(silent.map(each => ({ ...each, hint: bringUp })))
  const secrets = isForward ? secretsOf(whole, terminal) : secretsAtHand(whole, terminal)
  const parts = partsOf(run, all)
  const outside = isForward ? strangers(all, parts) : []
  const plan = narrowed(whole, host => !outside.includes(host))
  const course = isForward
    ? `run ${run} is decided on a host: every host is brought forward to the new version`
    : `no host of run ${run} has heard of a decision: every host is brought back`
  const question = `Lead it, with ${plural(plan.hosts.length, 'host')}?`
  const isAgreed =
    options.yes || (await askAtTerminal(terminal, options, question, [course, ...outsideNote(outside)]))
  if (!isAgreed) return notBegun(terminal)
  const epoch = Math.max(...own.map(({ last }) => last?.epoch ?? 1)) + 1
  const sources = sourceFiles(loaded, options)
  const bodies = recordedEntries(run, parts)
  await beginAnew(root, { run, plan, machine, playbook, sources, epoch, bodies })
  const opening = {
    type: 'run.resumed' as const,
    ...ownTrace(),
    epoch,
    notes: [lostNote, course, ...outsideNote(outside)],
  }
  const past = readJournal(root, run)
  const backBy = isForward ? undefined : asker()
  const { exit = exitCode.unexpected } = await lead(
    terminal,
    { plan, machine, secrets, root, run, epoch, opening, past, backBy },
    options,
  )
  return exit
}

/** Whoever does not answer may have the record that no other host has. */
function unfinishedOf(
  all: readonly Recorded[],
  wanted: string | undefined,
  silent: readonly Fault[],
): string | undefined {
  try {
    return oneUnfinished(all, wanted)
  } catch (error) {
    const isMissing = error instanceof HandoverError && error.faults.some(one => one.code === 'RUN_NOT_FOUND')
    if (!isMissing || silent.length === 0) throw error
    throw new HandoverError([...error.faults, ...silent])
  }
}

const lostNote = 'the journal of this run is lost; it goes on from what its hosts have recorded'
const bringUp = 'bring it up, then try again: it may have heard of a decision, and no host that answers has'

function outsideNote(hosts: readonly string[]): string[] {
  return hosts.length === 0 ? [] : [`without a record of this run, so left as they are: ${hosts.join(', ')}`]
}

/** Without the journal nobody else knows which hosts the run had, so each one has to be looked at. */
function refuseLimit({ limit }: ResumeOptions): void {
  if (limit === undefined) return
  throw new HandoverError(
    fault('USAGE', '--limit cannot be given with --from-hosts: every host of the run has to be looked at'),
  )
}

/** A lock that lives is all that is seen from here of a controller somewhere else. @throws HandoverError RUN_ACTIVE. */
function requireUnled(run: string, own: readonly Recorded[]): void {
  const locks = own.flatMap(({ inspection }) => inspection?.lock ?? [])
  const alive = locks.filter(lock => lock.run === run && lock.isAlive)
  const [first] = alive
  if (!first) return
  const leaseMs = Math.max(0, ...alive.map(lock => lock.leaseMs ?? 0))
  const wait = leaseMs > 0 ? `within ${formatDuration(Math.ceil(leaseMs / 1000) * 1000)}` : 'soon'
  throw new HandoverError(
    fault(
      'RUN_ACTIVE',
      `run ${run} is still alive on ${plural(alive.length, 'host')}, so its controller may lead it: ${first.owner}`,
      {
        hint: `a host that no longer hears from it lets go ${wait}, then nobody leads it; or, when it is known to be gone, lead it from here with --takeover`,
      },
    ),
  )
}

async function lookAtRecords(resolved: Resolved, options: ResumeOptions): Promise<LookedAt> {
  const all = await withFleet(resolved.plan, resolved.machine, options, each =>
    each(async (host, { hands }): Promise<Recorded> => {
      const outcome = await hands.inspect()
      if (outcome.kind === 'unreachable')
        return { host, last: null, inspection: undefined, fault: outcome.fault }
      const { inspection } = outcome
      return { host, last: inspection.last, inspection }
    }),
  )
  return { resolved, all }
}

/** What the run has put there must be what this plan would put there. */
function requireSameArtifact({ artifact }: Plan, run: string, own: readonly Recorded[]): void {
  const other = own.find(({ last }) => last?.newSha !== artifact?.sha256)
  if (!other) return
  throw new HandoverError(
    fault('RUN_OTHER_ARTIFACT', `run ${run} has another binary than ${artifact?.path} there`, {
      host: other.host,
      hint: `the one of the run has the sha256 ${other.last?.newSha.slice(0, 12)}, this one ${artifact?.sha256.slice(0, 12)}`,
    }),
  )
}

interface Anew {
  readonly run: string
  readonly plan: Plan
  readonly machine: string
  readonly playbook: string
  /** The files that the plan was made from. */
  readonly sources: readonly string[]
  readonly epoch: number
  /** What its hosts have recorded. */
  readonly bodies: readonly EntryBody[]
}

/** A directory for that very run, with a journal that says what its hosts have recorded. */
async function beginAnew(root: string, anew: Anew): Promise<void> {
  const { run, plan, machine, playbook, sources, epoch } = anew
  const dir = await createRunDirectory(root, run, { ...plan, machine }, await digestAll(sources))
  await claimController(dir, run, epoch)
  const journal = await createJournal(journalFile(root, run), run)
  const bodies = [startOf(plan, playbook), ...anew.bodies]
  await Promise.all(bodies.map(body => journal.append(body)))
  await journal.close()
}

/** A journal that is damaged, too, is left as it is: it may still tell a person something. */
function refuseKnown(root: string, run: string): void {
  if (!existsSync(runPath(root, run))) return
  throw new HandoverError(
    fault('USAGE', `run ${run} has its directory here, in ${root}`, {
      hint: `go on with it: handover resume ${run}; or, if its journal is lost, empty or damaged, name another place for it here with --run-dir`,
    }),
  )
}
