/**
 * From entries to how the run stands. It decides nothing, and changes in place, because a run of ten thousand hosts
 * has a hundred thousand entries.
 */
import type { Fault } from '../core/fault.ts'
import type { Entry } from '../journal/entry.ts'
import {
  type Effect,
  type HostStanding,
  type HostStep,
  newStanding,
  type StageStanding,
  type Standing,
} from './standing.ts'

export function standingOf(entries: Iterable<Entry>): Standing {
  const standing = newStanding()
  for (const entry of entries) applyEntry(standing, entry)
  return standing
}

export function applyEntry(standing: Standing, entry: Entry): void {
  standing.lastMs = Date.parse(entry.at)
  if ('host' in entry) {
    const host = standing.hosts.get(entry.host)
    if (host) applyToHost(standing, host, entry)
    return
  }
  switch (entry.type) {
    case 'run.started':
      open(standing, entry)
      return
    case 'stage.started':
      setStage(standing, entry.stage, 'rolling')
      return
    case 'stage.baking':
      setStage(standing, entry.stage, 'baking')
      return
    case 'stage.baked':
      setStage(standing, entry.stage, 'baked')
      return
    case 'stage.finished':
      setStage(standing, entry.stage, 'finished')
      return
    case 'run.decided':
      standing.decided = true
      return
    case 'run.interrupted':
      standing.interrupted ??= entry.signal
      return
    case 'run.rolling_back':
      standing.rollingBack ??= entry.reason
      return
    case 'run.finished':
      standing.finished = entry
      return
    case 'run.precommitting':
    case 'run.resumed':
    case 'run.paused':
    case 'run.continued':
    case 'run.woke':
    case 'run.looked_again':
    case 'gate.waiting':
    case 'gate.passed':
      return
  }
}

function open(standing: Standing, entry: Extract<Entry, { type: 'run.started' }>): void {
  standing.opening = entry
  for (const info of entry.stages) {
    standing.stages.push({ info, step: 'waiting' })
    for (const name of info.hosts) {
      standing.hosts.set(name, {
        name,
        stage: info.name,
        step: 'waiting',
        touched: false,
        before: undefined,
        after: undefined,
        newVersion: '',
        faults: [],
        open: new Set(),
      })
    }
  }
  standing.counts.set('waiting', standing.hosts.size)
}

function setStep({ counts }: Standing, host: HostStanding, step: HostStep): void {
  counts.set(host.step, (counts.get(host.step) ?? 0) - 1)
  counts.set(step, (counts.get(step) ?? 0) + 1)
  host.step = step
}

function setStage({ stages }: Standing, name: string, step: StageStanding['step']): void {
  const stage = stages.find(({ info }) => info.name === name)
  if (stage) stage.step = step
}

/** News of an earlier phase can come after a host has turned around; it closes the effect and changes nothing else. */
const past: ReadonlySet<HostStep> = new Set([
  'failed',
  'reverting',
  'reverted',
  'released',
  'in doubt',
  'committed',
])

function applyToHost(standing: Standing, host: HostStanding, entry: Extract<Entry, { host: string }>): void {
  const forward = (step: HostStep) => {
    if (!past.has(host.step)) setStep(standing, host, step)
  }
  switch (entry.type) {
    case 'host.inspect.begun':
      setStep(standing, host, 'inspecting')
      return
    case 'host.inspected':
      host.before = entry.found
      setStep(standing, host, entry.current ? 'current' : 'inspected')
      return
    case 'host.prepare.begun':
      begin(standing, host, 'prepare', 'preparing')
      return
    case 'host.prepared':
      host.open.delete('prepare')
      host.newVersion = entry.version
      forward('prepared')
      return
    case 'host.unreachable':
      leave(standing, host, 'unreachable', [entry.fault])
      return
    case 'host.refused':
      leave(standing, host, 'refused', entry.faults)
      return
    case 'host.left_out':
      leave(standing, host, 'left out', [entry.fault])
      return
    case 'host.switch.begun':
      host.touched = true
      begin(standing, host, 'switch', 'switching')
      return
    case 'host.switched':
      host.open.delete('switch')
      forward('switched')
      return
    case 'host.healthy':
      forward('healthy')
      return
    case 'host.precommit.begun':
      begin(standing, host, 'precommit', 'precommitting')
      return
    case 'host.precommitted':
      host.open.delete('precommit')
      forward('precommitted')
      return
    case 'host.failed':
      fail(standing, host, entry)
      return
    case 'host.commit.begun':
      begin(standing, host, 'commit', 'committing')
      return
    case 'host.committed':
      host.after = entry.found
      end(standing, host, 'committed')
      return
    case 'host.revert.begun':
      begin(standing, host, 'revert', 'reverting')
      return
    case 'host.reverted':
      host.after = entry.found
      end(standing, host, host.touched ? 'reverted' : 'released')
      return
    case 'host.in_doubt':
      host.faults = [entry.fault]
      end(standing, host, 'in doubt')
      return
    case 'health.changed':
    case 'host.look.begun':
    case 'host.found':
      return
  }
}

function begin(standing: Standing, host: HostStanding, effect: Effect, step: HostStep): void {
  host.open.add(effect)
  setStep(standing, host, step)
}

/** A commit or a revert has looked at the host itself, so it also ends what was begun before it. */
function end(standing: Standing, host: HostStanding, step: HostStep): void {
  host.open.clear()
  setStep(standing, host, step)
}

function leave(standing: Standing, host: HostStanding, step: HostStep, faults: readonly Fault[]): void {
  host.faults = faults
  end(standing, host, step)
}

function fail(standing: Standing, host: HostStanding, entry: Extract<Entry, { type: 'host.failed' }>): void {
  host.open.delete('switch')
  host.open.delete('precommit')
  // Nothing goes back once the run is decided; what fails then is the commit's to report.
  if (standing.decided || past.has(host.step)) return
  host.faults = [entry.fault]
  host.after = entry.found ?? undefined
  setStep(standing, host, entry.found ? 'reverted' : 'failed')
}
