/** Options that several commands share, spelled as Ansible spells them. */
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Terminal } from './terminal.ts'

export interface OutputOptions {
  readonly output: 'auto' | 'live' | 'plain' | 'json'
  /** False with --no-color. */
  readonly color: boolean
  readonly runDir?: string
}

/** How the hosts of a plan are reached. */
export interface ReachOptions extends OutputOptions {
  readonly limit?: string
  readonly forks: number
  /** Seconds. */
  readonly timeout: number
}

/** Where hosts and their variables come from. */
export interface InventoryOptions {
  readonly inventory: readonly string[]
  readonly extraVars: readonly string[]
  readonly vaultPasswordFile?: readonly string[]
  readonly vaultId?: readonly string[]
}

export interface TargetOptions extends ReachOptions, InventoryOptions {
  readonly concurrency?: number
  readonly user?: string
  readonly privateKey?: string
  readonly become?: boolean
  readonly listHosts?: boolean
  /** Only of `run`: a gate before every stage. */
  readonly step?: boolean
}

export function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option('--output <how>', 'how to show what happens')
        .choices(['auto', 'live', 'plain', 'json'])
        .default('auto'),
    )
    .option('--no-color', 'no colours (also with the environment variable NO_COLOR)')
    .option(
      '--run-dir <dir>',
      'where runs are kept (also HANDOVER_RUN_DIR; .handover/runs if neither is given)',
    )
}

export function withReach(command: Command): Command {
  return withOutput(command)
    .option('-l, --limit <pattern>', 'only these hosts: a pattern, or @file')
    .option(
      '-f, --forks <n>',
      'connections and read-only work at one time; does not speed up changes',
      wholeNumber,
      50,
    )
    .option('-T, --timeout <seconds>', 'for the connection to a host', wholeNumber, 10)
}

export function withInventory(command: Command): Command {
  return command
    .option(
      '-i, --inventory <source>',
      'inventory file, directory or program, or host list with a comma such as "a,b,"; may be repeated',
      collect,
      [],
    )
    .option('-e, --extra-vars <vars>', 'variables: name=value, JSON, or @file; may be repeated', collect, [])
    .option(
      '--vault-password-file <file>',
      'password for Ansible Vault (also ANSIBLE_VAULT_PASSWORD_FILE); may be repeated',
      collect,
      [],
    )
    .option('--vault-id <label@file>', 'the same for one label; may be repeated', collect, [])
}

export function withTargets(command: Command): Command {
  return withInventory(withReach(command))
    .option(
      '--concurrency <n>',
      'at most this many hosts being changed at once; may only lower the playbook',
      wholeNumber,
    )
    .option('-u, --user <name>', 'user to log in as where the inventory does not say')
    .option('--private-key <file>', 'key to log in with where the inventory does not say')
    .option('-b, --become', 'work as root through sudo where neither inventory nor playbook says')
    .option('--list-hosts', 'only list the hosts that are meant')
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^\d{1,6}$/.test(text) || value < 1)
    throw new InvalidArgumentError('a whole number of at least 1 is expected')
  return value
}

export function runDirectory(options: OutputOptions, { env }: Terminal): string {
  return resolve(options.runDir ?? env.HANDOVER_RUN_DIR ?? '.handover/runs')
}

export function wantsColor(options: OutputOptions, { env, isTty }: Terminal): boolean {
  return options.color && isTty && !env.NO_COLOR && env.TERM !== 'dumb'
}
