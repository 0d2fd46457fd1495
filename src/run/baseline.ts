/** A host that is unhealthy already cannot be judged after the switch. */
import { type Fault, fault } from '../core/fault.ts'
import type { WatchedCheck } from '../health/watch.ts'

/** Every check that does not pass now. `when` goes into the message: `before anything was changed`. */
export async function failingChecks(
  host: string,
  checks: readonly WatchedCheck[],
  when = '',
): Promise<Fault[]> {
  const results = await Promise.all(checks.map(async ({ check, look }) => ({ check, result: await look() })))
  return results
    .filter(({ result }) => !result.pass)
    .map(({ check, result }) =>
      fault('HEALTH_BASELINE', `health check "${check.name}" fails${when && ` ${when}`}: ${result.detail}`, {
        host,
        hint: 'make the host healthy first, or leave it out with --limit; `handover rollback` can also --allow-unhealthy',
      }),
    )
}
