/**
 * From entries to how the run stands. It decides nothing, and changes in place, because a run of ten thousand hosts
 * has a hundred thousand entries.
 */
import type { Entry } from '../journal/entry.ts'
import { applyToHost } from './fold-host.ts'
import { applyResumed, forgetDecision, judgeAnew } from './fold-resumed.ts'
import { newStanding, type StageStanding, type Standing } from './standing.ts'

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
    case 'gate.waiting':
      standing.gate = { stage: entry.stage, ms: entry.ms, untilMs: standing.lastMs + entry.ms }
      setStage(standing, entry.stage, 'at gate')
      return
    case 'gate.passed':
      leaveGate(standing)
      return
    case 'run.paused':
      standing.pause = { by: entry.by, ms: entry.ms, untilMs: standing.lastMs + entry.ms }
      return
    case 'run.continued':
      standing.pause = undefined
      return
    case 'window.closed':
      if (entry.next === 'hold' && !standing.hold) stopCounting(standing)
      standing.hold = entry.next === 'hold' ? entry : undefined
      return
    case 'window.opened':
      standing.hold = undefined
      countOn(standing)
      return
    case 'run.woke':
      standing.stoodStill = true
      judgeAnew(standing)
      return
    case 'run.looked_again':
      standing.stoodStill = false
      return
    case 'run.resumed':
      leaveGate(standing)
      applyResumed(standing, entry)
      return
    case 'run.decided':
      standing.decided = true
      standing.hold = undefined
      standing.participants = new Set(entry.hosts)
      return
    case 'run.interrupted':
      standing.interrupted ??= entry
      if (!standing.decided) endWaits(standing)
      return
    case 'run.rolling_back':
      forgetDecision(standing)
      standing.rollingBack ??= entry.reason
      endWaits(standing)
      return
    case 'run.finished':
      standing.finished = entry
      endWaits(standing)
      return
    case 'run.precommitting':
      standing.precommitting = true
      return
  }
}

/** Nobody is given up on while the run holds: what waits has what is left of its time from the opening. */
function stopCounting(standing: Standing): void {
  const { gate, pause, lastMs } = standing
  if (gate) standing.gate = { ...gate, ms: Math.max(0, gate.untilMs - lastMs) }
  if (pause) standing.pause = { ...pause, ms: Math.max(0, pause.untilMs - lastMs) }
}

function countOn(standing: Standing): void {
  const { gate, pause, lastMs } = standing
  if (gate) standing.gate = { ...gate, untilMs: lastMs + gate.ms }
  if (pause) standing.pause = { ...pause, untilMs: lastMs + pause.ms }
}

/** It is begun next, or waited for anew. */
function leaveGate(standing: Standing): void {
  if (standing.gate) setStage(standing, standing.gate.stage, 'waiting')
  standing.gate = undefined
}

/** Nobody is waited for any more, whatever was asked. */
function endWaits(standing: Standing): void {
  leaveGate(standing)
  standing.pause = undefined
  standing.hold = undefined
  standing.stoodStill = false
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
        wasBack: false,
        faults: [],
        open: new Set(),
      })
    }
  }
  standing.counts.set('waiting', standing.hosts.size)
}

function setStage({ stages }: Standing, name: string, step: StageStanding['step']): void {
  const stage = stages.find(({ info }) => info.name === name)
  if (stage) stage.step = step
}
