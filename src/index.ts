/**
 * handover as a library: the same files, plan and run as the command line.
 * Read a playbook and an inventory, plan, then conduct the plan over a fleet and listen to its journal.
 */
export { type ExitCode, exitCode, exitCodeOf } from './core/exit-code.ts'
export { type Fault, type FaultCode, faultsOf, HandoverError, type Place } from './core/fault.ts'
export type { NginxHost } from './driver/binding.ts'
export type { HostHands } from './driver/hands.ts'
export { nginxHands } from './driver/nginx.ts'
export { type ProbeResult, type ProbeSpec, probe } from './health/probe.ts'
export { hostVars } from './inventory/host-vars.ts'
export type { Inventory } from './inventory/inventory.ts'
export { limitHosts, matchHosts } from './inventory/pattern.ts'
export { type LoadOptions, loadInventory, secretsOf } from './inventory/source.ts'
export { connectionsOf } from './inventory/targets.ts'
export { readVaultPasswords } from './inventory/vault-passwords.ts'
export type { Entry, EntryBody, EntryType } from './journal/entry.ts'
export { createJournal, type Journal } from './journal/journal.ts'
export {
  createRunDirectory,
  findRun,
  journalFile,
  listRuns,
  newRunId,
  readJournal,
} from './journal/run-directory.ts'
export { explainPlan } from './plan/explain.ts'
export type { Plan, PlanHost, PlannedHost, PlannedRestore, PlannedStage } from './plan/plan.ts'
export { type CommittedRun, planRollback } from './plan/rollback.ts'
export { type PlanOptions, planRollout } from './plan/rollout.ts'
export { type Artifact, readArtifact } from './playbook/artifact.ts'
export { parseExtraVars } from './playbook/extra-vars.ts'
export { loadPlaybook, loadPlays } from './playbook/load.ts'
export type { Playbook } from './playbook/playbook.ts'
export { canRun, readMachine } from './playbook/program-file.ts'
export { apply } from './run/apply.ts'
export { type Conduct, conduct, type Participant } from './run/conduct.ts'
export { type Decision, decide } from './run/decide.ts'
export type { Helm } from './run/helm.ts'
export { initialState, type Limits, type RunState } from './run/state.ts'
export { type Connection, connect } from './transport/connection.ts'
export type { Endpoint } from './transport/endpoint.ts'
export { createPool, type Pool } from './transport/pool.ts'
