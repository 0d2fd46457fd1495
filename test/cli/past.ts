/** Runs as their controllers have left them, made by hand. */
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { EntryBody, HostFacts, RunOutcome } from '../../src/journal/entry.ts'
import { createJournal } from '../../src/journal/journal.ts'
import { machineIdentity, processIdentity } from '../../src/journal/process-identity.ts'
import { createRunDirectory, journalFile } from '../../src/journal/run-directory.ts'
import { digestAll } from '../../src/journal/sources.ts'
import type { Plan } from '../../src/plan/plan.ts'
import type { Desk } from './world.ts'

export interface Past {
  readonly outcome?: RunOutcome
  readonly exit?: 0 | 2 | 3
  readonly committed?: readonly string[]
  readonly isDecided?: boolean
  readonly isPaused?: boolean
  /** `unknown`: on another machine. */
  readonly leader?: 'alive' | 'gone' | 'unknown'
  /** `none`: it was cut off before its first one. */
  readonly entries?: 'none'
}

let runs = 0
const plans = new Map<Desk, Plan>()

/** The playbook and the inventory of these runs; nobody answers on these hosts. */
export function writeTry(desk: Desk): void {
  desk.write(
    'up.yml',
    `name: try
hosts: web
artifact: { src: artifacts/nginx-1.26.3 }
handover: { driver: nginx, binary: /usr/sbin/nginx, pid_file: /run/nginx.pid }
`,
  )
  desk.write('hosts.ini', '[web]\na ansible_port=1\nb ansible_port=2\n[web:vars]\nansible_host=127.0.0.1\n')
}

export async function makePastRun(desk: Desk, past: Past): Promise<string> {
  const root = join(desk.dir, '.handover/runs')
  const run = `2026${1000 + runs++}-100000-000-abcdef`
  const plan = planOf(desk)
  const sources = await digestAll([join(desk.dir, 'up.yml'), join(desk.dir, 'hosts.ini')])
  await createRunDirectory(root, run, { ...plan, machine: 'x86_64' }, sources)
  if (past.entries !== 'none')
    writeFileSync(join(root, run, 'controller-1'), JSON.stringify(controllerOf(past)))
  const journal = await createJournal(journalFile(root, run), run)
  const bodies = past.entries === 'none' ? [] : entriesOf(past, plan)
  for (const body of bodies) await journal.append(body)
  await journal.close()
  return run
}

function entriesOf(past: Past, { artifact, stages, name, fingerprint }: Plan): EntryBody[] {
  const { outcome, exit = 0, committed = [], isDecided, isPaused } = past
  const opening = { name, playbook: 'up.yml', fingerprint, ...traceOf(past), artifact, stages }
  return [
    { type: 'run.started', ...opening },
    ...committed.map(
      (host): EntryBody => ({ type: 'host.inspected', host, current: false, found: facts('1.22.1', 'a') }),
    ),
    ...(isPaused ? [{ type: 'run.paused' as const, by: 'anna@desk', ms: 1000 }] : []),
    ...(isDecided ? [{ type: 'run.decided' as const, hosts: committed }] : []),
    ...committed.map(
      (host): EntryBody => ({
        type: 'host.committed',
        host,
        found: facts('1.26.3', 'b'),
        oldLeft: 0,
        cut: 0,
      }),
    ),
    ...(outcome ? [{ type: 'run.finished' as const, exit, outcome, summary: '', hosts: {} }] : []),
  ]
}

function traceOf(past: Past) {
  return { tool: '0.1.0', ...controllerOf(past) }
}

function controllerOf({ leader = 'gone' }: Past) {
  const { pid } = process
  const isElsewhere = leader === 'unknown'
  return {
    who: 'me',
    from: isElsewhere ? 'elsewhere' : hostname(),
    pid,
    identity: leader === 'alive' ? (processIdentity(pid) ?? '') : 'another-boot:1',
    machine: isElsewhere ? 'elsewhere/x pid:[1]' : machineIdentity(),
    at: '2026-11-20T09:15:01.250Z',
  }
}

function facts(version: string, digit: string): HostFacts {
  const shape = { runsPath: true, pid: 7, workers: 2, masters: 1, draining: 0 }
  return { version, sha256: digit.repeat(64), ...shape }
}

/** Made once a desk: the program takes its time to start. */
function planOf(desk: Desk): Plan {
  const known = plans.get(desk)
  if (known) return known
  const { out } = desk.handover('plan', 'up.yml', '-i', 'hosts.ini', '--output', 'json')
  // What the line says besides the plan is no part of it, nor of its fingerprint.
  const { v: _, type: __, exit: ___, play: ____, estimate: _____, ...rest } = JSON.parse(out)
  const plan = rest as Plan
  plans.set(desk, plan)
  return plan
}
