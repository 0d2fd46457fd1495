/** The parts of a run that are nothing but waiting: a bake, a gate, a pause. Whoever is switched is watched all the while. */
import { formatDuration } from '../core/duration.ts'
import type { Stand } from './conduct.ts'

/** Ends early only with the run. */
export async function bake(stand: Stand): Promise<void> {
  const { state, record } = stand
  const stage = state.limits.stages[state.stage]
  if (!stage) return
  await record({ type: 'stage.baking', stage: stage.name, ms: stage.bakeMs })
  const mine = state.bakes
  const isOver = () => state.bakes !== mine || state.stageStep !== 'baking'
  await pass(stand, stage.bakeMs, isOver)
  if (state.rollingBack === undefined && !state.finished && !isOver())
    await record({ type: 'stage.baked', stage: stage.name })
}

/** Until somebody approves; nobody in time takes the fleet back. */
export async function waitAtGate(stand: Stand): Promise<void> {
  const { state, record } = stand
  const index = state.stage
  const stage = state.limits.stages[index]
  if (!stage?.gate) return
  await record({ type: 'gate.waiting', stage: stage.name, gate: stage.gate, ms: stage.gateMs })
  const waits = () => state.gate === 'waiting' && state.stage === index
  const reason = `nobody approved the stage ${stage.name} within ${formatDuration(stage.gateMs)}`
  await giveUpAfter(stand, stage.gateMs, waits, reason)
}

export async function waitOutPause(stand: Stand): Promise<void> {
  const { state } = stand
  const ms = state.pausedMs
  if (ms === undefined) return
  const reason = `paused, and not continued within ${formatDuration(ms)}`
  await giveUpAfter(stand, ms, () => state.pausedMs !== undefined, reason)
}

/** Far below what a timer can hold. */
const longestMs = 24 * 3_600_000

async function giveUpAfter(
  stand: Stand,
  ms: number,
  stillWaits: () => boolean,
  reason: string,
): Promise<void> {
  const { state, record, clock } = stand
  let leftMs = ms
  for (;;) {
    // Nobody is given up for want of an approval that could begin nothing: only the time in which the window is open counts.
    const holds = state.window === 'hold'
    const { monotonicMs } = clock.now()
    await pass(stand, holds ? longestMs : leftMs, () => !stillWaits() || holds !== (state.window === 'hold'))
    if (!holds) leftMs = Math.max(0, leftMs - (clock.now().monotonicMs - monotonicMs))
    // A host may have told of a decision meanwhile, and then nothing goes back.
    if (!stillWaits() || state.decided || state.rollingBack !== undefined || state.finished) return
    if (!holds && state.window !== 'hold') return record({ type: 'run.rolling_back', reason })
  }
}

/** @param isOver looked at with every entry; ends the wait early. */
async function pass({ clock, over, heard }: Stand, ms: number, isOver?: () => boolean): Promise<void> {
  await new Promise<void>(resolve => {
    const end = () => {
      callOff()
      heard.delete(look)
      over.removeEventListener('abort', end)
      resolve()
    }
    const look = () => {
      if (isOver?.()) end()
    }
    const callOff = clock.after(ms, end)
    heard.add(look)
    over.addEventListener('abort', end)
  })
}
