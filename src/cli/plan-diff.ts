/** `plan --diff`: what the hosts of a play run now beside what it would have them run. Looks only. */
import { versionInFile } from '../driver/program-version.ts'
import type { PlayInfo } from '../journal/entry.ts'
import type { KnownBinary, Plan } from '../plan/plan.ts'
import { type Comparison, formatDiff } from '../report/diff-text.ts'
import { jsonLine } from '../report/json.ts'
import type { Look } from './looks.ts'
import { playNumber } from './meant-hosts.ts'
import { type OutputOptions, wantsColor } from './options.ts'
import type { Terminal } from './terminal.ts'

export async function compareHosts(plan: Plan, looks: readonly Look[]): Promise<Comparison[]> {
  const wanted = await wantedBinary(plan, looks)
  const stages = new Map(plan.hosts.map(host => [host.name, plan.stages[host.stage]?.name ?? '']))
  return looks.map(({ host, status, current, faults }) => ({
    host,
    stage: stages.get(host) ?? '',
    state:
      status === undefined ? 'unreachable' : faults.length > 0 ? 'unfit' : current ? 'current' : 'change',
    runs: status ? { version: status.version, sha256: status.sha256 } : null,
    onDisk: status?.onDisk ?? null,
    wanted,
    faults,
    notes: status?.notes ?? [],
  }))
}

/** A host that has it knows its version best. */
async function wantedBinary({ artifact }: Plan, looks: readonly Look[]): Promise<KnownBinary> {
  const known = looks.find(({ current, status }) => current && status?.version)?.status?.version
  const version = known ?? (artifact ? await versionInFile(artifact.path) : undefined)
  return { version: version ?? '', sha256: artifact?.sha256 ?? '' }
}

/** @param all every host, however many there are. */
export function showComparisons(
  terminal: Terminal,
  options: OutputOptions,
  play: PlayInfo,
  rows: readonly Comparison[],
  all = false,
): void {
  if (options.output === 'json') {
    for (const row of rows) {
      terminal.out(`${jsonLine({ v: 1, type: 'host.compared', ...playNumber(play), ...row })}\n`)
    }
    return
  }
  const style = { color: wantsColor(options, terminal), width: terminal.columns }
  terminal.out(`${formatDiff(rows, style, { all }).join('\n')}\n`)
}
