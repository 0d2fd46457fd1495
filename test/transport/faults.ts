import { type Fault, faultsOf } from '../../src/core/fault.ts'

/** The one fault a promise fails with. */
export async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => faultsOf(error),
  )
  if (outcome === undefined) throw new Error('it did not fail')
  const [first, second] = outcome
  if (first === undefined || second !== undefined) throw new Error(`${outcome.length} faults, not one`)
  return first
}
