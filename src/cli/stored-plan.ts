/** The plan that was frozen beside a journal. A file can be exchanged, so it is believed only as far as its fingerprints go. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fault, HandoverError } from '../core/fault.ts'
import { fingerprintOf } from '../plan/fingerprint.ts'
import type { Plan } from '../plan/plan.ts'
import type { PastRun } from './past-run.ts'

/** A plan as it was frozen, and what its artifact was built for. */
export type StoredPlan = Plan & { readonly machine: string }

/** @throws HandoverError RUN_NOT_FOUND, PLAN_CHANGED when it is no plan, or not what its own fingerprint is of. */
export function storedPlan(root: string, run: string): StoredPlan {
  const file = join(root, run, 'plan.json')
  const value = parsed(read(file, run))
  if (!isPlan(value)) throw changed(file, run, 'is no plan')
  const { machine: _, ...plan } = value
  if (fingerprintOf(plan) !== plan.fingerprint) throw changed(file, run, 'is not what it was frozen as')
  return value
}

/**
 * The plan that this journal was begun with: with another one, hosts would be changed that the run knows nothing of.
 * @throws HandoverError RUN_NOT_FOUND, PLAN_CHANGED.
 */
export function planOf({ root, run, entries }: PastRun): StoredPlan {
  const plan = storedPlan(root, run)
  const opening = entries.find(entry => entry.type === 'run.started')
  if (opening?.fingerprint === plan.fingerprint) return plan
  throw changed(join(root, run, 'plan.json'), run, 'is another one than its journal was begun with')
}

function read(file: string, run: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new HandoverError(
      fault('RUN_NOT_FOUND', `the plan of run ${run} cannot be read: ${code}`, { place: { file }, hint }),
    )
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Only what would end in a stack trace: that the rest is as it was is what the fingerprint says. */
function isPlan(value: unknown): value is StoredPlan {
  if (!isObject(value)) return false
  const { hosts, stages, name, fingerprint, machine, leaseMs } = value
  const isNamed = [name, fingerprint, machine].every(text => typeof text === 'string')
  return isNamed && Number.isFinite(leaseMs) && isListOf(hosts, isHost) && isListOf(stages, isStage)
}

function isHost({ name, address, handover, health }: Record<string, unknown>): boolean {
  return (
    [name, address].every(text => typeof text === 'string') && isObject(handover) && Array.isArray(health)
  )
}

function isStage({ name, hosts }: Record<string, unknown>): boolean {
  return typeof name === 'string' && Array.isArray(hosts)
}

function isListOf(value: unknown, isOne: (one: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every(one => isObject(one) && isOne(one))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const hint =
  'the hosts keep their own records: `handover resume --from-hosts PLAYBOOK -i INVENTORY --run-dir ANOTHER` goes on from them'

function changed(file: string, run: string, what: string): HandoverError {
  return new HandoverError(fault('PLAN_CHANGED', `the plan of run ${run} ${what}`, { place: { file }, hint }))
}
