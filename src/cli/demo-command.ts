/**
 * `handover lab demo`: a real fleet under load is upgraded, then a broken binary and one that fails on the last host
 * are taken back. The runs are made with this same program, as a user would start them.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { exitCode } from '../core/exit-code.ts'
import { fault, HandoverError } from '../core/fault.ts'
import { sha256OfFile } from '../lab/checksum.ts'
import { startLab, stopLab } from '../lab/fleet.ts'
import type { Lab } from '../lab/lab.ts'
import { startLoad } from '../lab/load.ts'
import { fetchBinaries } from '../lab/packages.ts'
import { labStatus } from '../lab/status.ts'
import { buildVariant } from '../lab/variants.ts'
import { formatTable } from '../report/table.ts'
import type { Terminal } from './terminal.ts'

interface Story {
  readonly title: string
  readonly artifact: string
  readonly exit: number
  /** Version every host must run and have on disk afterwards. */
  readonly after: string
  /** The binary every host must have on disk afterwards. */
  readonly onDisk: string
}

export async function demoCommand(terminal: Terminal, options: { readonly hosts: number }): Promise<number> {
  const { hosts } = options
  const { older, newer } = await fetchBinaries()
  const dir = await mkdtemp(join(tmpdir(), 'handover-demo-'))
  const stopping = new AbortController()
  const stop = stopping.signal
  const interrupt = () => stopping.abort()
  // The lab must not outlive the demo; the run in hand goes back first.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  const labDir = join(dir, 'lab')
  try {
    const wrong = await buildVariant('serves-wrongly', newer, dir)
    const late = await buildVariant('wrong-on-one-host', newer, dir)
    const lab = await startLab({ dir: labDir, hosts, binary: older.path, quirkLast: true })
    const stories: Story[] = [
      {
        title: `1. nginx ${older.version} to ${newer.version}: a canary, then half, then the rest`,
        artifact: newer.path,
        exit: exitCode.done,
        after: newer.version,
        onDisk: newer.path,
      },
      {
        title: '2. a broken binary: it starts, but its status page is wrong; the canary shows it',
        artifact: wrong.path,
        exit: exitCode.rolledBack,
        after: newer.version,
        onDisk: newer.path,
      },
      {
        title: `3. a binary that is wrong on one host only, the last of ${hosts}: the whole fleet goes back`,
        artifact: late.path,
        exit: exitCode.rolledBack,
        after: newer.version,
        onDisk: newer.path,
      },
    ]
    for (const { note } of [older, newer]) if (note) terminal.out(`note: ${note}\n`)
    terminal.out(
      `${hosts} hosts are up, each with its own sshd and nginx ${older.version}, and under load.\n`,
    )
    let good = true
    for (const story of stories) {
      if (!stop.aborted) good = (await tell(terminal, story, lab, dir, stop)) && good
    }
    if (stop.aborted) {
      terminal.out('\ninterrupted: the lab is taken down\n')
      return exitCode.interrupted
    }
    terminal.out(
      good ? '\nAll three stories ended as they should.\n' : '\nA story did not end as it should.\n',
    )
    return good ? exitCode.done : exitCode.unexpected
  } finally {
    await stopLab(labDir).catch(() => {})
    await rm(dir, { recursive: true, force: true })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupt)
  }
}

async function tell(
  terminal: Terminal,
  story: Story,
  lab: Lab,
  dir: string,
  stop: AbortSignal,
): Promise<boolean> {
  terminal.out(`\n${story.title}\n\n`)
  const before = await versions(lab)
  const load = startLoad(
    lab.hosts.map(({ name, httpPort }) => ({
      name,
      url: `http://127.0.0.1:${httpPort}/`,
      bodyPrefix: `${name} `,
    })),
    { concurrency: 2, thinkMs: 5 },
  )
  const exit = await runHandover(lab, story.artifact, dir, stop)
  const report = await load.stop()
  const after = await versions(lab)
  const wanted = await sha256OfFile(story.onDisk)
  const rows: string[][] = []
  let good = exit === story.exit && report.failed === 0
  for (const { name, binary } of lab.hosts) {
    const counter = report.targets.find(target => target.name === name)
    const disk = (await sha256OfFile(binary)) === wanted ? story.after : 'another binary'
    rows.push([
      name,
      before.get(name) ?? '?',
      after.get(name) ?? '?',
      disk,
      String(counter?.requests ?? 0),
      String(counter?.failed ?? 0),
    ])
    good = good && after.get(name) === story.after && disk === story.after
  }
  terminal.out(`\n${formatTable(tableHeader, rows, { color: false, width: terminal.columns }).join('\n')}\n`)
  terminal.out(`exit code ${exit}, ${report.requests} requests on new connections, ${report.failed} failed\n`)
  for (const error of report.firstErrors.slice(0, 3))
    terminal.out(`  ${error.at} ${error.name}: ${error.error}\n`)
  return good
}

const tableHeader = ['host', 'before', 'after', 'on disk', 'requests', 'failed']

async function versions(lab: Lab): Promise<Map<string, string>> {
  const { hosts } = await labStatus(lab.dir)
  return new Map(hosts.map(({ name, version }) => [name, version ?? 'no answer']))
}

function runHandover(lab: Lab, artifact: string, dir: string, stop: AbortSignal): Promise<number> {
  const program = process.argv[1]
  if (!program) throw new HandoverError(fault('UNEXPECTED', 'the demo does not know its own program'))
  const playbook = resolve(import.meta.dirname, '../../playbooks/lab.yml')
  const args = [
    'run',
    playbook,
    '-i',
    lab.inventory,
    '-e',
    `artifact=${artifact}`,
    '--run-dir',
    join(dir, 'runs'),
    '-y',
  ]
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
    // At a terminal Ctrl-C has reached it already; insisting is harmless.
    stop.addEventListener('abort', () => void child.kill('SIGTERM'))
    child.on('error', fail)
    child.on('close', code => done(code ?? exitCode.unexpected))
  })
}
