/** Ending processes and proving that they are gone. */
import { type LabProcess, signalProcess } from './process.ts'
import { waitUntil } from './waiting.ts'

/**
 * Asks (TERM), waits, then kills, looking again each time: a master may start a worker while it is told to stop.
 * @param find looks the processes up afresh
 * @returns how many were ended, and those that would not go
 */
export async function endProcesses(
  find: () => LabProcess[],
  more: { readonly patienceMs?: number; readonly deadlineMs?: number } = {},
): Promise<{ ended: number; left: LabProcess[] }> {
  const seen = new Set<string>()
  const signalAll = (signal: NodeJS.Signals) => {
    const found = find()
    for (const one of found) {
      seen.add(`${one.pid} ${one.startTime}`)
      signalProcess(one, signal)
    }
    return found
  }
  const patienceMs = more.patienceMs ?? 2000
  if (patienceMs > 0 && signalAll('SIGTERM').length > 0) {
    await waitUntil(() => find().length === 0, { deadlineMs: patienceMs })
  }
  let left = signalAll('SIGKILL')
  if (left.length > 0) {
    await waitUntil(
      () => {
        left = signalAll('SIGKILL')
        return left.length === 0
      },
      { deadlineMs: more.deadlineMs ?? 5000 },
    )
  }
  return { ended: seen.size - left.length, left }
}
